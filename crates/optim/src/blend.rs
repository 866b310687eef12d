//! Weighted sums in place.

use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

/// `x ← keep · x + gain · new`
pub(crate) fn blend(x: &mut Tensor, keep: f64, gain: f64, new: &Tensor) -> Result<()> {
    x.update(new, [], Blend { keep, gain })
}

/// `x ← keep · x + gain · new²`
pub(crate) fn blend_square(x: &mut Tensor, keep: f64, gain: f64, new: &Tensor) -> Result<()> {
    x.update(new, [], BlendSquare { keep, gain })
}

/// `x ← x + gain · (new − x)`: for averages that are to stay to the bit what they are where nothing moves, which
/// `(1 − gain) x + gain new` as rounded does not.
pub(crate) fn approach(x: &mut Tensor, gain: f64, new: &Tensor) -> Result<()> {
    x.update(new, [], Approach { gain })
}

#[derive(Clone, Copy)]
struct Blend {
    keep: f64,
    gain: f64,
}

impl ElementRule<0> for Blend {
    #[inline(always)]
    fn element<T: Real>(self, x: T, new: T, []: [T; 0]) -> (T, [T; 0]) {
        (T::of(self.keep) * x + T::of(self.gain) * new, [])
    }
}

#[derive(Clone, Copy)]
struct BlendSquare {
    keep: f64,
    gain: f64,
}

impl ElementRule<0> for BlendSquare {
    #[inline(always)]
    fn element<T: Real>(self, x: T, new: T, []: [T; 0]) -> (T, [T; 0]) {
        (T::of(self.keep) * x + T::of(self.gain) * (new * new), [])
    }
}

#[derive(Clone, Copy)]
struct Approach {
    gain: f64,
}

impl ElementRule<0> for Approach {
    #[inline(always)]
    fn element<T: Real>(self, x: T, new: T, []: [T; 0]) -> (T, [T; 0]) {
        (x + T::of(self.gain) * (new - x), [])
    }
}
