//! The sign of another number.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `z = |a|` with the sign of b, of −0 too, element by element; the operands are broadcast to a common shape.
    /// Integers become `F32` first.
    ///
    /// # Gradient
    /// `ga = gy` where the signs agree, −gy where not, 0 at a = 0; `gb = 0`. Saves both.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1.0, -2.0]).copysign(&Tensor::from(-0.0))?;
    /// assert_eq!(z.to_vec::<f32>()?, [-1.0, -2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn copysign(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Copysign)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Copysign;

impl Elementwise<2> for Copysign {
    const NAME: &'static str = "copysign";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.copysign(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let zero = N::of(0.0);
        [N::select(a.eq(zero), zero, gy * (a.sign() * N::of(1.0).copysign(b))), zero]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("copysign", -2.0..-0.3, 0.3..2.0, |a, b| a.copysign(b), f64::copysign),
    Case::binary("copysign", 0.3..2.0, -2.0..-0.3, |a, b| a.copysign(b), f64::copysign),
];
