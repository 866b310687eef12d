//! Zeros in place of what is not finite.

use super::{GradientRule, each};
use autograd_core::module::Module;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Description, Gradients, Result};

/// Replaces every element that is NaN or infinite by 0; the others stay as they are.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{GradientRule, ZeroNotFinite};
/// let x = Param::new(Tensor::from([4.0, 0.0]))?;
/// let mut grads = x.sqrt().sum().backward()?;                     // ¼ and ∞
/// ZeroNotFinite.apply(&x, &mut grads)?;
/// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [0.25, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # Differs from
/// * optax' `zero_nans`: there infinities stay.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZeroNotFinite;

impl GradientRule for ZeroNotFinite {
    fn apply(&self, _: &dyn Module, grads: &mut Gradients) -> Result<()> {
        each(grads, |g| {
            let mut finite = g.detach();
            finite.update(g, [], OnlyFinite)?;
            Ok(finite)
        })
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[derive(Clone, Copy)]
struct OnlyFinite;

impl ElementRule<0> for OnlyFinite {
    #[inline(always)]
    fn element<T: Real>(self, _: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (if g.is_finite() { g } else { T::ZERO }, [])
    }
}
