//! Square root.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Square root.
    ///
    /// `y = √x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (2 y)`, +∞ at 0 (the true limit); saves y. NaN below 0.
    ///
    /// # Numerics
    /// Correctly rounded.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([4.0, 2.0]).sqrt().to_vec::<f32>()?;
    /// assert!(y.iter().zip([2.0, 1.414_213_5]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sqrt(&self) -> Tensor {
        elementwise([self], Sqrt)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sqrt;

impl Elementwise<1> for Sqrt {
    const NAME: &'static str = "sqrt";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.sqrt()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], y: N) -> [N; 1] {
        [gy / (y * N::of(2.0))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sqrt", 0.3..3.0, &[], |x| x.sqrt(), f64::sqrt)];
