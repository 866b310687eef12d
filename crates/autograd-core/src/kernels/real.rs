//! The scalar types of kernels: `f32` and `f64` behind one trait.

use super::math;
use super::math::exponential::Scalar;
use super::number::{Number, Scaled, Special};
use super::simd::Lanes;
use crate::storage::block::Plain;
use std::ops::{AddAssign, SubAssign};

/// A floating-point number. Every method is branch-free and vectorises, apart from
/// those that say otherwise.
///
/// # Examples
/// ```
/// use autograd_core::update::{Number, Real};
/// fn halves<T: Real>(x: T) -> f64 {
///     (x * T::of(2.0)).floor().as_f64()
/// }
/// assert_eq!((halves(1.3f32), halves(-0.2f64)), (2.0, -1.0));
/// ```
pub trait Real:
    Number<Mask = bool> + Plain + Lanes + PartialOrd + Default + std::fmt::Debug + AddAssign + SubAssign
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// −∞
    const NEG_INFINITY: Self;
    /// +∞
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;
    /// Squares and their sums below this have lost digits to the least number: the smallest normal one over ε.
    const FAINT: Self;

    /// This value as `f64`, exactly.
    fn as_f64(self) -> f64;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// `e^(x − m)` for x not above m, and at most [`Real::NEAR`] below it: the bits of [`Number::exp_less`].
    fn exp_near(self, m: Self) -> Self;
    /// How far below m an exponential of the difference is a normal number.
    const NEAR: Self;
    /// sin x, for |x| up to [`Real::TRIG_LIMIT`], vectorised.
    fn sin_near(self) -> Self;
    /// cos x, for |x| up to [`Real::TRIG_LIMIT`], vectorised.
    fn cos_near(self) -> Self;
    /// The largest argument of the vectorised sine and cosine.
    const TRIG_LIMIT: Self;
}

#[cfg(test)]
thread_local! {
    /// How often this thread has called a function that is not vectorised.
    pub(crate) static CALLED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

macro_rules! real {
    ($t:ident, $trig_limit:expr, $near:expr, $exp_near:ident, $exp:ident, $exp_less:ident, $expm1:ident, $ln:ident, $ln1p:ident, $tanh:ident, $sigmoid:ident, $erf:ident, $pow:ident, $sin:ident, $cos:ident) => {
        impl Number for $t {
            type Mask = bool;
            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self < other
            }
            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self <= other
            }
            #[inline(always)]
            fn gt(self, other: Self) -> bool {
                self > other
            }
            #[inline(always)]
            fn ge(self, other: Self) -> bool {
                self >= other
            }
            #[inline(always)]
            fn eq(self, other: Self) -> bool {
                self == other
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn sign(self) -> Self {
                let negative = if self < 0.0 { -1.0 } else { self * 0.0 };
                if self > 0.0 { 1.0 } else { negative }
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $t::floor(self)
            }
            #[inline(always)]
            fn trunc(self) -> Self {
                $t::trunc(self)
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                $t::copysign(self, sign)
            }
            #[inline(always)]
            fn round(self) -> Self {
                $t::round_ties_even(self)
            }
            #[inline]
            fn rest(self, other: Self) -> Self {
                #[cfg(test)]
                CALLED.set(CALLED.get() + 1);
                self % other
            }
            #[inline(always)]
            fn hypot(self, other: Self) -> Self {
                math::arc::hypot(self, other)
            }
            #[inline(always)]
            fn atan2(self, x: Self) -> Self {
                math::arc::atan2(self, x)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                math::$exp(self)
            }
            #[inline(always)]
            fn exp_less(self, m: Self) -> Self {
                math::$exp_less(self, m)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                math::$expm1(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                math::$ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                math::$ln1p(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                math::$tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                math::$sigmoid(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                math::$erf(self)
            }
            #[inline(always)]
            fn special<S: Special>(self) -> Self {
                S::value(self)
            }
            #[inline(always)]
            fn scaled<S: Scaled>(self, factor: f64) -> Self {
                let (rounded, rest) = (factor as $t, <$t as Scalar>::rest_of(factor, 0.0));
                let high = self * rounded;
                S::value(high, self.mul_add(rounded, -high) + self * rest)
            }
            #[inline]
            fn sin(self) -> Self {
                $t::sin(self)
            }
            #[inline]
            fn cos(self) -> Self {
                $t::cos(self)
            }
            #[inline(always)]
            fn powf(self, e: Self) -> Self {
                math::$pow(self, e.into())
            }
            #[inline(always)]
            fn powc(self, c: f64) -> Self {
                math::$pow(self, c)
            }
            #[inline(always)]
            fn pow_slope(self, e: Self) -> Self {
                let slope = e * math::$pow(self, f64::from(e) - 1.0);
                // Near 0, where 1/x is ∞, and where x is NaN, 0 times it is not 0.
                if e == 0.0 { 0.0 } else { slope }
            }
            #[inline(always)]
            fn pow_log(self, e: Self, power: Self) -> Self {
                if self == 0.0 && e >= 0.0 { 0.0 } else { power * Number::ln(self) }
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
        }
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const INFINITY: Self = $t::INFINITY;
            const NAN: Self = $t::NAN;
            const FAINT: Self = $t::MIN_POSITIVE / $t::EPSILON;
            const TRIG_LIMIT: Self = $trig_limit;
            #[inline(always)]
            fn as_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            const NEAR: $t = $near;
            #[inline(always)]
            fn exp_near(self, m: Self) -> Self {
                math::$exp_near(self, m)
            }
            #[inline(always)]
            fn sin_near(self) -> Self {
                math::$sin(self)
            }
            #[inline(always)]
            fn cos_near(self) -> Self {
                math::$cos(self)
            }
        }
    };
}
real!(
    f32,
    math::SIN_LIMIT_F32,
    math::NEAR_F32,
    exp_near_f32,
    exp_f32,
    exp_less_f32,
    expm1_f32,
    ln_f32,
    ln_1p_f32,
    tanh_f32,
    sigmoid_f32,
    erf_f32,
    pow_f32,
    sin_f32,
    cos_f32
);
real!(
    f64,
    math::SIN_LIMIT_F64,
    math::NEAR_F64,
    exp_near_f64,
    exp_f64,
    exp_less_f64,
    expm1_f64,
    ln_f64,
    ln_1p_f64,
    tanh_f64,
    sigmoid_f64,
    erf_f64,
    pow_f64,
    sin_f64,
    cos_f64
);
