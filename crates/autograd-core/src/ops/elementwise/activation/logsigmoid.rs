//! Logarithm of the logistic function.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = ln(1 / (1 + e⁻ˣ))`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · σ(−x)`; saves x.
    ///
    /// # Numerics
    /// Computed as `min(x, 0) − ln(1 + e^(−|x|))`: no overflow. Within 3 ulp, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(0.0).logsigmoid().item::<f32>()? + 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logsigmoid(&self) -> Tensor {
        elementwise([self], Logsigmoid)
    }
}

#[derive(Clone, Copy)]
struct Logsigmoid;

impl Elementwise<1> for Logsigmoid {
    const NAME: &'static str = "logsigmoid";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.smaller(N::of(0.0)) - (-x.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * (-x).sigmoid()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("logsigmoid", -3.0..3.0, &[], |x| x.logsigmoid(), |x| -(-x).exp().ln_1p()).within_ulps([3.0, 4.0, 4.0])
];
