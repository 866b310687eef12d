//! Logarithms of sums of exponentials.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;
use std::f64::consts::LN_2;

impl Tensor {
    /// `z = ln(eᵃ + eᵇ)`, element by element; the operands are broadcast to a common shape. Integers become `F32`
    /// first.
    ///
    /// # Gradient
    /// `ga = gy σ(a − b)`, `gb = gy σ(b − a)`, NaN where both are the same infinity; saves both.
    ///
    /// # Numerics
    /// Computed as `max(a, b) + ln(1 + e^(−|a − b|))`: no overflow.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1000.0, 0.0]).logaddexp(&Tensor::from([0.0, 0.0]))?;
    /// assert!((z.to_vec::<f32>()?[0], z.to_vec::<f32>()?[1]) == (1000.0, 2f32.ln()));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logaddexp(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Logaddexp)
    }

    /// `z = log₂(2ᵃ + 2ᵇ)`; otherwise like [`Tensor::logaddexp`].
    ///
    /// # Gradient
    /// `ga = gy σ((a − b) ln 2)`, `gb = gy σ((b − a) ln 2)`; saves both.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0]).logaddexp2(&Tensor::from([3.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logaddexp2(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Logaddexp2)
    }
}

/// `ln(e^(u a) + e^(u b)) / u`
#[inline(always)]
fn of_base<N: Number>(a: N, b: N, u: N) -> N {
    let larger = a.larger(b);
    let difference = N::select(a.eq(b), N::of(0.0), (a - b).abs());
    larger + (-(difference * u)).exp().ln_1p() / u
}

#[derive(Clone, Copy)]
struct Logaddexp;

impl Elementwise<2> for Logaddexp {
    const NAME: &'static str = "logaddexp";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        of_base(a, b, N::of(1.0))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy * (a - b).sigmoid(), gy * (b - a).sigmoid()]
    }
}

#[derive(Clone, Copy)]
struct Logaddexp2;

impl Elementwise<2> for Logaddexp2 {
    const NAME: &'static str = "logaddexp2";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        of_base(a, b, N::of(LN_2))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let u = N::of(LN_2);
        [gy * ((a - b) * u).sigmoid(), gy * ((b - a) * u).sigmoid()]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("logaddexp", -2.0..2.0, -2.0..2.0, |a, b| a.logaddexp(b), |a, b| (a.exp() + b.exp()).ln()),
    Case::binary("logaddexp2", -2.0..2.0, -2.0..2.0, |a, b| a.logaddexp2(b), |a, b| (a.exp2() + b.exp2()).log2()),
];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn infinities_and_large_numbers_do_not_overflow() {
        let inf = f64::INFINITY;
        let (a, b) = (Tensor::from([inf, -inf, inf, 800.0, -800.0]), Tensor::from([inf, -inf, -inf, -800.0, -800.0]));
        let z = a.logaddexp(&b).expect("shapes fit").to_f64s();
        assert_eq!(z[..4], [inf, -inf, inf, 800.0]);
        assert!((z[4] - (2f64.ln() - 800.0)).abs() < 1e-4);
        assert_eq!(a.logaddexp2(&b).expect("shapes fit").to_f64s(), [inf, -inf, inf, 800.0, -799.0]);
    }
}
