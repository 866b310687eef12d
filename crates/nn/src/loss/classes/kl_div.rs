//! The divergence of Kullback and Leibler.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

const OP: &str = "kl_div";

/// The divergence of Kullback and Leibler of log-probabilities x from probabilities t, element by element, the mean
/// over all elements.
///
/// ```text
/// loss = t (ln t − x)          0 where t = 0
/// log_target: eᵗ (t − x)       0 where t = −∞
/// generalized: + eˣ − t, which counts where the numbers do not add up to 1
/// ```
///
/// The divergence itself is the sum over the classes and the mean over the samples: [`Reduction::BatchMean`].
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `−t` for x, `ln t + 1 − x` for t, 0 where t = 0; with `log_target` `−eᵗ` and `eᵗ (t − x + 1)`.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::kl_div;
/// let loss = kl_div(&Tensor::from([0.0, -2.0]), &Tensor::from([1.0, 0.0]))?;
/// assert_eq!(loss.item::<f32>()?, 0.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Kullback, Leibler, On Information and Sufficiency, 1951. Bregman, The relaxation method of finding the common point
/// of convex sets and its application to the solution of problems in convex programming, 1967 (generalized).
pub fn kl_div(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    KlDivLoss::new().forward(input, target)
}

/// [`kl_div`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{KlDivLoss, Loss, Reduction};
/// let loss = KlDivLoss::new().log_target(true).reduction(Reduction::BatchMean);
/// let x = Tensor::from([[-0.5, -2.0], [-1.0, -1.0]]);
/// assert_eq!(loss.forward(&x, &x)?.item::<f32>()?, 0.0);
/// let loss = KlDivLoss::new().generalized(true).reduction(Reduction::Sum);
/// let value = loss.forward(&Tensor::from([0.25, 0.5]).log(), &Tensor::from([0.5, 0.5]))?.item::<f32>()?;
/// assert!((value - 0.096_573_6).abs() < 1e-6);
/// let loss = KlDivLoss::new().from_logits(true).reduction(Reduction::BatchMean);
/// let value = loss.forward(&Tensor::from([[0.0, 1.0]]), &Tensor::from([[0.5, 0.5]]))?.item::<f32>()?;
/// assert!((value - 0.120_114_5).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KlDivLoss {
    log_target: bool,
    generalized: bool,
    from_logits: bool,
    reduction: Reduction,
}

reduced!(KlDivLoss);

impl KlDivLoss {
    /// Whether the target, too, is the logarithm of a probability. Default false.
    #[must_use]
    pub fn log_target(mut self, log_target: bool) -> KlDivLoss {
        self.log_target = log_target;
        self
    }

    /// Whether `eˣ − t` is added: Bregman's divergence of x ln x − x, at least 0 also where neither adds up to 1.
    /// Default false.
    #[must_use]
    pub fn generalized(mut self, generalized: bool) -> KlDivLoss {
        self.generalized = generalized;
        self
    }

    /// Whether the input is logits, of which `log_softmax` is taken along the last dim. Default false.
    #[must_use]
    pub fn from_logits(mut self, from_logits: bool) -> KlDivLoss {
        self.from_logits = from_logits;
        self
    }
}

impl Loss for KlDivLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        fits(OP, input, target)?;
        let x = if self.from_logits { input.log_softmax(-1)? } else { input.clone() };
        let mut losses = if self.log_target { x.kl_div_log_target(target)? } else { x.kl_div(target)? };
        if self.generalized {
            let t = if self.log_target { &target.exp() } else { target };
            losses = losses.try_add(&x.exp().try_sub(t)?)?;
        }
        self.reduction.apply(&losses)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{KlDivLoss, kl_div};
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad};

    fn pair() -> (Tensor, Tensor) {
        let x = Tensor::from([[-0.5, -1.0, -3.0], [-2.0, -0.25, -1.5]]).to_dtype(DType::F64);
        (x, Tensor::from([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]).to_dtype(DType::F64))
    }

    #[test]
    fn what_neither_gives_a_probability_adds_nothing() -> Result<()> {
        let x = Tensor::from([[1.0, 2.0, f64::NEG_INFINITY]]).requires_grad();
        let t = Tensor::from([[2.0, 1.0, f64::NEG_INFINITY]]).requires_grad();
        let of = |x: &Tensor, t: &Tensor| {
            KlDivLoss::new()
                .log_target(true)
                .reduction(Reduction::Sum)
                .forward(&x.log_softmax(-1)?, &t.log_softmax(-1)?)
        };
        let two = |x: &Tensor| x.narrow(-1, 0, 2);
        assert_eq!(of(&x, &t)?.to_f64s(), of(&two(&x)?, &two(&t)?)?.to_f64s());
        for gradient in grad(&of(&x, &t)?, &[&x, &t])? {
            assert!(gradient.to_f64s().iter().all(|g| g.is_finite()), "{gradient}");
        }
        Ok(())
    }

    cases![
        loss("kl_div", |r| KlDivLoss::new().reduction(r), each(|x, t| t * (t.ln() - x)))
            .function(kl_div)
            .on(pair().0, pair().1),
        loss("kl_div", |r| KlDivLoss::new().log_target(true).reduction(r), each(|x, t| t.exp() * (t - x))).pairs(),
        loss(
            "kl_div",
            |r| KlDivLoss::new().generalized(true).reduction(r),
            each(|x, t| t * (t.ln() - x) + x.exp() - t)
        )
        .up_to(50.0)
        .on(pair().0, pair().1),
        loss(
            "kl_div",
            |r| KlDivLoss::new().generalized(true).log_target(true).reduction(r),
            each(|x, t| t.exp() * (t - x) + x.exp() - t.exp())
        )
        .up_to(50.0)
        .pairs(),
        loss(
            "kl_div",
            |r| KlDivLoss::new().from_logits(true).reduction(r),
            |x: &Tensor, t: &Tensor| {
                let (all, t) = (x.to_f64s(), t.to_f64s());
                let log_total = |row: usize| all[3 * row..][..3].iter().map(|x| x.exp()).sum::<f64>().ln();
                let element = |(i, (x, t)): (usize, (&f64, f64))| t * (t.ln() - x + log_total(i / 3));
                let losses: Vec<f64> = all.iter().zip(t).enumerate().map(element).collect();
                crate::cases::Expected { shape: x.shape().into(), divisor: losses.len() as f64, losses }
            }
        )
        .up_to(1000.0)
        .on(pair().0, pair().1),
    ];
}
