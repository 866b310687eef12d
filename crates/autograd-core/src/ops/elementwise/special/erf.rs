//! Error function.

use crate::kernels::number::Number;
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
    /// Within 2 ulp in `F32`.
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
struct Erf;

impl Elementwise<1> for Erf {
    const NAME: &'static str = "erf";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x.erf()
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        [gy * (N::of(FRAC_2_SQRT_PI) * (-(x * x)).exp())]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("erf", -2.0..2.0, &[], |x| x.erf(), crate::ops::cases::erf_reference)];
