//! Inverse of the logistic function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::kernels::math::power::ln_short;
use crate::kernels::number::Number;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Inverse of the logistic function.
    ///
    /// `y = ln(x / (1 − x))`, element by element; ∓∞ at 0 and 1, NaN outside. Integers and truth values become `F32`
    /// first.
    ///
    /// # Gradient
    /// `gx = gy / (x (1 − x))`, NaN outside of 0 to 1; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`, also near ½, where y is 0; the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.5, 0.75]).logit().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.098_612_3]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logit(&self) -> Tensor {
        LOGIT.of(0.0, self)
    }

    /// [`Tensor::logit`] of x limited to `eps` to `1 − eps`.
    ///
    /// # Gradient
    /// `gx = gy / (x (1 − x))` from `eps` to `1 − eps`, also at these, else 0; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([0.0, 0.25]);
    /// assert_eq!(x.logit_eps(0.25).to_f64s(), Tensor::from([0.25, 0.25]).logit().to_f64s());
    /// ```
    pub fn logit_eps(&self, eps: f64) -> Tensor {
        elementwise([self], Limit { eps }).logit()
    }

    /// Another name of [`Tensor::sigmoid`], the inverse of [`Tensor::logit`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, -2.0]);
    /// assert_eq!(x.expit().to_f64s(), x.sigmoid().to_f64s());
    /// ```
    pub fn expit(&self) -> Tensor {
        self.sigmoid()
    }
}

static LOGIT: Function = Function { name: "logit", loops: loops!(pair: single, double), slope: Slope::Is(&SLOPE) };

/// `1 / (x (1 − x))`
static SLOPE: Function =
    Function { name: "logit_slope", loops: loops!(wide: |_, x| slope(x)), slope: Slope::Is(&CURVE) };

/// `(2x − 1) / (x (1 − x))²`
static CURVE: Function = Function {
    name: "logit_curve",
    loops: loops!(wide: |_, x| (2.0 * x - 1.0) * slope(x) * slope(x)),
    slope: Slope::Code(|_, x| {
        let s = SLOPE.try_of(0.0, x)?;
        let bent = x.mul_scalar(2.0).add_scalar(-1.0).try_mul(&s)?.square();
        bent.mul_scalar(2.0).try_mul(&s)?.try_add(&s.square().mul_scalar(2.0))
    }),
};

#[inline(always)]
fn single(x: f32) -> f32 {
    // Around ½ f64 has the digits that the quotient loses.
    let x = f64::from(x);
    ln_short(x / (1.0 - x)) as f32
}

#[inline(always)]
fn double(x: f64) -> f64 {
    // Around ½ from what x has more; left and right of that the logarithms do not cancel.
    let middle = math::ln_1p_f64((x - (1.0 - x)) / (1.0 - x));
    let side = math::ln_f64(x) - math::ln_1p_f64(-x);
    if (x > 0.3) & (x < 0.7) { middle } else { side }
}

#[inline(always)]
fn slope(x: f64) -> f64 {
    // At −0 as at 0: the slope of what comes from inside.
    let slope = 1.0 / (x.abs() * (1.0 - x));
    if (0.0..=1.0).contains(&x) || x.is_nan() { slope } else { f64::NAN }
}

/// x from eps to 1 − eps; the gradient passes where x is there.
#[derive(Clone, Copy)]
struct Limit {
    eps: f64,
}

impl Elementwise<1> for Limit {
    const NAME: &'static str = "logit_limit";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        let (low, high) = (N::of(self.eps), N::of(1.0 - self.eps));
        N::select(x.lt(low), low, N::select(x.gt(high), high, x))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let outside = x.lt(N::of(self.eps)) | x.gt(N::of(1.0 - self.eps));
        [N::select(outside, N::of(0.0), gy)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let reference = |x: f64| (x / (1.0 - x)).ln();
    [
        Case::unary("logit", 0.05..0.95, &[], |x| x.logit(), reference),
        Case::unary("logit_eps", 0.05..0.95, &[0.2, 0.8], |x| x.logit_eps(0.2), move |x| reference(x.clamp(0.2, 0.8)))
            .not_counting_saved(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor};

    #[test]
    fn both_zeros_have_the_slope_from_inside() -> Result<()> {
        let x = Tensor::from([0.0, -0.0, 1.0, -1e-9]).requires_grad();
        let slopes = x.logit().sum().backward()?.get(&x).expect("it is tracked").to_f64s();
        assert_eq!(slopes[..3], [f64::INFINITY; 3]);
        assert!(slopes[3].is_nan());
        Ok(())
    }
}
