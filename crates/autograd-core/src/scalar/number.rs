//! Variables as numbers that formulas are written in.

use super::formulas::{ExpLess, MulAdd};
use super::functions::Scalar;
use super::var::Var;
use crate::kernels::number::{Number, Scaled, Special};
use crate::ops::elementwise::activation::{sigmoid::Sigmoid, softplus::Softplus};
use crate::ops::elementwise::arithmetic::{abs::Abs, hypot::Hypot, remainder::Fmod};
use crate::ops::elementwise::compare::maximum::{Maximum, Minimum};
use crate::ops::elementwise::exponential::pow::{Pow, PowLog, PowSlope};
use crate::ops::elementwise::exponential::{exp::Exp, expm1::Expm1, log::Log, log1p::Log1p, powf::Powf, sqrt::Sqrt};
use crate::ops::elementwise::hyperbolic::tanh::Tanh;
use crate::ops::elementwise::rounding::copysign::Copysign;
use crate::ops::elementwise::smooth::{OfProduct, Smooth};
use crate::ops::elementwise::special::erf::Erf;
use crate::ops::elementwise::trigonometric::{atan2::Atan2, cos::Cos, sin::Sin};
use std::marker::PhantomData;

/// Methods, and the operations of which they have formula and derivative.
macro_rules! one {
    ($($f:ident $formula:ident),*) => {$(
        #[inline(always)]
        #[track_caller]
        fn $f(self) -> Self {
            Var::formula($formula, [self])
        }
    )*};
}
macro_rules! function {
    ($($f:ident $formula:ident),*) => {$(
        #[inline(always)]
        #[track_caller]
        fn $f(self) -> Self {
            Var::function($formula, [self])
        }
    )*};
}
macro_rules! two {
    ($how:ident: $($f:ident $formula:ident),*) => {$(
        #[inline(always)]
        #[track_caller]
        fn $f(self, other: Self) -> Self {
            Var::$how($formula, [self, other])
        }
    )*};
}
macro_rules! compare {
    ($($f:ident),*) => {$(
        #[inline(always)]
        fn $f(self, other: Self) -> bool {
            Number::$f(self.value, other.value)
        }
    )*};
}
/// What is constant wherever it is smooth.
macro_rules! step {
    ($($f:ident),*) => {$(
        #[inline(always)]
        fn $f(self) -> Self {
            Var::constant(self.value.$f())
        }
    )*};
}

impl<T: Scalar> Number for Var<'_, T> {
    type Mask = bool;

    one! { abs Abs, sqrt Sqrt, sin Sin, cos Cos }
    function! { exp Exp, exp_m1 Expm1, ln Log, ln_1p Log1p, tanh Tanh, sigmoid Sigmoid, erf Erf }
    two! { formula: copysign Copysign, rest Fmod, hypot Hypot, larger Maximum, smaller Minimum }
    two! { function: atan2 Atan2, exp_less ExpLess, powf Pow, pow_slope PowSlope }
    step! { sign, floor, trunc, round }
    compare! { lt, le, gt, ge, eq }

    #[inline(always)]
    fn of(x: f64) -> Self {
        Var::constant(T::of(x))
    }

    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn is_nan(self) -> bool {
        self.value.is_nan()
    }

    #[inline(always)]
    fn ln_1p_exp(self) -> Self {
        Var::function(Softplus { beta: 1.0, threshold: f64::INFINITY }, [self])
    }

    #[inline(always)]
    fn special<S: Special>(self) -> Self {
        Var::function(Smooth::<S>(PhantomData), [self])
    }

    #[inline(always)]
    fn scaled<S: Scaled>(self, factor: f64) -> Self {
        Var::function(OfProduct::<S>(factor, PhantomData), [self])
    }

    #[inline(always)]
    #[track_caller]
    fn powc(self, c: f64) -> Self {
        // Products of a few factors are not worth a call.
        match c {
            0.0 | 1.0 | 2.0 | 3.0 => Var::formula(Powf(c), [self]),
            _ => Var::function(Powf(c), [self]),
        }
    }

    #[inline(always)]
    #[track_caller]
    fn pow_log(self, e: Self, _: Self) -> Self {
        Var::function(PowLog, [self, e])
    }

    #[inline(always)]
    #[track_caller]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Var::formula(MulAdd, [self, a, b])
    }
}
