//! Quotients rounded to whole numbers.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::arithmetic::remainder::{check, rounded_up};
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `z = ⌊a / b⌋`, element by element; the operands are broadcast to a common shape. Integers stay integers. PyTorch
    /// also calls it `div` with `rounding_mode="floor"`.
    ///
    /// # Gradient
    /// None: the result is not tracked, for its derivative is zero wherever it exists.
    ///
    /// # Numerics
    /// The exact quotient is rounded, not the nearest number to it; what it leaves is [`Tensor::remainder`].
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ, or an integer is divided by 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([-7, 7]).floor_divide(&Tensor::from([2, 2]))?;
    /// assert_eq!(z.to_vec::<i64>()?, [-4, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn floor_divide(&self, other: &Tensor) -> Result<Tensor> {
        check("floor_divide", other)?;
        try_elementwise([self, other], FloorDivide)
    }

    /// `z = a / b` rounded towards zero, element by element; otherwise like [`Tensor::floor_divide`]. PyTorch calls it
    /// `div` with `rounding_mode="trunc"`.
    ///
    /// # Numerics
    /// Of floats it is the rounded quotient that is cut: 1.0 by 0.1 is 10 in `F32`, as in PyTorch, where `floor_divide`
    /// says 9.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ, or an integer is divided by 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([-7, 7]).trunc_divide(&Tensor::from([2, 2]))?;
    /// assert_eq!(z.to_vec::<i64>()?, [-3, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn trunc_divide(&self, other: &Tensor) -> Result<Tensor> {
        check("trunc_divide", other)?;
        try_elementwise([self, other], TruncDivide)
    }
}

#[derive(Clone, Copy)]
struct FloorDivide;

impl Elementwise<2> for FloorDivide {
    const NAME: &'static str = "floor_divide";
    const KEEPS: Keeps = Keeps::Untracked;
    const NEAR: bool = true;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| {
        let down = b != 0 && a.wrapping_rem(b) != 0 && (a < 0) != (b < 0);
        if b == 0 { 0 } else { a.wrapping_div(b) - i64::from(down) }
    });

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        let (zero, half, one) = (N::of(0.0), N::of(0.5), N::of(1.0));
        let (rest, quotient) = (a.rest(b), a / b);
        let whole = (a - rest) / b;
        let whole = N::select(rounded_up(rest, b), whole - one, whole);
        let floor = whole.floor();
        // The quotient of a multiple is whole, up to its rounding.
        let floor = N::select((whole - floor).gt(half), floor + one, floor);
        let floor = N::select(whole.eq(zero), zero.copysign(quotient), floor);
        N::select(b.eq(zero), quotient, floor)
    }
}

#[derive(Clone, Copy)]
struct TruncDivide;

impl Elementwise<2> for TruncDivide {
    const NAME: &'static str = "trunc_divide";
    const KEEPS: Keeps = Keeps::Untracked;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| if b == 0 { 0 } else { a.wrapping_div(b) });

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        (a / b).trunc()
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let zero = |x: &[Tensor]| (x[0].to_dtype(DType::I64), x[1].zeros_like().to_dtype(DType::I64));
    [
        Case::binary("floor_divide", -9.0..9.0, 0.3..2.0, |a, b| a.floor_divide(b), |a, b| (a / b).floor())
            .without_gradient()
            .refuses(
                move |x| zero(x).0.floor_divide(&zero(x).1),
                "floor_divide: element 0 of the integer divisor is 0",
            ),
        Case::binary("trunc_divide", -9.0..9.0, 0.3..2.0, |a, b| a.trunc_divide(b), |a, b| (a / b).trunc())
            .without_gradient()
            .refuses(
                move |x| zero(x).0.trunc_divide(&zero(x).1),
                "trunc_divide: element 0 of the integer divisor is 0",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn integers_are_divided_exactly() {
        let (a, b) = (Tensor::from([-7, 7, -7, 6, i64::MIN]), Tensor::from([2, -2, -2, 3, -1]));
        assert_eq!(a.floor_divide(&b).expect("shapes fit").to_vec::<i64>().expect("I64"), [-4, -4, 3, 2, i64::MIN]);
        assert_eq!(a.trunc_divide(&b).expect("shapes fit").to_vec::<i64>().expect("I64"), [-3, -3, 3, 2, i64::MIN]);
    }

    #[test]
    fn infinities_and_zeros_divide_as_in_python() {
        let inf = f64::INFINITY;
        let (a, b) = (Tensor::from([1.0, inf, -1.0, 0.0, 5.0]), Tensor::from([0.0, 1.0, inf, 0.0, -inf]));
        let z = a.floor_divide(&b).expect("shapes fit").to_f64s();
        assert!(z[0] == inf && z[1].is_nan() && z[2] == -1.0 && z[3].is_nan() && z[4] == -1.0, "{z:?}");
    }
}
