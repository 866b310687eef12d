//! Power with tensor base and exponent.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Power, base and exponent both tensors; for a number as exponent see [`Tensor::powf`].
    ///
    /// `z = aᵇ`, element by element; the operands are broadcast to a common shape. Integers stay integers, and their
    /// negative powers are rounded towards zero: 0, but of 1 and −1.
    ///
    /// # Gradient
    /// `ga = gy · b aᵇ⁻¹` (0 where b = 0), `gb = gy · aᵇ ln a`; at a = 0: 0 for b ≥ 0, −∞ for b < 0. Second derivatives
    /// at a = 0 are the limits, and 0 for b = 0. Saves both and z.
    /// A negative base with a fractional exponent is NaN.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32` and 2 ulp in `F64`, exact where a float holds the power.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([2.0, 3.0]).pow(&Tensor::from([3.0, 2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [8.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pow(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Pow)
    }
}

impl Tensor {
    /// `b aᵇ⁻¹`, and 0 where b = 0.
    pub(in crate::ops::elementwise) fn pow_slope(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], PowSlope)
    }

    /// `aᵇ ln a`, and 0 where a = 0 and b ≥ 0.
    pub(in crate::ops::elementwise) fn pow_log(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], PowLog)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Pow;

impl Elementwise<2> for Pow {
    const NAME: &'static str = "pow";
    const KEEPS: Keeps = Keeps::Both;
    const INTEGER: Option<fn(Self, [i64; 2]) -> i64> = Some(|_, [a, b]| whole_power(a, b));

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.powf(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], z: N) -> [N; 2] {
        [gy * a.pow_slope(b), gy * a.pow_log(b, z)]
    }
}

/// aᵇ of integers, modulo 2⁶⁴ like their products; 0 where it is between −1 and 1, or 0 to a negative power.
pub(super) fn whole_power(a: i64, b: i64) -> i64 {
    if b < 0 {
        return if a.abs_diff(0) == 1 { whole_power(a, b & 1) } else { 0 };
    }
    let (mut power, mut square, mut rest) = (1_i64, a, b);
    while rest > 0 {
        if rest & 1 == 1 {
            power = power.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        rest >>= 1;
    }
    power
}

/// `aᵇ⁻¹ (1 + b ln a)`, the mixed derivative of aᵇ, times gy. At a = 0 it is the limit, −∞ for 0 < b ≤ 1 and 0 above;
/// where b = 0, or gy is, too, it is 0: an upstream gradient that is 0 comes from where this derivative is not asked
/// for.
#[inline(always)]
fn mixed<N: Number>(gy: N, a: N, b: N) -> N {
    let (zero, one) = (N::of(0.0), N::of(1.0));
    let none = a.eq(zero) & (b.eq(zero) | b.gt(one) | gy.eq(zero));
    N::select(none, zero, gy * (a.powf(b - one) * (one + b * a.ln())))
}

#[derive(Clone, Copy)]
pub(crate) struct PowSlope;

impl Elementwise<2> for PowSlope {
    const NAME: &'static str = "pow_slope";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.pow_slope(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let zero = N::of(0.0);
        // b (b − 1) aᵇ⁻², which is 0 for b = 0; there a power that is not finite makes it NaN.
        let slope = a.pow_slope(b - N::of(1.0));
        let none = b.eq(zero) & (slope * zero).is_nan();
        [N::select(none, zero, gy * (b * slope)), mixed(gy, a, b)]
    }
}

#[derive(Clone, Copy)]
pub(crate) struct PowLog;

