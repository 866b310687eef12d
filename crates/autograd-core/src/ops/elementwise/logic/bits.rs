//! Logic of the bits of integers.

use crate::error::Result;
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::check::Check;
use crate::ops::elementwise::map::map;
use crate::tensor::{DType, Tensor};

/// `z = f(a, b)` for two tensors of integers.
fn of_integers<F: Function<2, i64, i64>>(op: &'static str, a: &Tensor, b: &Tensor, f: F) -> Result<Tensor> {
    Check(op).same_dtype(a, b)?;
    Check(op).dtype(a, DType::I64)?;
    map::<i64, i64, 2>(op, Compiled::new(f), [a, b])
}

/// `z = f(a, b)` for two tensors of integers or of truth values.
fn of_bits<F>(op: &'static str, a: &Tensor, b: &Tensor, f: F) -> Result<Tensor>
where
    F: Function<2, i64, i64> + Function<2, u8, u8>,
{
    match Check(op).same_dtype(a, b)? {
        DType::Bool => map::<u8, u8, 2>(op, Compiled::new(f), [a, b]),
        _ => of_integers(op, a, b, f),
    }
}

macro_rules! functions {
    ($(
        $name:ident $struct:ident $by:ident ($($t:ident)*) $dtypes:literal $words:literal
        |$a:ident, $b:ident| $value:expr, $example:literal;
    )*) => {$(
        #[derive(Clone, Copy)]
        struct $struct;
        $(functions!(@impl $struct $t $a $b $value);)*
        impl Tensor {
            #[doc = concat!($words, " The operands are broadcast to a common shape.")]
            ///
            /// # Errors
            #[doc = concat!("If the shapes do not broadcast, the dtypes differ, or they are not ", $dtypes, ".")]
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::Tensor;
            #[doc = concat!("let z = Tensor::from([12, -7]).", stringify!($name), "(&Tensor::from([10, 1]))?;")]
            #[doc = concat!("assert_eq!(z.to_vec::<i64>()?, ", $example, ");")]
            /// # Ok::<(), autograd_core::Error>(())
            /// ```
            pub fn $name(&self, other: &Tensor) -> Result<Tensor> {
                $by(stringify!($name), self, other, $struct)
            }
        }
    )*};
    (@impl $struct:ident $t:ident $a:ident $b:ident $value:expr) => {
        impl Function<2, $t, $t> for $struct {
            #[inline(always)]
            fn call(self, [$a, $b]: [$t; 2]) -> $t {
                $value
            }
        }
    };
}
functions! {
    bitwise_and And of_bits (i64 u8) "`I64` or `Bool`" "The bits that both have." |a, b| a & b, "[8, 1]";
    bitwise_or Or of_bits (i64 u8) "`I64` or `Bool`" "The bits that either has." |a, b| a | b, "[14, -7]";
    bitwise_xor Xor of_bits (i64 u8) "`I64` or `Bool`" "The bits that one of the two has." |a, b| a ^ b, "[6, -8]";
    bitwise_left_shift Left of_integers (i64) "`I64`"
        "The bits moved up by `other` places: `a · 2ᵇ`, 0 if that is not from 0 to 63."
        |a, b| if (0..64).contains(&b) { a << b } else { 0 }, "[12288, -14]";
    bitwise_right_shift Right of_integers (i64) "`I64`"
        "The bits moved down by `other` places: `⌊a / 2ᵇ⌋`, the sign alone if that is not from 0 to 63."
        |a, b| a >> (if (0..64).contains(&b) { b } else { 63 }), "[0, -4]";
}

impl Tensor {
    /// The bits that it does not have: `y = −x − 1` of integers, the other of truth values.
    ///
    /// # Errors
    /// If the dtype is neither `I64` nor `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([12, -7]).bitwise_not()?.to_vec::<i64>()?, [-13, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bitwise_not(&self) -> Result<Tensor> {
        if self.dtype() == DType::Bool {
            return self.logical_not();
        }
        Check("bitwise_not").dtype(self, DType::I64)?;
        self.bitwise_xor(&Tensor::full(&[], -1.0, DType::I64)?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    type Call = fn(&Tensor, &Tensor) -> crate::Result<Tensor>;
    let case = |op: &'static str, call: Call, reference: fn(i64, i64) -> i64| {
        let inputs = vec![Input::index(&[3, 4], 40), Input::index(&[4], 70)];
        let case = Case::new(op, inputs, move |x| call(&x[0].add_scalar(-20.0), &x[1].add_scalar(-2.0)))
            .value(move |x| (0..12).map(|i| reference(x[0][i] as i64 - 20, x[1][i % 4] as i64 - 2) as f64).collect());
        case.without_gradient()
            .refuses(
                move |x| call(&x[0].to_dtype(DType::F32), &x[1].to_dtype(DType::F32)),
                format!("{op}: dtype is F32, expected I64; to_dtype converts"),
            )
            .refuses(
                move |x| call(&x[0], &x[1].to_dtype(DType::F32)),
                format!("{op}: dtypes I64 and F32 do not mix; convert one with to_dtype"),
            )
            .refuses(
                move |x| call(&x[0], &x[0].t()?),
                format!(
                    "{op}: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)"
                ),
            )
    };
    [
        case("bitwise_and", Tensor::bitwise_and, |a, b| a & b),
        case("bitwise_or", Tensor::bitwise_or, |a, b| a | b),
        case("bitwise_xor", Tensor::bitwise_xor, |a, b| a ^ b),
        case("bitwise_left_shift", Tensor::bitwise_left_shift, |a, b| {
            if (0..64).contains(&b) { a.wrapping_mul(1i64.wrapping_shl(b as u32)) } else { 0 }
        }),
        case("bitwise_right_shift", Tensor::bitwise_right_shift, |a, b| {
            if (0..64).contains(&b) { (i128::from(a)).div_euclid(1i128 << b) as i64 } else { -i64::from(a < 0) }
        }),
        Case::new("bitwise_not", vec![Input::index(&[3, 4], 40)], |x| x[0].bitwise_not())
            .value(|x| x[0].iter().map(|x| -x - 1.0).collect())
            .without_gradient()
            .refuses(
                |x| x[0].to_dtype(DType::F32).bitwise_not(),
                "bitwise_not: dtype is F32, expected I64; to_dtype converts",
            ),
        Case::new("bitwise_and", vec![Input::mask(&[3, 4]), Input::mask(&[3, 4])], |x| {
            x[0].bitwise_and(&x[1])?.bitwise_not()?.bitwise_xor(&x[0])
        })
        .value(|x| {
            x[0].iter().zip(&x[1]).map(|(a, b)| if (*a * *b == 0.0) != (*a == 1.0) { 1.0 } else { 0.0 }).collect()
        })
        .without_gradient(),
    ]
}];
