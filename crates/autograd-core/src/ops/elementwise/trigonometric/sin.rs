//! Sine.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Sine.
    ///
    /// `y = sin x, x in radians`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy cos x`; saves x. NaN at ±∞.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).sin().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.841_471]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sin(&self) -> Tensor {
        elementwise([self], Sin)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sin;

impl Elementwise<1> for Sin {
    const NAME: &'static str = "sin";
    const KEEPS: Keeps = Keeps::Inputs;
    const NEAR: bool = true;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.sin()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * x.cos()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sin", -3.0..3.0, &[], |x| x.sin(), f64::sin)];
