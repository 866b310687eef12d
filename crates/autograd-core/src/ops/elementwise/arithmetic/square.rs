//! Square.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Square.
    ///
    /// `y = x²`, element by element.
    ///
    /// # Gradient
    /// `gx = 2 x gy`; saves x. Integers stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([3.0, -0.5]).square().to_vec::<f32>()?;
    /// assert!(y.iter().zip([9.0, 0.25]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn square(&self) -> Tensor {
        elementwise([self], Square)
    }
}

#[derive(Clone, Copy)]
struct Square;

impl Elementwise<1> for Square {
    const NAME: &'static str = "square";
    const KEEPS: Keeps = Keeps::Inputs;
    const INTEGER: Option<fn(Self, [i64; 1]) -> i64> = Some(|_, [x]| x.wrapping_mul(x));

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x * x
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * (x * N::of(2.0))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("square", -2.0..2.0, &[], |x| x.square(), |x| x * x)];
