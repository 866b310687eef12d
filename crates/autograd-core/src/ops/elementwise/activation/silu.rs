//! Sigmoid-weighted linear unit (swish).

use crate::kernels::math::gate;
use crate::kernels::number::special;
use crate::ops::elementwise::activation::sigmoid::SigmoidSlope;
use crate::ops::elementwise::smooth::smooth;
use crate::tensor::Tensor;

impl Tensor {
    /// Sigmoid-weighted linear unit, also called swish.
    ///
    /// `y = x · σ(x), σ(x) = 1 / (1 + e⁻ˣ)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · σ(x) (1 + x σ(−x))`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the first and second derivative within 4 (near their zeros, of their terms), in both tails.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).silu().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.731_058_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Elfwing, Uchibe, Doya, Sigmoid-weighted linear units for neural network function approximation, 2018.
    pub fn silu(&self) -> Tensor {
        smooth::<Silu>(self)
    }

    /// Another name of [`Tensor::silu`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, -2.0]);
    /// assert_eq!(x.swish().to_f64s(), x.silu().to_f64s());
    /// ```
    pub fn swish(&self) -> Tensor {
        self.silu()
    }
}

special! {
    pub(crate) Silu: "silu", gate::silu;
    |x| x.special::<SiluSlope>()
}

special! {
    /// `σ(x) + x σ′(x)`
    pub(in crate::ops::elementwise) SiluSlope: "silu_slope", gate::silu_slope;
    |x| x.special::<Curve>()
}

special! {
    /// `σ′(x) (2 − x t)`, `t = tanh(x/2)`
    Curve: "silu_curve", gate::silu_curve;
    // −σ′ (t (3 − x t) + 2 x σ′)
    |x| {
        let (density, t) = (x.special::<SigmoidSlope>(), (x * N::of(0.5)).tanh());
        -(density * (t * (N::of(3.0) - x * t) + N::of(2.0) * (x * density)))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("silu", -3.0..3.0, &[], |x| x.silu(), |x| x / (1.0 + (-x).exp()))];
