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

/// `x ← x + gain · (new − x)`: an [`Average`] that keeps `1 − gain`.
pub(crate) fn approach(x: &mut Tensor, gain: f64, new: &Tensor) -> Result<()> {
    x.update(new, [], Approach(Average::approaching(gain)))
}

/// An exponential average, `m ← β m + (1 − β) x`, rounded as `m + (1 − β)(x − m)`, or as `x − β (x − m)` where β is
/// below ½. Both leave m to the bit where nothing moves, and what counts for more keeps its digits beside what counts
/// for less.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Average {
    keep: f64,
    gain: f64,
}

impl Average {
    /// Of this β.
    pub(crate) fn keeping(beta: f64) -> Average {
        Average { keep: beta, gain: 1.0 - beta }
    }

    /// Of this `1 − β`.
    pub(crate) fn approaching(gain: f64) -> Average {
        Average { keep: 1.0 - gain, gain }
    }

    #[inline(always)]
    pub(crate) fn next<T: Real>(self, m: T, x: T) -> T {
        let Average { keep, gain } = self;
        // What does not count has no influence, even where it is infinite.
        if keep == 0.0 || gain == 0.0 {
            return if keep == 0.0 { x } else { m };
        }
        let way = x - m;
        let near = if keep < 0.5 { x - T::of(keep) * way } else { m + T::of(gain) * way };
        // An infinity less a part of itself would be NaN.
        T::select(way.abs() < T::INFINITY, near, T::of(keep) * m + T::of(gain) * x)
    }
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
struct Approach(Average);

impl ElementRule<0> for Approach {
    #[inline(always)]
    fn element<T: Real>(self, x: T, new: T, []: [T; 0]) -> (T, [T; 0]) {
        (self.0.next(x, new), [])
    }
}

#[cfg(test)]
mod tests {
    use super::Average;

    #[test]
    fn what_counts_for_more_keeps_its_digits_and_what_rests_its_bits() {
        for beta in [0.0, 0.1, 0.49, 0.5, 0.9, 0.999] {
            let average = Average::keeping(beta);
            assert_eq!(average.next(0.1f32, 0.1), 0.1, "{beta}");
            let exact = beta * 1e6 + (1.0 - beta) * 0.123_456_79;
            let got = f64::from(average.next(1e6f32, 0.123_456_79));
            assert!((got - exact).abs() <= 1.2e-7 * exact, "{beta}: {got}, not {exact}");
        }
        assert_eq!(Average::keeping(0.0).next(1e20, 1.0), 1.0);
        assert_eq!(Average::approaching(1.0).next(1e20, 1.0), 1.0);
        assert_eq!(Average::approaching(0.25).next(1.0, 5.0), 2.0);
    }

    #[test]
    fn infinities_stay_infinities_where_they_count() {
        let inf = f64::INFINITY;
        for beta in [0.25, 0.75] {
            let average = Average::keeping(beta);
            assert_eq!([average.next(1.0, inf), average.next(-inf, 1.0), average.next(inf, inf)], [inf, -inf, inf]);
            assert_eq!(average.next(-1e308, 1.2e308), -beta * 1e308 + (1.0 - beta) * 1.2e308);
            assert!(average.next(inf, -inf).is_nan() && average.next(1.0, f64::NAN).is_nan());
        }
        assert_eq!([Average::keeping(0.0).next(inf, 2.0), Average::keeping(1.0).next(2.0, inf)], [2.0; 2]);
    }
}
