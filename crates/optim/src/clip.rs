//! The clipping of gradients before a step.

use crate::norms::norm;
use crate::range::Range;
use autograd_core::{Gradients, Result, Tensor, no_grad};

const AT_LEAST_0: Range = Range::new(|x| x >= 0.0, "at least 0");
const POSITIVE: Range = Range::new(|x| x > 0.0, "positive, or infinity");

/// The norm that [`clip_grad_norm`] limits, and its limit; a plain number is a limit of the 2-norm.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_optim::{ClipNorm, clip_grad_norm};
/// let x = Tensor::from([3.0, -4.0]).requires_grad();
/// let mut grads = x.square().mul_scalar(0.5).sum().backward()?;                       // [3, −4]
/// assert_eq!(clip_grad_norm(&mut grads, ClipNorm::new(10.0).norm_type(1.0))?, 7.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClipNorm {
    max_norm: f64,
    norm_type: f64,
}

impl ClipNorm {
    /// At most `max_norm` ≥ 0 in the 2-norm.
    pub fn new(max_norm: f64) -> ClipNorm {
        ClipNorm { max_norm, norm_type: 2.0 }
    }

    /// p, any positive number: `(Σ |g|ᵖ)^(1/p)`, or the largest |g| for `f64::INFINITY`. Default 2.
    pub fn norm_type(mut self, norm_type: f64) -> ClipNorm {
        self.norm_type = norm_type;
        self
    }
}

impl From<f64> for ClipNorm {
    fn from(max_norm: f64) -> ClipNorm {
        ClipNorm::new(max_norm)
    }
}

/// Scales all gradients by one factor so that their norm, taken over all of them together, is at most `max_norm`.
/// Returns the norm before.
///
/// ```text
/// total = (Σ |g|ᵖ)^(1/p)     g ← g · min(1, max_norm / (total + 1e-6))
/// ```
///
/// All gradients count, also of leaves that are not parameters. Other norms than the 2-norm:
/// `clip_grad_norm(&mut grads, ClipNorm::new(1.0).norm_type(1.0))`.
///
/// # Numerics
/// The norm is gathered in `f64`, and rescaled where powers over- or underflow, also those of a few elements only. A NaN or an infinity among the gradients is not hidden: the norm returned is not finite, and the gradients are
/// multiplied by NaN or 0, as in PyTorch.
///
/// # Errors
/// If `max_norm` is negative or NaN, or `norm_type` is not positive; then nothing is changed.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_optim::clip_grad_norm;
///
/// let x = Tensor::from([3.0, 4.0]).requires_grad();
/// let mut grads = x.square().mul_scalar(0.5).sum().backward()?;   // [3, 4]
/// assert_eq!(clip_grad_norm(&mut grads, 2.5)?, 5.0);
/// let clipped = grads.get(&x).unwrap().to_vec::<f32>()?;
/// assert!((clipped[0] - 1.5).abs() < 1e-6 && (clipped[1] - 2.0).abs() < 1e-6);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, 2013, algorithm 1.
pub fn clip_grad_norm(grads: &mut Gradients, max_norm: impl Into<ClipNorm>) -> Result<f64> {
    let ClipNorm { max_norm, norm_type } = max_norm.into();
    AT_LEAST_0.check("clip_grad_norm", "max_norm", max_norm)?;
    POSITIVE.check("clip_grad_norm", "norm_type", norm_type)?;
    let total = norm(grads.iter(), norm_type)?;
    let factor = max_norm / (total + 1e-6);
    // NaN must reach the gradients.
    if factor < 1.0 || factor.is_nan() {
        grads.scale(factor);
    }
    Ok(total)
}

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
    let clip = |g: &Tensor| g.clamp(-clip_value, clip_value);
    let clipped = no_grad(|| grads.iter().map(clip).collect::<Result<Vec<_>>>())?;
    grads.iter_mut().zip(clipped).for_each(|(g, clipped)| *g = clipped);
    Ok(())
}
