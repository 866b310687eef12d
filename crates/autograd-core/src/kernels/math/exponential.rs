//! An exponential taken apart, in either type: what functions with tails are composed of.

use super::exp::{halved_f32, halved_f64, parts_of_sum_f32, parts_of_sum_f64};
use super::log::{ln_sum_f32, ln_sum_f64};
use super::logistic::{SHRINK_F32, SHRINK_F64, denominator_f32, denominator_f64};
use super::polynomial::{horner_f32, horner_f64};
use super::scale::{pow2_f32, pow2_f64};
use super::{cbrt_f32, cbrt_f64};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `e^(high + low) = (1 + more) first second`: the factors are powers of two, multiplied last, for the result may be
/// subnormal where neither they nor `1 + more` is.
#[derive(Clone, Copy)]
pub struct Exponential<T> {
    more: T,
    first: T,
    second: T,
}

impl<T: Scalar> Exponential<T> {
    /// Its value.
    #[inline(always)]
    pub fn value(self) -> T {
        self.times(T::of(1.0))
    }
    /// Its product with `x`, which may be infinite only if its own value is.
    #[inline(always)]
    pub fn times(self, x: T) -> T {
        self.scale(self.of(x))
    }
    /// Its product with `x` before the powers of two; rounded once.
    #[inline(always)]
    pub fn of(self, x: T) -> T {
        x.fused(self.more, x)
    }
    /// Like [`Exponential::of`], of `x + low`, still rounded once.
    #[inline(always)]
    pub fn of_sum(self, x: T, low: T) -> T {
        x + x.fused(self.more, low)
    }
    /// What [`Exponential::of`] lacks.
    #[inline(always)]
    pub fn scale(self, x: T) -> T {
        x * self.first * self.second
    }
}

/// `f32` or `f64`, for functions that are written once for both.
pub trait Scalar:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A constant, rounded.
    fn of(x: f64) -> Self;
    /// What the rounded constant lacks, rounded; `rest` is what it lacks in f64.
    fn rest_of(x: f64, rest: f64) -> Self;
    /// A constant for each type.
    fn either(short: f64, long: f64) -> Self;
    /// This number as f64, exactly.
    fn wide(self) -> f64;
    /// |x|
    fn magnitude(self) -> Self;
    /// |x| with the sign of another number.
    fn signed(self, sign: Self) -> Self;
    /// √x
    fn root(self) -> Self;
    /// ∛x
    fn cube_root(self) -> Self;
    /// `ln(u + c) + e ln 2`, `c` below the last place of `u`, or `u` 1 and `c` not above ½; `u + c` normal and finite.
    fn ln_sum(u: Self, c: Self, e: Self) -> Self;
    /// self · a + b, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
    /// `e^(high + low)`, `low` below the last place of `high`, and `high` between −130 or −1060 and 0.
    fn exponential(high: Self, low: Self) -> Exponential<Self>;
    /// What [`Scalar::denominator`] is scaled by, a power of two.
    const SHRINK: Self;
    /// `1 + e⁻ᶻ` times [`Scalar::SHRINK`], rounded once, for z from −112 or −754 to 40.
    fn denominator(z: Self) -> Self;
    /// `e^(−(square + lost)/2) = (1 + more) power`, but for what [`halved_f32`] lacks: `more`, and the power of two,
    /// too large by 2⁶⁴ or 2⁵¹².
    fn halved(square: Self, lost: Self) -> (Self, Self);
    /// The polynomial in x with the coefficients of the type.
    fn horner<const SHORT: usize, const LONG: usize>(self, short: &[f32; SHORT], long: &[f64; LONG]) -> Self;

    /// The smaller of x and a limit; NaN passes.
    #[inline(always)]
    fn at_most(self, limit: Self) -> Self {
        if self > limit { limit } else { self }
    }
}

macro_rules! scalar {
    ($t:ident, $parts:ident, $pow2:ident, $half:literal, $rest:expr, $cbrt:ident, $horner:ident, $ln_sum:ident, $halved:ident, ($shrink:ident, $denominator:ident), $table:ident, ($short:ident, $long:ident)) => {
        impl Scalar for $t {
            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn rest_of(x: f64, rest: f64) -> Self {
                let lacks: fn(f64, f64) -> $t = $rest;
                lacks(x, rest)
            }
            #[inline(always)]
            fn either($short: f64, $long: f64) -> Self {
                $table as $t
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn signed(self, sign: Self) -> Self {
                self.copysign(sign)
            }
            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn cube_root(self) -> Self {
                $cbrt(self)
            }
            #[inline(always)]
            fn ln_sum(u: Self, c: Self, e: Self) -> Self {
                $ln_sum(u, c, e)
            }
            #[inline(always)]
            fn fused(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }
            #[inline(always)]
            fn exponential(high: Self, low: Self) -> Exponential<Self> {
                const HALF: i32 = $half;
                let parts = $parts(high, low);
                let first = $pow2(parts.k.wrapping_add(HALF.into()));
                Exponential { more: parts.high + parts.tail, first, second: $pow2((-HALF).into()) }
            }
            const SHRINK: Self = $shrink;
            #[inline(always)]
            fn denominator(z: Self) -> Self {
                $denominator(z)
            }
            #[inline(always)]
            fn halved(square: Self, lost: Self) -> (Self, Self) {
                $halved(square, lost)
            }
            #[inline(always)]
            fn horner<const SHORT: usize, const LONG: usize>(self, $short: &[f32; SHORT], $long: &[f64; LONG]) -> Self {
                $horner(self, $table)
            }
        }
    };
}
scalar!(
    f32,
    parts_of_sum_f32,
    pow2_f32,
    64,
    |x, _| (x - f64::from(x as f32)) as f32,
    cbrt_f32,
    horner_f32,
    ln_sum_f32,
    halved_f32,
    (SHRINK_F32, denominator_f32),
    table,
    (table, _long)
);
scalar!(
    f64,
    parts_of_sum_f64,
    pow2_f64,
    512,
    |_, rest| rest,
    cbrt_f64,
    horner_f64,
    ln_sum_f64,
    halved_f64,
    (SHRINK_F64, denominator_f64),
    table,
    (_short, table)
);
