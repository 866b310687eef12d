//! Natural logarithm.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Natural logarithm.
    ///
    /// `y = ln x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / x`, ±∞ at 0; saves x. −∞ at 0 and NaN below.
    ///
    /// # Numerics
    /// Within 1 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 10.0]).log().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 2.302_585_1]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log(&self) -> Tensor {
        elementwise([self], Log)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Log;

impl Elementwise<1> for Log {
    const NAME: &'static str = "log";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.ln()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy / x]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("log", 0.3..3.0, &[], |x| x.log(), f64::ln)];
