//! Absolute value.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

/// # Arithmetic, element by element
impl Tensor {
    /// Absolute value.
    ///
    /// `y = |x|`, element by element.
    ///
    /// # Gradient
    /// `gx = gy · sign x`, 0 at 0; saves x. Integers stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-1.5, 2.0]).abs().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.5, 2.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn abs(&self) -> Tensor {
        elementwise([self], Abs)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Abs;

impl Elementwise<1> for Abs {
    const NAME: &'static str = "abs";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x.wrapping_abs());

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.abs()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * x.sign()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("abs", -2.0..2.0, &[0.0], |x| x.abs(), f64::abs)];
