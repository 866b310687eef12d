//! The `Number` trait, in which the formulas of elementwise operations are written.

use super::math::exponential::Scalar;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Sub};

/// Something to calculate with: `f32` and `f64` in kernels, tensors when a backward walk is recorded.
///
/// A formula has no branches: it computes both sides and selects. What is computed on the side that is not selected has
/// no influence, neither on the value nor on a derivative of any order, whether it is infinite or NaN.
///
/// # Examples
/// ```
/// use autograd_core::update::Number;
/// fn relu<N: Number>(x: N) -> N {
///     N::select(x.gt(N::of(0.0)), x, N::of(0.0))
/// }
/// assert_eq!((relu(1.5f32), relu(-2.0f64)), (1.5, 0.0));
/// ```
pub trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// The answer to a comparison.
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask>;

    /// A constant, rounded to the nearest number there is.
    fn of(x: f64) -> Self;
    /// `yes` where the mask is true, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// Whether it is below `other`.
    fn lt(self, other: Self) -> Self::Mask;
    /// Whether it is at most `other`.
    fn le(self, other: Self) -> Self::Mask;
    /// Whether it is above `other`.
    fn gt(self, other: Self) -> Self::Mask;
    /// Whether it is at least `other`.
    fn ge(self, other: Self) -> Self::Mask;
    /// Whether it equals `other`.
    fn eq(self, other: Self) -> Self::Mask;
    /// Whether it is not a number.
    fn is_nan(self) -> Self::Mask;

    /// |x|
    fn abs(self) -> Self;
    /// −1, 0 or 1; NaN stays NaN.
    fn sign(self) -> Self;
    /// Rounded towards −∞.
    fn floor(self) -> Self;
    /// Rounded towards zero.
    fn trunc(self) -> Self;
    /// Rounded to the nearest whole number, halves to the even one.
    fn round(self) -> Self;
    /// x with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// What is left of x when a whole number of times `other` is taken from it, exactly, with the sign of x; not
    /// vectorised for `f32` and `f64`, see `near::Near`.
    fn rest(self, other: Self) -> Self;
    /// √(x² + y²), of which no square overflows.
    fn hypot(self, other: Self) -> Self;
    /// The angle of the point (`x`, `self`), from −π to π.
    fn atan2(self, x: Self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// ∛x
    #[inline(always)]
    fn cbrt(self) -> Self {
        self.special::<Cbrt>()
    }
    /// eˣ
    fn exp(self) -> Self;
    /// e^(x − m), x not above m; by `f32` and `f64` from the difference that is not rounded.
    #[inline(always)]
    fn exp_less(self, m: Self) -> Self {
        (self - m).exp()
    }
    /// eˣ − 1
    fn exp_m1(self) -> Self;
    /// ln x
    fn ln(self) -> Self;
    /// ln(1 + x)
    fn ln_1p(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1 / (1 + e⁻ˣ)
    fn sigmoid(self) -> Self;
    /// ln(1 + eˣ)
    #[inline(always)]
    fn ln_1p_exp(self) -> Self {
        let positive = Self::select(self.gt(Self::of(0.0)), self, Self::of(0.0));
        positive + (-self.abs()).exp().ln_1p()
    }
    /// 2/√π ∫₀ˣ e^(−t²) dt
    fn erf(self) -> Self;
    /// A function that is written for floats as a whole.
    fn special<S: Special>(self) -> Self;
    /// A function of the product with a constant, which is not rounded.
    fn scaled<S: Scaled>(self, factor: f64) -> Self;
    /// sin x; not vectorised for `f32` and `f64`, see `near::Near`.
    fn sin(self) -> Self;
    /// cos x; not vectorised for `f32` and `f64`, see `near::Near`.
    fn cos(self) -> Self;
    /// xᵉ for any x and e.
    fn powf(self, e: Self) -> Self;
    /// xᶜ for an exponent in double precision.
    fn powc(self, c: f64) -> Self;
    /// The derivative of xᵉ by x: e xᵉ⁻¹, and 0 where e = 0.
    fn pow_slope(self, e: Self) -> Self;
    /// The derivative of xᵉ by e: xᵉ ln x, and 0 where x = 0 and e ≥ 0; `power` is xᵉ.
    fn pow_log(self, e: Self, power: Self) -> Self;
    /// self · a + b, by `f32` and `f64` rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// The larger one; NaN if either is.
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        Self::select(self.gt(other) | self.is_nan(), self, other)
    }
    /// The smaller one; NaN if either is.
    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        Self::select(self.lt(other) | self.is_nan(), self, other)
    }
}

/// A function of one number that floats compute as a whole, because a formula of other functions would lose digits, and
/// its derivative as a formula: nothing in it is taken from something as large.
pub trait Special: Copy + Send + Sync + 'static {
    /// The name of the operation.
    const NAME: &'static str;

    /// f(x); mark it `#[inline(always)]`.
    fn value<T: Scalar>(x: T) -> T;
    /// f′(x)
    fn slope<N: Number>(x: N) -> N;
}

/// A function of a product c x of a number and a constant. The product is a sum of two numbers, for in a tail its error
/// counts c x times.
pub trait Scaled: Copy + Send + Sync + 'static {
    /// The name of the operation.
    const NAME: &'static str;

    /// f(high + low), where low is NaN if high is infinite; mark it `#[inline(always)]`.
    fn value<T: Scalar>(high: T, low: T) -> T;
    /// The derivative of f(c x) by x.
    fn slope<N: Number>(x: N, c: f64) -> N;
}

/// A [`Special`] from one line for each of its parts: name and title, the function on floats, the derivative.
macro_rules! special {
    ($(#[$doc:meta])* $visible:vis $name:ident: $title:literal, $f:path; |$x:ident| $slope:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        $visible struct $name;

        impl $crate::kernels::number::Special for $name {
            const NAME: &'static str = $title;

            #[inline(always)]
            fn value<T: $crate::kernels::math::exponential::Scalar>(x: T) -> T {
                $f(x)
            }

            #[inline(always)]
            fn slope<N: $crate::kernels::number::Number>($x: N) -> N {
                $slope
            }
        }
    };
}
pub(crate) use special;

special! {
    /// `∛x`
    pub Cbrt: "cbrt", Scalar::cube_root;
    |x| {
        let y = x.cbrt();
        N::of(1.0 / 3.0) / (y * y)
    }
}

/// A [`Scaled`] from one line for each of its parts, like [`special`].
macro_rules! scaled {
    ($(#[$doc:meta])* $visible:vis $name:ident: $title:literal, $f:path; |$x:ident, $c:ident| $slope:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        $visible struct $name;

        impl $crate::kernels::number::Scaled for $name {
            const NAME: &'static str = $title;

            #[inline(always)]
            fn value<T: $crate::kernels::math::exponential::Scalar>(high: T, low: T) -> T {
                $f(high, low)
            }

            #[inline(always)]
            fn slope<N: $crate::kernels::number::Number>($x: N, $c: f64) -> N {
                $slope
            }
        }
    };
}
pub(crate) use scaled;
