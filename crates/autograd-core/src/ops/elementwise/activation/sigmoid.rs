//! Logistic function.

use crate::kernels::math::gate;
use crate::kernels::number::{Number, special};
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Logistic function.
    ///
    /// `y = 1 / (1 + e⁻ˣ)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · σ(x) σ(−x)`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4, in both tails: `1 − y` is not computed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 2.0]).sigmoid().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.5, 0.880_797]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sigmoid(&self) -> Tensor {
        elementwise([self], Sigmoid)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl Elementwise<1> for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.sigmoid()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * x.special::<SigmoidSlope>()]
    }
}

special! {
    /// `σ(x) σ(−x)`
    pub(in crate::ops::elementwise) SigmoidSlope: "sigmoid_slope", gate::sigmoid_slope;
    // σ″ = σ′ (1 − 2σ)
    |x| -(x.special::<Self>() * (x * N::of(0.5)).tanh())
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sigmoid", -3.0..3.0, &[], |x| x.sigmoid(), |x| 1.0 / (1.0 + (-x).exp()))];
