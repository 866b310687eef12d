//! Remainders of divisions.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// What the division `a / b` leaves, with the sign of a: `z = a − b trunc(a / b)`, exactly, element by element; the
    /// operands are broadcast to a common shape. NaN where b is 0. Integers stay integers.
    ///
    /// # Gradient
    /// `ga = gy`, `gb = −gy trunc(a / b)`; saves both. Where z jumps, the limit from one side.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ, or an integer is divided by 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([-5.5, 5.5]).fmod(&Tensor::from([3.0, -3.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [-2.5, 2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn fmod(&self, other: &Tensor) -> Result<Tensor> {
        check("fmod", other)?;
        try_elementwise([self, other], Fmod)
    }

    /// What the division `a / b` leaves, with the sign of b: `z = a − b ⌊a / b⌋`; otherwise like [`Tensor::fmod`].
    ///
    /// # Gradient
    /// `ga = gy`, `gb = −gy ⌊a / b⌋`; saves both. Where z jumps, the limit from one side.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ, or an integer is divided by 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([-5.5, 5.5]).remainder(&Tensor::from([3.0, -3.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [0.5, -0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn remainder(&self, other: &Tensor) -> Result<Tensor> {
        check("remainder", other)?;
        try_elementwise([self, other], Remainder)
    }
}

/// An integer divided by 0 is refused.
pub(super) fn check(op: &'static str, divisor: &Tensor) -> Result<()> {
    if divisor.dtype() != DType::I64 {
        return Ok(());
    }
    let packed = divisor.try_packed(op)?;
    Tensor::look(op, [&packed], move |[x]| match x.flat::<i64>().iter().position(|x| *x == 0) {
        Some(at) => Err(Error::new(ErrorKind::Argument, format!("{op}: element {at} of the integer divisor is 0"))),
        None => Ok(()),
    })
}

/// Whether the rest has another sign than the divisor: the quotient was rounded up.
#[inline(always)]
pub(super) fn rounded_up<N: Number>(rest: N, b: N) -> N::Mask {
    let zero = N::of(0.0);
    (rest.gt(zero) & b.lt(zero)) | (rest.lt(zero) & b.gt(zero))
}

/// The whole number of b in a beside this rest: not ⌊a / b⌋ of the rounded quotient, which may be the next one.
/// Infinite where b is 0.
#[inline(always)]
fn quotient<N: Number>(a: N, rest: N, b: N) -> N {
    N::select(b.eq(N::of(0.0)), a / b, (a - rest) / b).round()
}

#[derive(Clone, Copy)]
pub(crate) struct Fmod;

impl Elementwise<2> for Fmod {
    const NAME: &'static str = "fmod";
    const KEEPS: Keeps = Keeps::Inputs;
    const NEAR: bool = true;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| if b == 0 { 0 } else { a.wrapping_rem(b) });

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.rest(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy, -(gy * quotient(a, a.rest(b), b))]
    }
}

#[derive(Clone, Copy)]
struct Remainder;

impl Elementwise<2> for Remainder {
    const NAME: &'static str = "remainder";
    const KEEPS: Keeps = Keeps::Inputs;
    const NEAR: bool = true;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| {
        let rest = if b == 0 { 0 } else { a.wrapping_rem(b) };
        if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
    });

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        let rest = a.rest(b);
        N::select(rounded_up(rest, b), rest + b, rest)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let rest = a.rest(b);
        let whole = quotient(a, rest, b);
        [gy, -(gy * N::select(rounded_up(rest, b), whole - N::of(1.0), whole))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let zero = |x: &[Tensor]| (x[0].to_dtype(DType::I64), x[1].zeros_like().to_dtype(DType::I64));
    [
        Case::binary("fmod", -2.4..-2.1, 0.9..1.0, |a, b| a.fmod(b), |a, b| a % b)
            .not_with_itself()
            .refuses(move |x| zero(x).0.fmod(&zero(x).1), "fmod: element 0 of the integer divisor is 0"),
        Case::binary("remainder", -2.4..-2.1, 0.9..1.0, |a, b| a.remainder(b), |a, b| a - b * (a / b).floor())
            .not_with_itself()
            .refuses(move |x| zero(x).0.remainder(&zero(x).1), "remainder: element 0 of the integer divisor is 0"),
        Case::binary("remainder", 2.1..2.4, -1.0..-0.9, |a, b| a.remainder(b), |a, b| a - b * (a / b).floor())
            .not_with_itself(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad};

    #[test]
    fn gradients_are_those_of_the_value() {
        // 1 / 0.1 rounds to 10, and the rest is that of 9.
        for f in [Tensor::remainder, Tensor::fmod] {
            let [a, b] = [1.0, 0.1].map(|x| Tensor::from(x).requires_grad());
            let z = f(&a, &b).expect("floats");
            assert!((z.item::<f32>().expect("one") - 0.1).abs() < 1e-6);
            assert_eq!(grad(&z, &[&b]).expect("tracked")[0].to_f64s(), [-9.0]);
        }
        let [a, b] = [1.0, -0.1].map(|x| Tensor::from(x).requires_grad());
        let z = a.remainder(&b).expect("floats");
        assert_eq!(grad(&z, &[&b]).expect("tracked")[0].to_f64s(), [10.0]);
    }

    #[test]
    fn signs_are_those_of_the_dividend_and_of_the_divisor() {
        let (a, b) = (Tensor::from([-7, 7, -7, 6]), Tensor::from([3, -3, -3, 3]));
        assert_eq!(a.fmod(&b).expect("shapes fit").to_vec::<i64>().expect("I64"), [-1, 1, -1, 0]);
        assert_eq!(a.remainder(&b).expect("shapes fit").to_vec::<i64>().expect("I64"), [2, -2, -1, 0]);
        let (a, b) = (
            Tensor::from([1.0, -1.0, 5.0, -0.0, 1.0]),
            Tensor::from([f64::INFINITY, f64::INFINITY, 0.0, 3.0, f64::NAN]),
        );
        let z = a.remainder(&b).expect("shapes fit").to_f64s();
        assert_eq!(z[..2], [1.0, f64::INFINITY]);
        assert!(z[2].is_nan() && z[3].to_bits() == (-0.0f64).to_bits() && z[4].is_nan());
    }
}
