//! Exponential.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

/// # Exponentials, logarithms and powers
impl Tensor {
    /// Exponential.
    ///
    /// `y = eˣ`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · y`; saves y.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32` and `F64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).exp().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 2.718_281_8]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn exp(&self) -> Tensor {
        elementwise([self], Exp)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Exp;

impl Elementwise<1> for Exp {
    const NAME: &'static str = "exp";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.exp()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, _: [N; 1], y: N) -> [N; 1] {
        [gy * y]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("exp", -2.0..2.0, &[], |x| x.exp(), f64::exp)];
