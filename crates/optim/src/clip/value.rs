//! Limits of single elements.

use super::{AT_LEAST_0, GradientRule, each};
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result};

/// Limits every element of every gradient to `[−clip_value, clip_value]`; NaN stays NaN.
///
/// # Errors
/// If `clip_value` is negative or NaN; then nothing is changed.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_optim::clip_grad_value;
///
/// let x = Tensor::from([3.0, -0.25]).requires_grad();
/// let mut grads = x.square().sum().backward()?;                   // [6, -0.5]
/// clip_grad_value(&mut grads, 1.0)?;
/// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>()?, [1.0, -0.5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn clip_grad_value(grads: &mut Gradients, clip_value: f64) -> Result<()> {
    AT_LEAST_0.check("clip_grad_value", "clip_value", clip_value)?;
    each(grads, |g| g.clamp(-clip_value, clip_value))
}

/// [`clip_grad_value`] as a [`GradientRule`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{ClipValue, GradientRule};
/// let x = Param::new(Tensor::from([3.0, -0.25]))?;
/// let mut grads = x.square().sum().backward()?;                   // [6, -0.5]
/// ClipValue::new(1.0).apply(&x, &mut grads)?;
/// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [1.0, -0.5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClipValue {
    clip_value: f64,
}

impl ClipValue {
    /// A limit ≥ 0 of the size of every element.
    pub fn new(clip_value: f64) -> ClipValue {
        ClipValue { clip_value }
    }
}

impl GradientRule for ClipValue {
    fn apply(&self, _: &dyn Module, grads: &mut Gradients) -> Result<()> {
        clip_grad_value(grads, self.clip_value)
    }

    fn check(&self) -> Result<()> {
        AT_LEAST_0.check("clip_grad_value", "clip_value", self.clip_value)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}
