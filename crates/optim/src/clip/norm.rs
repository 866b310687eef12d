//! The norm of all gradients together.

use super::{AT_LEAST_0, GradientRule};
use crate::norms::norm;
use crate::range::Range;
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result};

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
    eps: f64,
}

impl ClipNorm {
    /// At most `max_norm` ≥ 0 in the 2-norm.
    pub fn new(max_norm: f64) -> ClipNorm {
        ClipNorm { max_norm, norm_type: 2.0, eps: 1e-6 }
    }

    /// p, any positive number: `(Σ |g|ᵖ)^(1/p)`, or the largest |g| for `f64::INFINITY`. Default 2.
    #[must_use]
    pub fn norm_type(mut self, norm_type: f64) -> ClipNorm {
        self.norm_type = norm_type;
        self
    }

    /// ε ≥ 0, which is added to the norm to divide by. Default 1e-6, as in PyTorch; optax, and Keras'
    /// `global_clipnorm`, have 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_optim::{ClipNorm, clip_grad_norm};
    /// let x = Tensor::from([3.0, -4.0]).requires_grad();
    /// let mut grads = x.square().mul_scalar(0.5).sum().backward()?;
    /// clip_grad_norm(&mut grads, ClipNorm::new(2.5).eps(0.0))?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [1.5, -2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn eps(mut self, eps: f64) -> ClipNorm {
        self.eps = eps;
        self
    }
}

impl GradientRule for ClipNorm {
    fn apply(&self, _: &dyn Module, grads: &mut Gradients) -> Result<()> {
        clip_grad_norm(grads, *self).map(drop)
    }

    fn check(&self) -> Result<()> {
        AT_LEAST_0.check("clip_grad_norm", "max_norm", self.max_norm)?;
        POSITIVE.check("clip_grad_norm", "norm_type", self.norm_type)?;
        Range::AT_LEAST_0.check("clip_grad_norm", "eps", self.eps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
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
/// The norm is gathered in `f64`, and rescaled where powers over- or underflow, also those of a few elements only. A
/// NaN or an infinity among the gradients is not hidden: the norm returned is not finite, and the gradients are
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
    let clip = max_norm.into();
    clip.check()?;
    let ClipNorm { max_norm, norm_type, eps } = clip;
    let total = norm(grads.iter(), norm_type)?;
    let factor = max_norm / (total + eps);
    // NaN must reach the gradients; 0 / 0 is none of theirs.
    if factor < 1.0 || factor.is_nan() && total != 0.0 {
        grads.scale(factor);
    }
    Ok(total)
}
