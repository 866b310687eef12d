//! Smooth rectifier.

use crate::error::{Error, Result};
use crate::kernels::math::exponential::Scalar;
use crate::kernels::math::gate;
use crate::kernels::number::{self, Number, scaled};
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = ln(1 + e^(β x)) / β`, and `y = x` where `β x > threshold`.
    ///
    /// # Gradient
    /// `gx = gy · σ(β x)`, and `gy` above the threshold; saves x.
    ///
    /// # Numerics
    /// Computed as `max(x, 0) + ln(1 + e^(−|β x|)) / β`: no overflow whatever the threshold. Within 3 ulp for any β,
    /// the derivatives within 4: β x is not rounded.
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
        let softplus = Softplus { beta, threshold };
        // A product with a power of two is not rounded, and a quotient is no larger than what it is of.
        if beta.abs() >= 1.0 && beta.to_bits() << 12 == 0 {
            return try_elementwise([self], softplus);
        }
        try_elementwise([self], Scaled(softplus))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Softplus {
    pub(crate) beta: f64,
    pub(crate) threshold: f64,
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

/// The same with the rounding of β x made up for.
#[derive(Clone, Copy)]
struct Scaled(Softplus);

impl Elementwise<1> for Scaled {
    const NAME: &'static str = Softplus::NAME;
    const KEEPS: Keeps = Softplus::KEEPS;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let Softplus { beta, threshold } = self.0;
        let (zero, scaled) = (N::of(0.0), x * N::of(beta));
        let positive = N::select(scaled.gt(zero), x, zero);
        let decay = x.scaled::<Decay>(beta);
        let tail = decay * N::of((-gate::DECAYED).exp() / beta);
        let logarithm = N::select(scaled.abs().gt(N::of(gate::DECAYED)), tail, decay.ln_1p() / N::of(beta));
        let smooth = positive + logarithm;
        N::select(scaled.gt(N::of(threshold)), x, smooth)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let Softplus { beta, threshold } = self.0;
        [N::select((x * N::of(beta)).gt(N::of(threshold)), gy, gy * x.scaled::<Logistic>(beta))]
    }
}

/// [`gate::decay_of_sum`], which is in the value alone.
#[derive(Clone, Copy)]
pub(in crate::ops::elementwise) struct Decay;

impl number::Scaled for Decay {
    const NAME: &'static str = "softplus_decay";

    #[inline(always)]
    fn value<T: Scalar>(high: T, low: T) -> T {
        gate::decay_of_sum(high, low)
    }

    fn slope<N: Number>(_: N, _: f64) -> N {
        unreachable!("a value is not read with tensors")
    }
}

scaled! {
    /// `σ(z)`
    pub(in crate::ops::elementwise) Logistic: "softplus_slope", gate::sigmoid_of_sum;
    |x, c| N::of(c) * x.scaled::<Density>(c)
}

scaled! {
    /// `σ′(z)`
    Density: "softplus_curve", gate::density_of_sum;
    |x, c| -(N::of(c) * (x.scaled::<Self>(c) * (x * N::of(0.5 * c)).tanh()))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let scaled = |name, beta: f64| {
        let case = Case::fallible_unary(
            name,
            -2.0..2.0,
            &[],
            move |x: &Tensor| x.softplus(beta, 1e300),
            move |x: f64| (beta * x).exp().ln_1p() / beta,
        );
        case.within_ulps([3.0, 4.0, 4.0])
    };
    let call = |x: &Tensor| x.softplus(2.0, 3.0);
    let reference = |x: f64| if 2.0 * x > 3.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 };
    [
        scaled("softplus of 3x", 3.0),
        scaled("softplus of x/10", 0.1),
        scaled("softplus of x/16", 0.0625),
        scaled("softplus of -7x", -7.3),
        Case::fallible_unary("softplus", -2.0..2.0, &[1.5], call, reference)
            .refuses(|x| x[0].softplus(0.0, 20.0), "softplus: beta is 0.0, it must be finite and not 0")
            .refuses(|x| x[0].softplus(f64::NAN, 20.0), "softplus: beta is NaN, it must be finite and not 0"),
    ]
}];
