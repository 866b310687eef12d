//! Threshold.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x` where `x > threshold`, else `value`, element by element. NaN stays NaN. Integers and truth values become
    /// `F32` first.
    ///
    /// # Gradient
    /// `gx = gy` where `x > threshold`, else 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 3.0]).threshold(0.5, 9.0).to_vec::<f32>()?, [9.0, 9.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn threshold(&self, threshold: f64, value: f64) -> Tensor {
        elementwise([self], Threshold { threshold, value })
    }
}

#[derive(Clone, Copy)]
struct Threshold {
    threshold: f64,
    value: f64,
}

impl Elementwise<1> for Threshold {
    const NAME: &'static str = "threshold";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        N::select(x.le(N::of(self.threshold)), N::of(self.value), x)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [N::select(x.le(N::of(self.threshold)), N::of(0.0), gy)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "threshold",
    -2.0..2.0,
    &[0.25],
    |x| x.threshold(0.25, -3.5),
    |x| if x > 0.25 { x } else { -3.5 }
)];
