//! Smooth rectifier.

use crate::error::{Error, Result};
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = ln(1 + e^(β x)) / β`, and `y = x` where `β x > threshold`.
    ///
    /// # Gradient
    /// `gx = gy · σ(β x)`, and `gy` above the threshold; saves x.
    ///
    /// # Numerics
    /// Computed as `max(x, 0) + ln(1 + e^(−|β x|)) / β`: no overflow whatever the threshold.
    ///
    /// # Errors
    /// If `beta` is 0 or not finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from(0.0).softplus(1.0, 20.0)?;
    /// assert!((y.item::<f32>()? - 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softplus(&self, beta: f64, threshold: f64) -> Result<Tensor> {
        if beta == 0.0 || !beta.is_finite() {
            return Err(Error::argument("softplus", "beta", beta, "finite and not 0"));
        }
        try_elementwise([self], Softplus { beta, threshold })
    }
}

#[derive(Clone, Copy)]
struct Softplus {
    beta: f64,
    threshold: f64,
}

impl Elementwise<1> for Softplus {
    const NAME: &'static str = "softplus";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let (zero, beta) = (N::of(0.0), N::of(self.beta));
        let scaled = x * beta;
        let positive = N::select(scaled.gt(zero), x, zero);
        let smooth = positive + (-scaled.abs()).exp().ln_1p() / beta;
        N::select(scaled.gt(N::of(self.threshold)), x, smooth)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let scaled = x * N::of(self.beta);
        [N::select(scaled.gt(N::of(self.threshold)), gy, gy * scaled.sigmoid())]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let call = |x: &Tensor| x.softplus(2.0, 3.0);
    let reference = |x: f64| if 2.0 * x > 3.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 };
    [Case::fallible_unary("softplus", -2.0..2.0, &[1.5], call, reference)
        .refuses(|x| x[0].softplus(0.0, 20.0), "softplus: beta is 0.0, it must be finite and not 0")
        .refuses(|x| x[0].softplus(f64::NAN, 20.0), "softplus: beta is NaN, it must be finite and not 0")]
}];
