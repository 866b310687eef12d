//! The class of a number: NaN, infinite, finite, negative.

use crate::error::refuse;
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::elementwise::map::map;
use crate::tape::cut;
use crate::tensor::{Tensor, for_any};

/// Functions of a float; integers and truth values, which are finite, have an answer without looking, or are compared.
macro_rules! classes {
    ($(
        $name:ident $struct:ident $words:literal
        |$x:ident| $float:expr, |$i:ident| $integer:expr, $example:literal;
    )*) => {$(
        #[derive(Clone, Copy)]
        struct $struct;
        classes!(@float $struct f32 $x $float);
        classes!(@float $struct f64 $x $float);
        classes!(@integer $struct i64 $i $integer);
        classes!(@integer $struct u8 $i $integer);
        impl Tensor {
            #[doc = concat!("Where x is ", $words, ". The result is `Bool`.")]
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::Tensor;
            /// let x = Tensor::from([1.0, -0.0, f64::NAN, f64::NEG_INFINITY]);
            #[doc = concat!("let y = x.", stringify!($name), "();")]
            #[doc = concat!("assert_eq!(y.to_vec::<bool>()?, ", $example, ");")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            pub fn $name(&self) -> Tensor {
                class(stringify!($name), self, $struct)
            }
        }
    )*};
    (@float $struct:ident $t:ident $x:ident $float:expr) => {
        impl Function<1, $t, u8> for $struct {
            #[inline(always)]
            fn call(self, [$x]: [$t; 1]) -> u8 {
                u8::from($float)
            }
        }
    };
    (@integer $struct:ident $t:ident $i:ident $integer:expr) => {
        impl Function<1, $t, u8> for $struct {
            #[inline(always)]
            fn call(self, [$i]: [$t; 1]) -> u8 {
                u8::from($integer)
            }
        }
    };
}
classes! {
    isnan IsNan "NaN" |x| x.is_nan(), |_x| false, "[false, false, true, false]";
    isinf IsInf "infinite" |x| x.is_infinite(), |_x| false, "[false, false, false, true]";
    isposinf IsPosinf "+∞" |x| x.is_infinite() && x > 0.0, |_x| false, "[false; 4]";
    isneginf IsNeginf "−∞" |x| x.is_infinite() && x < 0.0, |_x| false, "[false, false, false, true]";
    isfinite IsFinite "neither infinite nor NaN" |x| x.is_finite(), |_x| true, "[true, true, false, false]";
    signbit Signbit "negative, −0 too" |x| x.is_sign_negative(), |x| !(0..).contains(&x), "[false, true, false, true]";
}

fn class<F>(op: &'static str, x: &Tensor, f: F) -> Tensor
where
    F: Function<1, f32, u8> + Function<1, f64, u8> + Function<1, i64, u8> + Function<1, u8, u8>,
{
    cut(op, &[x]);
    for_any!(x.dtype(), T => map::<T, u8, 1>(op, Compiled::new(f), [x])).unwrap_or_else(|error| refuse(&error))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let case = |op, call: fn(&Tensor) -> Tensor, reference: fn(f64) -> bool| {
        // What is infinite in F32 may be finite in F64.
        let case = Case::unary(
            op,
            -2.0..2.0,
            &[0.0],
            move |x| call(&x.reciprocal().log()),
            move |x| f64::from(u8::from(reference((1.0 / x).ln()))),
        );
        case.without_gradient().within_ulps([f64::INFINITY; 3])
    };
    [
        case("isnan", Tensor::isnan, f64::is_nan),
        case("isinf", Tensor::isinf, f64::is_infinite),
        case("isposinf", Tensor::isposinf, |x| x == f64::INFINITY),
        case("isneginf", Tensor::isneginf, |x| x == f64::NEG_INFINITY),
        case("isfinite", Tensor::isfinite, f64::is_finite),
        case("signbit", |x| x.nan_to_num(-1.0, None, None).signbit(), |x| x.is_nan() || x < 0.0),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn integers_are_finite() {
        let x = Tensor::from([-3, 0, i64::MAX]);
        let of = |y: Tensor| y.to_vec::<bool>().expect("Bool");
        assert_eq!([x.isnan(), x.isinf(), x.isposinf(), x.isneginf()].map(of), [[false; 3]; 4]);
        assert_eq!(of(x.isfinite()), [true; 3]);
        assert_eq!(of(x.signbit()), [true, false, false]);
        assert_eq!(of(x.to_dtype(DType::Bool).signbit()), [false; 3]);
    }
}
