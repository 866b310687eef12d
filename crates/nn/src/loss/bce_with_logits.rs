//! Binary cross-entropy of logits.

use super::pair::{same_float, weighted};
use super::{Loss, Reduction};
use crate::error::Result;
use autograd_core::{Error, Tensor};

/// Binary cross-entropy of a logit x with the probability t of the positive class, the mean over all elements.
///
/// ```text
/// loss = −t ln σ(x) − (1 − t) ln(1 − σ(x))
/// ```
///
/// # Shapes
/// `input` and `target` have one shape.
///
/// # Gradient
/// `σ(x) − t` for x, `−x` for t, each by the reduction.
///
/// # Numerics
/// Computed as `t softplus(−x) + (1 − t) softplus(x)`: two terms of one sign, so that nothing overflows or cancels.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::binary_cross_entropy_with_logits;
/// let loss = binary_cross_entropy_with_logits(&Tensor::from([0.0, 1000.0]), &Tensor::from([1.0, 1.0]))?;
/// assert!((loss.item::<f32>()? - 2f32.ln() / 2.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn binary_cross_entropy_with_logits(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    BceWithLogitsLoss::default().forward(input, target)
}

/// [`binary_cross_entropy_with_logits`] with options.
///
/// ```text
/// loss = −w (p t ln σ(x) + (1 − t) ln(1 − σ(x)))
/// ```
#[derive(Clone, Debug, Default)]
pub struct BceWithLogitsLoss {
    /// w: how much each element counts; broadcast. The mean still divides by the number of elements.
    pub weight: Option<Tensor>,
    /// p: how much the positive class counts; broadcast, usually one a class.
    pub pos_weight: Option<Tensor>,
    /// What becomes of the losses of the elements; default: their mean.
    pub reduction: Reduction,
}

impl BceWithLogitsLoss {
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    /// As [`binary_cross_entropy_with_logits`], and if a weight does not broadcast or has another dtype.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "binary_cross_entropy_with_logits";
        same_float(OP, input, target)?;
        if input.shape() != target.shape() {
            let (got, expected) = (target.shape().into(), format!("{:?}, that of the input", input.shape()));
            return Err(Error::shape(OP, "target", got, expected).into());
        }
        // Without a threshold above which it would be linear: exact everywhere.
        let softplus = |x: &Tensor| x.softplus(1.0, f64::INFINITY);
        let mut positive = softplus(&input.neg())?.try_mul(target)?;
        if let Some(weight) = &self.pos_weight {
            positive = weighted(OP, &positive, weight)?;
        }
        let negative = softplus(input)?.try_mul(&target.neg().add_scalar(1.0))?;
        let mut losses = positive.try_add(&negative)?;
        if let Some(weight) = &self.weight {
            losses = weighted(OP, &losses, weight)?;
        }
        self.reduction.apply(&losses)
    }
}

impl Loss for BceWithLogitsLoss {
    fn loss(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.forward(input, target)
    }
}
