//! The divergence of Kullback and Leibler.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// The divergence of Kullback and Leibler of log-probabilities x from probabilities t, element by element, the mean over
/// all elements.
///
/// ```text
/// loss = t (ln t − x)          0 where t = 0
/// log_target: eᵗ (t − x)
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
/// Kullback, Leibler, On Information and Sufficiency, 1951.
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
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KlDivLoss {
    log_target: bool,
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
}

impl Loss for KlDivLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let beyond = difference("kl_div", input, target)?.neg();
        if self.log_target {
            return self.reduction.apply(&target.exp().try_mul(&beyond)?);
        }
        // Of 1 where t is 0: the logarithm of 0 has no derivative.
        let some = target.ne(&target.zeros_like())?;
        let t = some.where_cond(target, &target.ones_like())?;
        let own = some.where_cond(&t.log().try_mul(&t)?, &target.zeros_like())?;
        self.reduction.apply(&own.try_sub(&some.where_cond(target, &target.zeros_like())?.try_mul(input)?)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{KlDivLoss, kl_div};
    use autograd_core::{DType, Tensor};

    fn pair() -> (Tensor, Tensor) {
        let x = Tensor::from([[-0.5, -1.0, -3.0], [-2.0, -0.25, -1.5]]).to_dtype(DType::F64);
        (x, Tensor::from([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]).to_dtype(DType::F64))
    }

    cases![
        loss("kl_div", |r| KlDivLoss::new().reduction(r), each(|x, t| t * (t.ln() - x)))
            .function(kl_div)
            .on(pair().0, pair().1),
        loss("kl_div", |r| KlDivLoss::new().log_target(true).reduction(r), each(|x, t| t.exp() * (t - x))).pairs(),
    ];
}
