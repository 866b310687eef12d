//! Piecewise quadratic unit.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x min(max(x + 3, 0), 6) / 6`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · (2x + 3) / 6` between −3 and 3, 0 at −3 and below, gy at 3 and above; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-4.0, 1.5, 4.0]).hardswish().to_vec::<f32>()?, [0.0, 1.125, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Howard and others, Searching for MobileNetV3, 2019, section 5.2.
    pub fn hardswish(&self) -> Tensor {
        elementwise([self], Hardswish)
    }
}

#[derive(Clone, Copy)]
struct Hardswish;

impl Elementwise<1> for Hardswish {
    const NAME: &'static str = "hardswish";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let part = (x + N::of(3.0)).larger(N::of(0.0)).smaller(N::of(6.0)) / N::of(6.0);
        N::select(x.ge(N::of(3.0)), x, x * part)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let inside = gy * (x / N::of(3.0) + N::of(0.5));
        [N::select(x.le(N::of(-3.0)), N::of(0.0), N::select(x.ge(N::of(3.0)), gy, inside))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "hardswish",
    -5.0..5.0,
    &[-3.0, 3.0],
    |x| x.hardswish(),
    |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0
)];
