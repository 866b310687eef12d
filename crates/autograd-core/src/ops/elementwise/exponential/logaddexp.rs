//! Logarithms of sums of exponentials.

use crate::error::Result;
use crate::kernels::math::gate;
use crate::kernels::number::Number;
use crate::ops::elementwise::activation::softplus::{Decay, Logistic};
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
    /// Computed as `max(a, b) + ln(1 + e^(−|a − b|))`: no overflow. Where the two terms cancel, which is where eᵃ + eᵇ
    /// is near 1, z has the digits of its terms: in `F32` it is within 2 units in the last place of the larger of z and
    /// `max(a, b)`, not of z.
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
    /// # Numerics
    /// Like `logaddexp`; the product with ln 2 is not rounded.
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

/// The larger operand, and what it is larger by.
#[inline(always)]
fn larger_by<N: Number>(a: N, b: N) -> (N, N) {
    // Equal infinities have no difference.
    (a.larger(b), N::select(a.eq(b), N::of(0.0), (a - b).abs()))
}

#[derive(Clone, Copy)]
struct Logaddexp;

impl Elementwise<2> for Logaddexp {
    const NAME: &'static str = "logaddexp";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        let (larger, difference) = larger_by(a, b);
        larger + (-difference).exp().ln_1p()
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
        let (larger, difference) = larger_by(a, b);
        let decay = difference.scaled::<Decay>(LN_2);
        let far = (difference * N::of(LN_2)).gt(N::of(gate::DECAYED));
        let tail = decay * N::of((-gate::DECAYED).exp() / LN_2);
        larger + N::select(far, tail, decay.ln_1p() / N::of(LN_2))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        [gy * (a - b).scaled::<Logistic>(LN_2), gy * (b - a).scaled::<Logistic>(LN_2)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("logaddexp", -2.0..2.0, -2.0..2.0, |a, b| a.logaddexp(b), |a, b| (a.exp() + b.exp()).ln())
        .digits_of_the_larger_operand(),
    Case::binary("logaddexp2", -2.0..2.0, -2.0..2.0, |a, b| a.logaddexp2(b), |a, b| (a.exp2() + b.exp2()).log2())
        .digits_of_the_larger_operand(),
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
