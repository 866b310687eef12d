//! Power with tensor base and exponent.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// Power, base and exponent both tensors; for a number as exponent see [`Tensor::powf`].
    ///
    /// `z = aᵇ`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy · b aᵇ⁻¹` (0 where b = 0), `gb = gy · aᵇ ln a`; at a = 0: 0 for b ≥ 0, −∞ for b < 0. Saves both and z.
    /// A negative base with a fractional exponent is NaN.
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

#[derive(Clone, Copy)]
struct Pow;

impl Elementwise<2> for Pow {
    const NAME: &'static str = "pow";
    const KEEPS: Keeps = Keeps::Both;

    #[inline(always)]
    fn value<N: Number>(self, [a, b]: [N; 2]) -> N {
        a.powf(b)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [a, b]: [N; 2], z: N) -> [N; 2] {
        let zero = N::of(0.0);
        // Only where both are 0, or a is NaN, is b aᵇ⁻¹ not the 0 it should be; elsewhere it varies with b, and a constant in
        // its place would have no derivative.
        let undefined = b.eq(zero) & (a.eq(zero) | a.is_nan());
        let by_base = N::select(undefined, zero, gy * b * a.powf(b - N::of(1.0)));
        let by_exponent = N::select(a.eq(zero) & b.ge(zero), zero, gy * z * a.ln());
        [by_base, by_exponent]
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("pow", 0.3..2.0, 0.4..2.0, |a, b| a.pow(b), f64::powf)];

#[cfg(test)]
mod tests {
    use crate::{Tensor, hessian};

    #[test]
    fn an_exponent_of_0_is_a_smooth_point() {
        let (a, b) = (Tensor::from([2.0]), Tensor::from([0.0]));
        let h = hessian(|x| Ok(x[0].pow(&x[1])?.sum()), &[&a, &b]).expect("smooth");
        let at = |i: usize, j: usize| h[i][j].to_f64s()[0];
        let (mixed, square) = (0.5, 2f64.ln() * 2f64.ln());
        assert!((at(0, 0), at(0, 1), at(1, 0)) == (0.0, mixed, mixed) && (at(1, 1) - square).abs() < 1e-6);
    }
}
