//! Division.
//!
//! forward    z = a / b
//! backward   ga = gy / b, gb = −gy a / b²    saves both

use super::binary::{Binary, binary};
use crate::error::Result;
use crate::kernels::real::Real;
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
        binary(self, other, Div)
    }
}

#[derive(Clone, Copy)]
struct Div;

impl Binary for Div {
    const NAME: &'static str = "div";
    const KEEPS_OPERANDS: bool = true;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a / b
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, _a: T, b: T) -> T {
        gy / b
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, a: T, b: T) -> T {
        -(gy * (a / b / b))
    }

    fn pull_a_tensor(self, gy: &Tensor, _a: &Tensor, b: &Tensor) -> Result<Tensor> {
        gy.try_div(b)
    }

    fn pull_b_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        Ok(gy.try_mul(&a.try_div(b)?.try_div(b)?)?.neg())
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("div", -2.0..2.0, 0.5..2.0, |a, b| a.try_div(b), |a, b| a / b)];
