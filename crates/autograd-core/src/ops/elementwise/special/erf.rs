//! Error function.

use crate::kernels::math::normal;
use crate::kernels::number::{Number, special};
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;
use std::f64::consts::FRAC_2_SQRT_PI;

/// # Special functions
impl Tensor {
    /// Error function.
    ///
    /// `y = 2/√π ∫₀ˣ e^(−t²) dt`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · 2/√π · e^(−x²)`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4, also where they are small.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).erf().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.520_499_9]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn erf(&self) -> Tensor {
        elementwise([self], Erf)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Erf;

impl Elementwise<1> for Erf {
    const NAME: &'static str = "erf";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.erf()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * (N::of(FRAC_2_SQRT_PI) * x.special::<Gauss>())]
    }
}

special! {
    /// `e^(−x²)`
    Gauss: "gauss", normal::gauss;
    |x| N::of(-2.0) * x.special::<GaussTimes>()
}

special! {
    /// `x e^(−x²)`
    GaussTimes: "gauss_times", normal::gauss_times;
    |x| x.special::<Gauss>() - N::of(2.0) * (x * x.special::<Self>())
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("erf", -2.0..2.0, &[], |x| x.erf(), crate::ops::cases::erf_reference)];
