//! The root mean square of each gradient.

use super::{GradientRule, POSITIVE, each};
use crate::norms::norm2;
use autograd_core::module::Module;
use autograd_core::{Description, Gradients, Result};

/// Limits the root mean square of each gradient for itself.
///
/// ```text
/// g ← g / max(1, √(mean g²) / threshold)
/// ```
///
/// A gradient that is not finite is not hidden: it becomes NaN or 0.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{ClipBlockRms, GradientRule};
/// let x = Param::new(Tensor::from([4.0, -4.0]))?;
/// let mut grads = x.square().sum().backward()?;                   // [8, −8]
/// ClipBlockRms::new(2.0).apply(&x, &mut grads)?;
/// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [2.0, -2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Shazeer, Stern, Adafactor, 2018, section 6. optax, `clip_by_block_rms`.
#[derive(Clone, Copy, Debug)]
pub struct ClipBlockRms {
    threshold: f64,
}

impl ClipBlockRms {
    /// At most `threshold` > 0.
    pub fn new(threshold: f64) -> ClipBlockRms {
        ClipBlockRms { threshold }
    }
}

impl GradientRule for ClipBlockRms {
    fn apply(&self, _: &dyn Module, grads: &mut Gradients) -> Result<()> {
        self.check()?;
        each(grads, |g| {
            // Of no elements at least: their norm is 0.
            let rms = norm2(g)? / (g.numel().max(1) as f64).sqrt();
            Ok(if rms <= self.threshold { g.clone() } else { g.mul_scalar(self.threshold / rms) })
        })
    }

    fn check(&self) -> Result<()> {
        POSITIVE.check("ClipBlockRms", "threshold", self.threshold)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}
