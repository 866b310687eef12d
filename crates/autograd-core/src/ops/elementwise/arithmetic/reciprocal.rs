//! Reciprocal.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Reciprocal.
    ///
    /// `y = 1 / x`, element by element; ±∞ at ±0. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy y²`; saves y.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([2.0, -0.5]).reciprocal().to_vec::<f32>()?, [0.5, -2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn reciprocal(&self) -> Tensor {
        elementwise([self], Reciprocal)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Reciprocal;

impl Elementwise<1> for Reciprocal {
    const NAME: &'static str = "reciprocal";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        N::of(1.0) / x
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], y: N) -> [N; 1] {
        [-(gy * (y * y))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("reciprocal", 0.3..3.0, &[], |x| x.reciprocal(), f64::recip)];
