//! The `Loss` trait: what training minimises.

use super::parts::{self, LossParts};
use autograd_core::{Description, Result, Tensor};

/// A function of output and target, to be minimised.
///
/// Every loss of an output and one target implements it, and so does every function or closure from two tensors to a
/// result; losses of three tensors, or of lengths, have a `forward` of their own.
///
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Loss, MseLoss, Result, mse_loss};
///
/// fn value(loss: impl Loss) -> Result<f32> {
///     Ok(loss.forward(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?.item()?)
/// }
/// assert_eq!(value(mse_loss)?, 2.0);
/// assert_eq!(value(MseLoss::new())?, 2.0);
/// assert_eq!(value(|y: &Tensor, t: &Tensor| Ok(y.try_sub(t)?.abs().max()?))?, 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait Loss {
    /// The loss of an output and its target.
    ///
    /// # Errors
    /// If the two do not fit the loss.
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor>;

    /// Its kind and options: a run goes on from a checkpoint only with the same. The default is the name of the type; a
    /// loss with options should describe them, too, for example by [`Description::from_debug`].
    fn describe(&self) -> Description {
        Description::of::<Self>()
    }

    /// The loss as a fraction, whose parts are added up over a set: by them a run reports, validates and stops.
    ///
    /// Whatever returns the result of a [`Reduction`](super::Reduction), as all losses here and closures around them
    /// do, has the parts of that reduction: with class weights the denominator is the sum of the weights, ignored
    /// targets do not count. Any other value counts as a mean over the samples, of which the target has
    /// `target.shape()[0]`, also what a closure has made of a reduction's result; a loss that divides by something else
    /// says so here, a closure with [`by_parts`](super::by_parts).
    ///
    /// # Errors
    /// Those of `forward`.
    fn parts(&self, input: &Tensor, target: &Tensor) -> Result<LossParts> {
        parts::of(target.shape().first().copied().unwrap_or(1), || self.forward(input, target))
    }
}

impl<F: Fn(&Tensor, &Tensor) -> Result<Tensor>> Loss for F {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self(input, target)
    }
}