impl Elementwise<2> for PowLog {
    const NAME: &'static str = "pow_log";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.pow_log(b, a.powf(b))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], _: N) -> [N; 2] {
        let zero = N::of(0.0);
        // aᵇ ln² a
        let by_exponent = gy * (a.pow_log(b, a.powf(b)) * a.ln());
        [mixed(gy, a, b), N::select(a.eq(zero) & b.ge(zero), zero, by_exponent)]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("pow", 0.3..2.0, 0.4..2.0, |a, b| a.pow(b), f64::powf)];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad, grad_with, hessian};

    #[test]
    fn integers_stay_integers() -> crate::Result<()> {
        let (a, b) =
            (Tensor::from([2, -3, 7, 1, -1, -1, 0, 0, i64::MIN]), Tensor::from([62, 3, -1, -5, -5, -4, 0, -1, 1]));
        assert_eq!(a.pow(&b)?.to_vec::<i64>()?, [1 << 62, -27, 0, 1, -1, 1, 1, 0, i64::MIN]);
        Ok(())
    }

    const BASES: [f64; 6] = [0.0, 0.25, 1.0, 2.0, 3.5, 1e-3];
    /// Whose reciprocals, or squares of them, are not finite.
    const TINY: [f64; 3] = [1e-155, 1e-310, 5e-324];
    const EXPONENTS: [f64; 8] = [-1.5, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0];

    fn near(got: f64, want: f64) -> bool {
        got == want || want.is_finite() && (got - want).abs() <= 1e-13 * want.abs()
    }

    /// ∂²/∂a², ∂²/∂a∂b, ∂²/∂b² of aᵇ; at a = 0 the limits, and 0 where the first derivative is 0 by rule.
    fn second(a: f64, b: f64) -> [f64; 3] {
        let inf = f64::INFINITY;
        if a > 0.0 {
            let ln = a.ln();
            return [b * (b - 1.0) * a.powf(b - 2.0), a.powf(b - 1.0) * (1.0 + b * ln), a.powf(b) * ln * ln];
        }
        match b {
            b if b < 0.0 => [inf, inf, inf],
            0.0 => [0.0, 0.0, 0.0],
            b if b < 1.0 => [-inf, -inf, 0.0],
            1.0 => [0.0, -inf, 0.0],
            b if b < 2.0 => [inf, 0.0, 0.0],
            2.0 => [2.0, 0.0, 0.0],
            _ => [0.0, 0.0, 0.0],
        }
    }

    #[test]
    fn second_derivatives_are_right_for_every_exponent() {
        for (a, b) in BASES.into_iter().flat_map(|a| EXPONENTS.map(|b| (a, b))) {
            let [x, y] = [a, b].map(|x| Tensor::from_slice(&[x], &[1]).expect("a number").requires_grad());
            let first = grad(&x.pow(&y).expect("same shape").sum(), &[&x, &y]).expect("tracked");
            let second_of = |k: usize| -> Vec<f64> {
                let rows = grad_with(&[(&first[k], &x.detach().ones_like())], &[&x, &y]).expect("tracked");
                rows.iter().map(|g| g.as_ref().map_or(0.0, |g| g.to_f64s()[0])).collect()
            };
            let want = second(a, b);
            let got = [second_of(0)[0], second_of(0)[1], second_of(1)[0], second_of(1)[1]];
            let want = [want[0], want[1], want[1], want[2]];
            assert!(got.into_iter().zip(want).all(|(g, w)| near(g, w)), "a = {a}, b = {b}: {got:?}, not {want:?}");
        }
    }

    #[test]
    fn an_exponent_of_0_has_no_slope_at_any_base() {
        for base in BASES.into_iter().chain(TINY) {
            let [x, y] = [base, 0.0].map(|x| Tensor::from_slice(&[x], &[1]).expect("a number").requires_grad());
            let z = x.pow(&y).expect("same shape").sum();
            let fused = z.backward_keep().expect("tracked").get(&x).expect("a leaf").to_f64s();
            let first = grad(&z, &[&x]).expect("tracked").remove(0);
            let second = grad(&first.sum(), &[&x]).expect("tracked").remove(0);
            assert_eq!((fused[0], first.to_f64s()[0], second.to_f64s()[0]), (0.0, 0.0, 0.0), "{base}");
        }
    }

    #[test]
    fn what_is_not_asked_for_adds_no_nan() {
        // The Hessian of many elements has zeros beside each: they meet the infinities at a = 0.
        let (a, b) = (Tensor::from([0.0, 0.0, 0.0, 2.0]), Tensor::from([1.0, 2.0, 0.0, 3.0]));
        let h = hessian(|x| Ok(x[0].pow(&x[1])?.sum()), &[&a, &b]).expect("smooth");
        assert!(h.iter().flatten().all(|block| block.to_f64s().iter().all(|x| !x.is_nan())), "{h:?}");
    }

    #[test]
    fn an_exponent_of_f32_keeps_its_digits() {
        for (x, c) in [(1e30_f32, 1.0 / 3.0), (1e-30, 1.0 / 3.0), (3e38, 0.1), (1e-37, -0.7)] {
            let y = Tensor::scalar(x).powf(c).item::<f32>().expect("one");
            assert_eq!(y, f64::from(x).powf(c) as f32, "{x} to the {c}");
        }
    }

    #[test]
    fn an_exponent_of_0_is_a_smooth_point() {
        let (a, b) = (Tensor::from([2.0]), Tensor::from([0.0]));
        let h = hessian(|x| Ok(x[0].pow(&x[1])?.sum()), &[&a, &b]).expect("smooth");
        let at = |i: usize, j: usize| h[i][j].to_f64s()[0];
        let (mixed, square) = (0.5, 2f64.ln() * 2f64.ln());
        assert!((at(0, 0), at(0, 1), at(1, 0)) == (0.0, mixed, mixed) && (at(1, 1) - square).abs() < 1e-6);
    }
}
