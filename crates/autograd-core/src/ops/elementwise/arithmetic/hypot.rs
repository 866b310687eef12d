//! Hypotenuse.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `z = √(a² + b²)`, element by element; the operands are broadcast to a common shape. Integers become `F32` first.
    ///
    /// # Gradient
    /// `ga = gy · a / z`, `gb = gy · b / z`, 0 where both are 0; saves both and z.
    ///
    /// # Numerics
    /// Within 2 ulp; no square overflows. +∞ if either is infinite, also beside NaN.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0, 3e30]).hypot(&Tensor::from([4.0, 4e30]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [5.0, 5e30]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, whose derivative is NaN where both are 0.
    pub fn hypot(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Hypot)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Hypot;

impl Elementwise<2> for Hypot {
    const NAME: &'static str = "hypot";
    const KEEPS: Keeps = Keeps::Both;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.hypot(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], z: N) -> [N; 2] {
        let (zero, none) = (N::of(0.0), z.eq(N::of(0.0)));
        [N::select(none, zero, gy * (a / z)), N::select(none, zero, gy * (b / z))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("hypot", -2.0..2.0, 0.3..2.0, |a, b| a.hypot(b), |a, b| (a * a + b * b).sqrt())];
