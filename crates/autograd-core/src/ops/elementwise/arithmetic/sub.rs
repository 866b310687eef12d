//! Subtraction.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Difference, as an error instead of the panic of `-`.
    ///
    /// `z = a − b`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy`, `gb = −gy`; saves nothing. Integers stay integers.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0, 5.0]).try_sub(&Tensor::from([1.0, 7.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [2.0, -2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn try_sub(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Sub)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sub;

impl Elementwise<2> for Sub {
    const NAME: &'static str = "sub";
    const KEEPS: Keeps = Keeps::Nothing;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| a.wrapping_sub(b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a - b
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 2], _: N) -> [N; 2] {
        [gy, -gy]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("sub", -2.0..2.0, -2.0..2.0, |a, b| a.try_sub(b), |a, b| a - b)];
