//! Cosine.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

/// # Trigonometric functions
impl Tensor {
    /// Cosine.
    ///
    /// `y = cos x, x in radians`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy sin x`; saves x. NaN at ±∞.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).cos().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 0.540_302_3]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cos(&self) -> Tensor {
        elementwise([self], Cos)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Cos;

impl Elementwise<1> for Cos {
    const NAME: &'static str = "cos";
    const KEEPS: Keeps = Keeps::Inputs;
    const NEAR: bool = true;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.cos()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * -x.sin()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("cos", -3.0..3.0, &[], |x| x.cos(), f64::cos)];
