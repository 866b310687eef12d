//! Logistic function.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Logistic function.
    ///
    /// `y = 1 / (1 + e⁻ˣ)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · y (1 − y)`; saves y.
    ///
    /// # Numerics
    /// Within 2 ulp, in both tails.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 2.0]).sigmoid().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.5, 0.880_797]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sigmoid(&self) -> Tensor {
        elementwise([self], Sigmoid)
    }
}

#[derive(Clone, Copy)]
struct Sigmoid;

impl Elementwise<1> for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.sigmoid()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], y: N) -> [N; 1] {
        [gy * ((N::of(1.0) - y) * y)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sigmoid", -3.0..3.0, &[], |x| x.sigmoid(), |x| 1.0 / (1.0 + (-x).exp()))];
