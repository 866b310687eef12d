//! Floats within the range of vectorised sines and remainders.

use super::number::{Number, Scaled, Special};
use super::real::Real;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A float whose sine, cosine and remainder are vectorised, and NaN beyond the range in which that is accurate.
#[derive(Clone, Copy)]
pub struct Near<T>(pub T);

macro_rules! operator {
    ($($trait:ident $method:ident $sign:tt;)*) => {$(
        impl<T: Real> $trait for Near<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Near(self.0 $sign other.0)
            }
        }
    )*};
}
operator! { Add add +; Sub sub -; Mul mul *; Div div /; }

impl<T: Real> Neg for Near<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Near(-self.0)
    }
}

impl<T: Real> Near<T> {
    /// `y` where the vectorised functions are accurate.
    #[inline(always)]
    fn if_near(self, y: T) -> Self {
        Near(T::select(self.0.abs().le(T::TRIG_LIMIT), y, T::NAN))
    }
}

macro_rules! same {
    ($($f:ident)*) => {$(
        #[inline(always)]
        fn $f(self) -> Self {
            Near(self.0.$f())
        }
    )*};
}
macro_rules! with {
    ($($f:ident)*) => {$(
        #[inline(always)]
        fn $f(self, other: Self) -> Self {
            Near(Number::$f(self.0, other.0))
        }
    )*};
}
macro_rules! compare {
    ($($f:ident)*) => {$(
        #[inline(always)]
        fn $f(self, other: Self) -> bool {
            Number::$f(self.0, other.0)
        }
    )*};
}

impl<T: Real> Number for Near<T> {
    type Mask = bool;
    same! { abs sign floor trunc round sqrt exp exp_m1 ln ln_1p tanh sigmoid erf }
    compare! { lt le gt ge eq }
    with! { copysign hypot atan2 powf pow_slope }
    #[inline(always)]
    fn of(x: f64) -> Self {
        Near(T::of(x))
    }
    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        Near(T::select(mask, yes.0, no.0))
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        self.0.is_nan()
    }
    #[inline(always)]
    fn special<S: Special>(self) -> Self {
        Near(self.0.special::<S>())
    }
    #[inline(always)]
    fn scaled<S: Scaled>(self, factor: f64) -> Self {
        Near(self.0.scaled::<S>(factor))
    }
    #[inline(always)]
    fn rest(self, other: Self) -> Self {
        let (zero, a, b) = (T::ZERO, self.0, other.0);
        let whole = (a / b).trunc();
        // Exact: a multiple of the last place of b, and not above b. 0 times an infinite b would be NaN.
        let rest = T::select(whole.eq(zero), a, (-whole).mul_add(b, a));
        // The quotient may have been rounded up to a whole number.
        let over = (rest.lt(zero) & a.gt(zero)) | (rest.gt(zero) & a.lt(zero));
        let rest = T::select(over, rest.abs() - b.abs(), rest).copysign(a);
        Near(T::select(whole.abs().le(T::TRIG_LIMIT), rest, T::NAN))
    }
    #[inline(always)]
    fn sin(self) -> Self {
        self.if_near(self.0.sin_near())
    }
    #[inline(always)]
    fn cos(self) -> Self {
        self.if_near(self.0.cos_near())
    }
    #[inline(always)]
    fn powc(self, c: f64) -> Self {
        Near(self.0.powc(c))
    }
    #[inline(always)]
    fn pow_log(self, e: Self, power: Self) -> Self {
        Near(self.0.pow_log(e.0, power.0))
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Near(self.0.mul_add(a.0, b.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_numbers_are_accurate_or_nan() {
        for x in [0.0f32, -1.5, 1e6, 2e6, f32::MAX, f32::INFINITY, f32::NAN] {
            let (near, any) = ([Near(x).sin().0, Near(x).cos().0], [x.sin(), x.cos()]);
            for (near, any) in near.into_iter().zip(any) {
                let right = if x.abs() <= f32::TRIG_LIMIT { (near - any).abs() < 1e-6 } else { near.is_nan() };
                assert!(right, "{x}: {near}, {any}");
            }
        }
    }

    #[test]
    fn near_remainders_are_exact_or_nan() {
        let sizes = [0.0f32, 1e-45, 1e-38, 0.1, 0.3, 1.0, 2.999_999_8, 3.0, 6.0, 1e6, 1.5e9, f32::MAX, f32::INFINITY];
        let all: Vec<f32> = sizes.into_iter().flat_map(|x| [x, -x]).chain([f32::NAN]).collect();
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b))) {
            let (near, exact) = (Near(a).rest(Near(b)).0, a % b);
            let within = (a / b).abs() <= f32::TRIG_LIMIT;
            assert!(near.to_bits() == exact.to_bits() || (near.is_nan() && !within), "{a} % {b}: {near}, {exact}");
        }
    }
}
