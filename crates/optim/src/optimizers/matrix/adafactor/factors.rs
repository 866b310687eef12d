//! The squares that are averaged over rows and over columns, and what is scaled by them.

use crate::norms::abs_sum;
use autograd_core::update::{ElementRule, MarginRule, Real};
use autograd_core::{DType, Error, Result, Tensor};

/// v of each element: the product of a number of its row and one of its column.
pub(super) struct Factors {
    pub(super) row: Tensor,
    pub(super) column: Tensor,
}

impl Factors {
    /// Whether each element has a column of its own: of a parameter without rows and columns.
    fn is_flat(&self, g: &Tensor) -> bool {
        self.column.numel() == g.numel()
    }

    /// rms(u)
    pub(super) fn rms(&self, g: &Tensor, scaled: Scaled) -> Result<f64> {
        let matrix = if self.is_flat(g) { g.reshape(self.column.shape())? } else { g.clone() };
        let root = |scale: f64| {
            let (rows, _) = matrix.fold_margins(&self.row, &self.column, SquaresOfScaled { scaled, scale })?;
            Ok::<_, Error>((abs_sum(&rows)? / g.numel() as f64).sqrt() / scale)
        };
        let plain = root(1.0)?;
        // The squares may be too large for the dtype where their root is not.
        let scale = if g.dtype() == DType::F32 { 2f64.powi(-64) } else { 2f64.powi(-512) };
        if plain == f64::INFINITY { root(scale) } else { Ok(plain) }
    }

    /// Both in the shape of g, without a copy.
    pub(super) fn spread(&self, g: &Tensor) -> Result<[Tensor; 2]> {
        if self.is_flat(g) {
            // A stack of rows has a number of the row for each.
            let row = if self.row.numel() == 1 { self.row.reshape::<usize>(&[])? } else { self.row.clone() };
            return Ok([row.broadcast_to(g.shape())?, self.column.reshape(g.shape())?]);
        }
        Ok([self.row.broadcast_to(g.shape())?, self.column.broadcast_to(g.shape())?])
    }
}

/// `min(g², largest) + more`
#[derive(Clone, Copy)]
pub(super) struct Squares {
    pub(super) largest: f64,
    pub(super) more: f64,
}

impl Squares {
    #[inline(always)]
    fn of<T: Real>(self, g: T) -> T {
        let (square, largest) = (g * g, T::of(self.largest));
        // A NaN stays one.
        T::select(square > largest, largest, square) + T::of(self.more)
    }
}

/// `v ← keep · v + gain · square`
#[derive(Clone, Copy)]
pub(super) struct Averaged {
    pub(super) keep: f64,
    pub(super) gain: f64,
    pub(super) squares: Squares,
}

impl ElementRule<0> for Averaged {
    #[inline(always)]
    fn element<T: Real>(self, v: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (T::of(self.keep) * v + T::of(self.gain) * self.squares.of(g), [])
    }
}

/// The sums of the squares.
impl MarginRule for Squares {
    #[inline(always)]
    fn element<T: Real>(self, g: T, _: T, _: T) -> T {
        self.of(g)
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a + b
    }
}

/// `u = g / √max(v, least)`, v the product of the factors of its row and its column
#[derive(Clone, Copy)]
pub(super) struct Scaled {
    pub(super) least: f64,
}

impl Scaled {
    #[inline(always)]
    fn of<T: Real>(self, g: T, row: T, column: T) -> T {
        if self.least == 0.0 {
            // The product of two factors may be 0 where neither is.
            return g / (row.sqrt() * column.sqrt());
        }
        let (v, least) = (row * column, T::of(self.least));
        // A NaN stays one.
        g / T::select(v < least, least, v).sqrt()
    }
}

/// `p ← keep · p`
#[derive(Clone, Copy)]
pub(super) struct Shrink {
    pub(super) keep: f64,
}

impl ElementRule<0> for Shrink {
    #[inline(always)]
    fn element<T: Real>(self, p: T, _: T, []: [T; 0]) -> (T, [T; 0]) {
        (T::of(self.keep) * p, [])
    }
}

/// `Σ (scale · u)²`
#[derive(Clone, Copy)]
struct SquaresOfScaled {
    scaled: Scaled,
    scale: f64,
}

impl MarginRule for SquaresOfScaled {
    #[inline(always)]
    fn element<T: Real>(self, g: T, row: T, column: T) -> T {
        let u = T::of(self.scale) * self.scaled.of(g, row, column);
        u * u
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a + b
    }
}

/// `p ← p − rate · u`
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) rate: f64,
    pub(super) scaled: Scaled,
}

impl ElementRule<2> for Step {
    const FIXED: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [row, column]: [T; 2]) -> (T, [T; 2]) {
        (p - T::of(self.rate) * self.scaled.of(g, row, column), [row, column])
    }
}

/// `m ← keep · m + gain · u`
#[derive(Clone, Copy)]
pub(super) struct Blend {
    pub(super) keep: f64,
    pub(super) gain: f64,
    pub(super) scaled: Scaled,
}

impl ElementRule<2> for Blend {
    const FIXED: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, m: T, g: T, [row, column]: [T; 2]) -> (T, [T; 2]) {
        (T::of(self.keep) * m + T::of(self.gain) * self.scaled.of(g, row, column), [row, column])
    }
}
