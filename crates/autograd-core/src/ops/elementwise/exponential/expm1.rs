//! Exponential minus one.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// eˣ − 1, accurate near 0.
    ///
    /// `y = eˣ − 1`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · eˣ`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives, too: `y + 1`, which has no digits left at −20, is not computed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).expm1().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.718_281_8]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn expm1(&self) -> Tensor {
        elementwise([self], Expm1)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Expm1;

impl Elementwise<1> for Expm1 {
    const NAME: &'static str = "expm1";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.exp_m1()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * x.exp()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("expm1", -2.0..2.0, &[], |x| x.expm1(), f64::exp_m1)];
