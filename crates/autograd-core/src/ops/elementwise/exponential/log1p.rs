//! Logarithm of one plus x.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// ln(1 + x), accurate near 0.
    ///
    /// `y = ln(1 + x)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (1 + x)`; saves x. −∞ at −1 and NaN below.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).log1p().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.693_147_2]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log1p(&self) -> Tensor {
        elementwise([self], Log1p)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Log1p;

impl Elementwise<1> for Log1p {
    const NAME: &'static str = "log1p";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.ln_1p()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy / (x + N::of(1.0))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("log1p", -0.7..2.0, &[], |x| x.log1p(), f64::ln_1p)];
