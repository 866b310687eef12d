//! Random bits by position: element `i` of draw `seed` is a pure function of the two, so any thread can make any part.

use super::real::Real;
use super::simd::{Kernel, vectorize};
use crate::threads::parallel::{PIECE, for_pieces};

/// 64 random bits: SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number generators, 2014) at position
/// `i`.
#[inline(always)]
pub fn bits_at(seed: u64, i: u64) -> u64 {
    let mut z = seed.wrapping_add(i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

struct Dropout<'a, T> {
    seed: u64,
    start: u64,
    drop_below: u64,
    kept: T,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel for Dropout<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (i, (y, x)) in self.y.iter_mut().zip(self.x).enumerate() {
            let dropped = (bits_at(self.seed, self.start + i as u64) >> 11) < self.drop_below;
            *y = if dropped { *x * T::ZERO } else { *x / self.kept };
        }
    }
}

/// `y = 0 x` with probability `p`, else `x / (1 − p)`; the same elements for the same seed.
pub fn dropout<T: Real>(seed: u64, p: f64, x: &[T], y: &mut [T]) {
    let drop_below = (p * (1u64 << 53) as f64).round() as u64;
    let kept = T::of(1.0 - p);
    for_pieces(y, PIECE, |start, y| {
        let x = &x[start..start + y.len()];
        vectorize(Dropout { seed, start: start as u64, drop_below, kept, x, y });
    });
}

/// Uniform numbers from `low` to `high`; the same for the same seed.
pub fn uniform<T: Real>(seed: u64, low: f64, high: f64, y: &mut [T]) {
    for_pieces(y, PIECE, |start, y| {
        for (i, y) in y.iter_mut().enumerate() {
            let unit = (bits_at(seed, (start + i) as u64) >> 11) as f64 / (1u64 << 53) as f64;
            *y = T::of(low + (high - low) * unit);
        }
    });
}
