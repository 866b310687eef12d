//! Piecewise linear logistic function.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = min(max(x + 3, 0), 6) / 6`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / 6` strictly between −3 and 3, else 0; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-4.0, 0.0, 4.0]).hardsigmoid().to_vec::<f32>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn hardsigmoid(&self) -> Tensor {
        elementwise([self], Hardsigmoid)
    }
}

#[derive(Clone, Copy)]
struct Hardsigmoid;

impl Elementwise<1> for Hardsigmoid {
    const NAME: &'static str = "hardsigmoid";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        (x + N::of(3.0)).larger(N::of(0.0)).smaller(N::of(6.0)) / N::of(6.0)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let inside = x.gt(N::of(-3.0)) & x.lt(N::of(3.0));
        [N::select(inside, gy / N::of(6.0), N::of(0.0))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "hardsigmoid",
    -5.0..5.0,
    &[-3.0, 3.0],
    |x| x.hardsigmoid(),
    |x| (x + 3.0).clamp(0.0, 6.0) / 6.0
)];
