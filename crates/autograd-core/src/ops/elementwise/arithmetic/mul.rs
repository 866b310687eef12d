//! Multiplication.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Product, as an error instead of the panic of `*`.
    ///
    /// `z = a · b`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy · b`, `gb = gy · a`; saves both. Integers stay integers.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0, 5.0]).try_mul(&Tensor::from([2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [6.0, 10.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn try_mul(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Mul)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Mul;

impl Elementwise<2> for Mul {
    const NAME: &'static str = "mul";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.wrapping_mul(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a * b
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy * b, gy * a]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("mul", -2.0..2.0, -2.0..2.0, |a, b| a.try_mul(b), |a, b| a * b)];
