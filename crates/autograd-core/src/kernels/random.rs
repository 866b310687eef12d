//! Random bits by position: element `i` of draw `seed` is a pure function of the two, so any thread can make any part.

use super::number::Number;
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

/// Dropping with probability `p`, of `inner` elements in a row together: `x · 0 + shift[0]` where they are dropped,
/// else `x / kept + shift[1]`.
#[derive(Clone, Copy, Debug)]
pub struct Drops {
    /// The probability of being dropped.
    pub p: f64,
    /// How many elements in a row share their fate.
    pub inner: usize,
    /// What the others are divided by.
    pub kept: f64,
    /// What is added to those dropped and to the others. −0 changes no number, not even a zero.
    pub shift: [f64; 2],
}

struct Dropout<'a, T> {
    seed: u64,
    start: u64,
    drop_below: u64,
    inner: u64,
    kept: T,
    shift: [T; 2],
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel for Dropout<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Dropout { seed, start, drop_below, inner, kept, shift: [down, up], x, y } = self;
        let dropped = |group: u64| (bits_at(seed, group) >> 11) < drop_below;
        if inner == 1 {
            for (i, (y, x)) in y.iter_mut().zip(x).enumerate() {
                *y = if dropped(start + i as u64) { *x * T::ZERO + down } else { *x / kept + up };
            }
            return;
        }
        let mut done = 0;
        while done < y.len() {
            let at = start + done as u64;
            let end = y.len().min(done + (inner - at % inner) as usize);
            let pairs = y[done..end].iter_mut().zip(&x[done..end]);
            if dropped(at / inner) {
                pairs.for_each(|(y, x)| *y = *x * T::ZERO + down);
            } else {
                pairs.for_each(|(y, x)| *y = *x / kept + up);
            }
            done = end;
        }
    }
}

/// Drops elements; the same ones for the same seed.
pub fn dropout<T: Real>(seed: u64, drops: Drops, x: &[T], y: &mut [T]) {
    let drop_below = (drops.p * (1u64 << 53) as f64).round() as u64;
    let (inner, kept, shift) = (drops.inner.max(1) as u64, T::of(drops.kept), drops.shift.map(T::of));
    for_pieces(y, PIECE, |start, y| {
        let x = &x[start..start + y.len()];
        vectorize(Dropout { seed, start: start as u64, drop_below, inner, kept, shift, x, y });
    });
}

struct Normal<'a, T> {
    seed: u64,
    start: u64,
    y: &'a mut [T],
}

impl<T: Real> Kernel for Normal<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        const UNIT: f64 = 1.0 / (1u64 << 53) as f64;
        for (i, y) in self.y.iter_mut().enumerate() {
            let at = 2 * (self.start + i as u64);
            // The first is never 0, which has no logarithm.
            let radius = ((bits_at(self.seed, at) >> 11) + 1) as f64 * UNIT;
            let angle = (bits_at(self.seed, at + 1) >> 11) as f64 * UNIT;
            let normal = (-2.0 * Number::ln(radius)).sqrt() * (angle * std::f64::consts::TAU).cos_near();
            *y = T::of(normal);
        }
    }
}

/// Normal numbers of mean 0 and deviation 1 (Box, Muller, 1958); the same for the same seed.
pub fn normal<T: Real>(seed: u64, y: &mut [T]) {
    for_pieces(y, PIECE, |start, y| vectorize(Normal { seed, start: start as u64, y }));
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

/// Numbers uniform in `[0, 1)`; the same for the same seed.
pub fn unit<T: Real>(seed: u64, y: &mut [T]) {
    // Of 53 bits the largest numbers would be rounded to 1.
    let below = T::of(1.0 - 0.5f64.powi(24));
    uniform(seed, 0.0, 1.0, y);
    for_pieces(y, PIECE, |_, y| y.iter_mut().for_each(|y| *y = if *y < T::ONE { *y } else { below }));
}
