//! The hinge loss of distances.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// The hinge loss of a distance x of two things that are alike (t = 1) or not (t = −1), the mean over all elements.
///
/// ```text
/// loss = x where t = 1,   max(0, margin − x) where t = −1
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Labels are −1
/// and 1.
///
/// # Gradient
/// 1 where t = 1; −1 where t = −1 and `x < margin`, else 0. None for the labels.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::hinge_embedding_loss;
/// let loss = hinge_embedding_loss(&Tensor::from([0.5, 0.25]), &Tensor::from([1.0, -1.0]))?;
/// assert_eq!(loss.item::<f32>()?, 0.625);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch, where a label of NaN counts as both; here it gives NaN. One that is neither 1 nor −1 counts as both here,
/// too.
pub fn hinge_embedding_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    HingeEmbeddingLoss::new().forward(input, target)
}

/// [`hinge_embedding_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, HingeEmbeddingLoss};
/// let loss = HingeEmbeddingLoss::new().margin(2.0).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.5, 0.25]), &Tensor::from([1.0, -1.0]))?.to_vec::<f32>()?;
/// assert_eq!(losses, [0.5, 1.75]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HingeEmbeddingLoss {
    margin: f64,
    reduction: Reduction,
}

impl Default for HingeEmbeddingLoss {
    fn default() -> Self {
        HingeEmbeddingLoss { margin: 1.0, reduction: Reduction::Mean }
    }
}

reduced!(HingeEmbeddingLoss);

impl HingeEmbeddingLoss {
    /// The distance above which unlike things cost nothing, any number. Default 1.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> HingeEmbeddingLoss {
        self.margin = margin;
        self
    }
}

impl Loss for HingeEmbeddingLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "hinge_embedding_loss";
        fits(OP, input, target)?;
        let target = target.detach();
        let near = |label: f64| target.ne(&target.full_like(label));
        let zeros = input.zeros_like();
        let apart = input.neg().add_scalar(self.margin).relu();
        // As two terms, so a target that is neither counts as both: it is a distance of two things of which it is not
        // known.
        let alike = near(-1.0)?.where_cond(input, &zeros)?;
        let both = alike.try_add(&near(1.0)?.where_cond(&apart, &zeros)?)?;
        // NaN is no label, and would be taken for one that is neither. A factor, so that the gradient is NaN, too.
        let known = target.ne(&target)?.where_cond(&target, &target.ones_like())?;
        self.reduction.apply(&both.try_mul(&known)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![
    loss(
        "hinge_embedding_loss",
        |r| HingeEmbeddingLoss::new().margin(0.75).reduction(r),
        |x, t| {
            let element = |(x, t): (f64, f64)| if t == 1.0 { x } else { (0.75 - x).max(0.0) };
            let losses: Vec<f64> = x.to_f64s().into_iter().zip(t.to_f64s()).map(element).collect();
            crate::cases::Expected { shape: x.shape().into(), divisor: losses.len() as f64, losses }
        }
    )
    .on(Tensor::from([[0.5, 1.5, 0.25], [2.0, 0.7, 0.1]]), Tensor::from([[1.0, 1.0, -1.0], [-1.0, 1.0, -1.0]]))
    .refuses(
        Tensor::from([1.0, 2.0]),
        Tensor::from([1.0, 1.0, 1.0]),
        "the target has shape [3], expected one that \
              broadcasts to the input's, [2]"
    ),
    loss("hinge_embedding_loss", |r| HingeEmbeddingLoss::new().reduction(r), each(|x, _| x))
        .function(hinge_embedding_loss)
        .on(Tensor::from([0.5, 1.5]), Tensor::from([1.0, 1.0]))
];

#[cfg(test)]
mod labels {
    use super::*;
    use autograd_core::grad;

    #[test]
    fn one_of_nan_spoils_the_loss_and_the_gradient_of_its_element() -> Result<()> {
        let x = Tensor::from([0.5, 0.25, 0.75]).requires_grad();
        let losses = HingeEmbeddingLoss::new().reduction(Reduction::None);
        let y = losses.forward(&x, &Tensor::from([1.0, f32::NAN, -1.0]))?;
        let [g] = grad(&y.sum(), [&x])?;
        for (got, want) in [(y.to_f64s(), [0.5, f64::NAN, 0.25]), (g.to_f64s(), [1.0, f64::NAN, -1.0])] {
            let same = got.iter().zip(want).all(|(got, want)| *got == want || got.is_nan() && want.is_nan());
            assert!(same, "{got:?}, not {want:?}");
        }
        Ok(())
    }
}
