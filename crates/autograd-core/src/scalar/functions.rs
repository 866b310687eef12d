//! The mathematics of floats and of variables.

use super::formulas::Signum;
use super::reads::Reads;
use super::var::Var;
use crate::kernels::number::Number;
use crate::ops::elementwise::activation::softplus::Softplus;
use crate::ops::elementwise::activation::{elu::ELU, gelu::Gelu, leaky_relu::LeakyRelu, relu::Relu, silu::Silu};
use crate::ops::elementwise::arithmetic::reciprocal::Reciprocal;
use crate::ops::elementwise::compare::{clamp::Clamp, fmax::Fmax, fmax::Fmin};
use crate::ops::elementwise::exponential::{exp2::EXP2, log2::LOG2, log10::LOG10};
use crate::ops::elementwise::hyperbolic::{acosh::ACOSH, asinh::ASINH, atanh::ATANH, sinh::COSH, sinh::SINH};
use crate::ops::elementwise::rounding::{floor::Ceil, trunc::Frac};
use crate::ops::elementwise::special::{digamma::DIGAMMA, erfc::ERFC, lgamma::LGAMMA};
use crate::ops::elementwise::trigonometric::{acos::ACOS, asin::ASIN, atan::ATAN, tan::TAN};
use std::fmt::Debug;

/// What the functions of `Scalar` are: those of a chain with their parameter, and formulas.
macro_rules! functions {
    (chains: $($doc:literal $f:ident $chain:ident;)* formulas: $($title:literal $g:ident $formula:expr;)*) => {
        $(
            #[doc = $doc]
            #[track_caller]
            fn $f(self) -> Self {
                self.derivative(&$chain, 0.0, 0)
            }
        )*
        $(
            #[doc = $title]
            #[inline(always)]
            #[track_caller]
            fn $g(self) -> Self {
                Self::apply($formula, [self])
            }
        )*
    };
}

/// `f32`, `f64` and variables with either as value, or with variables as value: a [`Number`] with the rest of the
/// mathematics.
///
/// Names and meanings are those of the methods of `f64`, and of tensors for what floats do not have; `round` rounds
/// halves to the even neighbour. On a variable all are methods of its own, which need no import of this trait.
///
/// # Examples
/// ```
/// use autograd_core::scalar::{Scalar, Tape};
///
/// /// The height of a hanging chain.
/// fn catenary<S: Scalar>(x: S, width: S) -> S {
///     width * (x / width).cosh()
/// }
/// assert_eq!(catenary(0.0, 2.0f32), 2.0);
/// let tape = Tape::new();
/// let [x, width] = tape.vars([1.0, 2.0]);
/// let slope = catenary(x, width).gradient(&[x])?[0];
/// assert!((slope - 0.5f64.sinh()).abs() < 1e-15);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[expect(private_bounds, reason = "formulas stay in the crate")]
pub trait Scalar: Number<Mask = bool> + PartialOrd + Debug + Reads {
    functions! {
        chains:
        "2ˣ" exp2 EXP2;
        "Logarithm to base 2." log2 LOG2;
        "Logarithm to base 10." log10 LOG10;
        "Tangent." tan TAN;
        "Arc sine." asin ASIN;
        "Arc cosine." acos ACOS;
        "Arc tangent." atan ATAN;
        "Hyperbolic sine." sinh SINH;
        "Hyperbolic cosine." cosh COSH;
        "Inverse hyperbolic sine." asinh ASINH;
        "Inverse hyperbolic cosine." acosh ACOSH;
        "Inverse hyperbolic tangent." atanh ATANH;
        "1 − erf x" erfc ERFC;
        "Logarithm of |Γ(x)|." lgamma LGAMMA;
        "The derivative of [`Scalar::lgamma`]." digamma DIGAMMA;
        formulas:
        "1 / x" recip Reciprocal;
        "Rounded towards +∞." ceil Ceil;
        "What [`Number::trunc`] leaves." fract Frac;
        "1 with the sign of x; NaN stays NaN." signum Signum;
        "max(x, 0)" relu Relu;
        "ln(1 + eˣ)" softplus Softplus { beta: 1.0, threshold: 20.0 };
    }

    /// x σ(x)
    #[inline(always)]
    #[track_caller]
    fn silu(self) -> Self {
        self.special::<Silu>()
    }

    /// x Φ(x)
    #[inline(always)]
    #[track_caller]
    fn gelu(self) -> Self {
        self.special::<Gelu>()
    }

    /// x above 0, `slope` x below.
    #[inline(always)]
    #[track_caller]
    fn leaky_relu(self, slope: f64) -> Self {
        Self::apply(LeakyRelu { slope }, [self])
    }

