//! The norm of each gradient for itself.

use super::{AT_LEAST_0, GradientRule, each};
use crate::norms::norm2;
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result};

/// Limits the 2-norm of each gradient for itself.
///
/// ```text
/// g ← g · max_norm / max(‖g‖, max_norm)
/// ```
///
/// A norm that is NaN or infinite is not hidden: the gradient becomes NaN or 0.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{ClipEachNorm, GradientRule};
/// let model = vec![Param::new(Tensor::from([3.0, -4.0]))?, Param::new(Tensor::from(0.5))?];
/// let loss = model[0].square().sum().try_add(&model[1].square())?.mul_scalar(0.5);
/// let mut grads = loss.backward()?;                               // [3, −4] and 0.5
/// ClipEachNorm::new(2.5).apply(&model, &mut grads)?;
/// assert_eq!(grads.get(&model[0]).expect("a leaf").to_vec::<f32>()?, [1.5, -2.0]);
/// assert_eq!(grads.get(&model[1]).expect("a leaf").item::<f32>()?, 0.5);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Keras, `clipnorm` of all optimizers.
#[derive(Clone, Copy, Debug)]
pub struct ClipEachNorm {
    max_norm: f64,
}

impl ClipEachNorm {
    /// At most `max_norm` ≥ 0.
    pub fn new(max_norm: f64) -> ClipEachNorm {
        ClipEachNorm { max_norm }
    }
}

impl GradientRule for ClipEachNorm {
    fn apply(&self, _: &dyn Module, grads: &mut Gradients) -> Result<()> {
        self.check()?;
        each(grads, |g| {
            let norm = norm2(g)?;
            Ok(if norm <= self.max_norm { g.clone() } else { g.mul_scalar(self.max_norm / norm) })
        })
    }

    fn check(&self) -> Result<()> {
        AT_LEAST_0.check("ClipEachNorm", "max_norm", self.max_norm)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}
