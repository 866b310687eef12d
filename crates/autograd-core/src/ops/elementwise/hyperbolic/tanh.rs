//! Hyperbolic tangent.

use crate::kernels::math::gate;
use crate::kernels::number::{Number, special};
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

/// # Hyperbolic functions
impl Tensor {
    /// Hyperbolic tangent.
    ///
    /// `y = tanh x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / cosh² x`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4: `1 − y²`, which has no digits left at 10, is not computed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).tanh().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.761_594_2]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tanh(&self) -> Tensor {
        elementwise([self], Tanh)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl Elementwise<1> for Tanh {
    const NAME: &'static str = "tanh";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.tanh()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * x.special::<TanhSlope>()]
    }
}

special! {
    /// `1 / cosh² x`
    TanhSlope: "tanh_slope", gate::tanh_slope;
    |x| N::of(-2.0) * (x.special::<Self>() * x.tanh())
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("tanh", -2.0..2.0, &[], |x| x.tanh(), f64::tanh)];
