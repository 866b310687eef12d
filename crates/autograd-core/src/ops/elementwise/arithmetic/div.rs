//! Division.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Quotient, as an error instead of the panic of `/`.
    ///
    /// `z = a / b`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy / b`, `gb = −gy · a / b²`; saves both. Integers become `F32` first.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0, 5.0]).try_div(&Tensor::from([2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [1.5, 2.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn try_div(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Div)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Div;

impl Elementwise<2> for Div {
    const NAME: &'static str = "div";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a / b
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy / b, -(gy * (a / b / b))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("div", -2.0..2.0, 0.5..2.0, |a, b| a.try_div(b), |a, b| a / b)];