    /// x above 0, `alpha` (eˣ − 1) below.
    #[track_caller]
    fn elu(self, alpha: f64) -> Self {
        self.derivative(&ELU, alpha, 0)
    }

    /// xⁿ
    #[inline(always)]
    #[track_caller]
    fn powi(self, n: i32) -> Self {
        self.powc(n.into())
    }

    /// Logarithm to some base.
    #[track_caller]
    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    /// Sine and cosine.
    #[track_caller]
    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    /// Radians as degrees.
    #[inline(always)]
    #[track_caller]
    fn to_degrees(self) -> Self {
        self * Self::of(180.0 / std::f64::consts::PI)
    }

    /// Degrees as radians.
    #[inline(always)]
    #[track_caller]
    fn to_radians(self) -> Self {
        self * Self::of(std::f64::consts::PI / 180.0)
    }

    /// The larger one; the other where one is NaN. Where they tie, each has half of the slope.
    #[inline(always)]
    #[track_caller]
    fn max(self, other: Self) -> Self {
        Self::apply(Fmax, [self, other])
    }

    /// The smaller one; the other where one is NaN. Where they tie, each has half of the slope.
    #[inline(always)]
    #[track_caller]
    fn min(self, other: Self) -> Self {
        Self::apply(Fmin, [self, other])
    }

    /// Limited to an interval; at its ends the slope is 0. If `min > max`, it is `max`.
    #[inline(always)]
    #[track_caller]
    fn clamp(self, min: f64, max: f64) -> Self {
        Self::apply(Clamp { min, max }, [self])
    }

    /// What the division by `other` leaves, not negative.
    #[track_caller]
    fn rem_euclid(self, other: Self) -> Self {
        let rest = self.rest(other);
        if rest.lt(Self::of(0.0)) { rest + other.abs() } else { rest }
    }
}

impl Scalar for f32 {}
impl Scalar for f64 {}
impl<T: Scalar> Scalar for Var<'_, T> {}

/// The methods of both traits, as methods of the variable.
macro_rules! own {
    ($($trait:ident: $($f:ident($($x:ident: $t:ty),*) $(-> $output:ty)?),*;)*) => {
        impl<T: Scalar> Var<'_, T> {
            $($(
                #[doc = concat!("See [`", stringify!($trait), "::", stringify!($f), "`].")]
                #[must_use]
                #[inline(always)]
                #[track_caller]
                pub fn $f(self $(, $x: $t)*) -> own!(@ $($output)?) {
                    <Self as $trait>::$f(self $(, $x.into())*)
                }
            )*)*
        }
    };
    (@ $output:ty) => { $output };
    (@) => { Self };
}
own! {
    Number: abs(), sqrt(), cbrt(), exp(), exp_m1(), ln(), ln_1p(), sin(), cos(), tanh(), sigmoid(), erf(), floor(), trunc(),
        round(), is_nan() -> bool, hypot(other: impl Into<Self>), atan2(x: impl Into<Self>), copysign(sign: impl Into<Self>),
        mul_add(a: impl Into<Self>, b: impl Into<Self>);
    Scalar: exp2(), log2(), log10(), tan(), asin(), acos(), atan(), sinh(), cosh(), asinh(), acosh(), atanh(), erfc(),
        lgamma(), digamma(), recip(), ceil(), fract(), relu(), softplus(), silu(), gelu(), leaky_relu(slope: f64),
        elu(alpha: f64), powi(n: i32), log(base: impl Into<Self>), sin_cos() -> (Self, Self), to_degrees(), to_radians(),
        max(other: impl Into<Self>), min(other: impl Into<Self>), clamp(min: f64, max: f64),
        rem_euclid(other: impl Into<Self>), signum();
}

impl<T: Scalar> Var<'_, T> {
    /// xᶜ for a plain exponent; see [`Var::pow`] for a variable.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::scalar::Tape;
    /// let tape = Tape::new();
    /// let [x, e] = tape.vars([4.0, 1.5]);
    /// assert_eq!((x.powf(1.5).value(), x.pow(e).value()), (8.0, 8.0));
    /// assert_eq!(x.powf(1.5).gradient(&[x])?, [3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    #[inline(always)]
    #[track_caller]
    pub fn powf(self, c: f64) -> Self {
        self.powc(c)
    }

    /// xᵉ
    #[must_use]
    #[inline(always)]
    #[track_caller]
    pub fn pow(self, e: Self) -> Self {
        Number::powf(self, e)
    }
}
