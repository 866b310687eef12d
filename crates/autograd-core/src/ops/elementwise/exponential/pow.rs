//! Power with tensor base and exponent.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Power, base and exponent both tensors; for a number as exponent see [`Tensor::powf`].
    ///
    /// `z = aᵇ`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy · b aᵇ⁻¹` (0 where b = 0), `gb = gy · aᵇ ln a`; at a = 0: 0 for b ≥ 0, −∞ for b < 0. Saves both and z.
    /// A negative base with a fractional exponent is NaN.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([2.0, 3.0]).pow(&Tensor::from([3.0, 2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [8.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pow(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Pow)
    }
}

#[derive(Clone, Copy)]
struct Pow;

impl Elementwise<2> for Pow {
    const NAME: &'static str = "pow";
    const KEEPS: Keeps = Keeps::Both;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.powf(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], z: N) -> [N; 2] {
        let zero = N::of(0.0);
        let by_base = N::select(b.eq(zero), zero, gy * b * a.powf(b - N::of(1.0)));
        let by_exponent = N::select(a.eq(zero) & b.ge(zero), zero, gy * z * a.ln());
        [by_base, by_exponent]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("pow", 0.3..2.0, 0.4..2.0, |a, b| a.pow(b), f64::powf)];
