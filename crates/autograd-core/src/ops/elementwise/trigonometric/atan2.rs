//! The angle of a point.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

impl Tensor {
    /// The angle of the point (x, y), where `self` is y: `z = atan(y / x)` in the right quadrant, in radians from −π to
    /// π, element by element; the operands are broadcast to a common shape. The signs of zeros count. Integers become
    /// `F32` first.
    ///
    /// # Gradient
    /// `gy = gz · x / (x² + y²)`, `gx = −gz · y / (x² + y²)`, 0 at the origin; saves both.
    ///
    /// # Numerics
    /// Within 2 ulp; no square overflows.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1.0, 0.0]).atan2(&Tensor::from([0.0, -1.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [std::f32::consts::FRAC_PI_2, std::f32::consts::PI]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn atan2(&self, other: &Tensor) -> Result<Tensor> {
        try_elementwise([self, other], Atan2)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Atan2;

impl Elementwise<2> for Atan2 {
    const NAME: &'static str = "atan2";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [y, x]: [N; 2]) -> N {
        y.atan2(x)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gz: N, [y, x]: [N; 2], _: N) -> [N; 2] {
        let (zero, radius) = (N::of(0.0), x.hypot(y));
        let none = radius.eq(zero);
        [N::select(none, zero, gz * (x / radius / radius)), N::select(none, zero, -(gz * (y / radius / radius)))]
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("atan2", -2.0..2.0, 0.3..2.0, |y, x| y.atan2(x), f64::atan2),
    Case::binary("atan2", 0.3..2.0, -2.0..2.0, |y, x| y.atan2(x), f64::atan2),
];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn every_quadrant_zero_and_infinity_has_its_angle() {
        let values =
            [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-45, 1e-300, 3e38, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for dtype in [DType::F64, DType::F32] {
            for (y, x) in values.into_iter().flat_map(|y| values.map(|x| (y, x))) {
                let [a, b] = [y, x].map(|x| Tensor::scalar(x).to_dtype(dtype));
                let got = a.atan2(&b).expect("numbers").to_f64s()[0];
                let want = a.to_f64s()[0].atan2(b.to_f64s()[0]);
                let limit = if dtype == DType::F64 { 3e-16 } else { 2e-7 };
                let near = (got - want).abs() <= limit * want.abs() + 2e-45;
                let same = got.is_sign_negative() == want.is_sign_negative() && near;
                assert!(
                    same || (got.is_nan() && want.is_nan()),
                    "{dtype}: atan2({y:e}, {x:e}) is {got:e}, not {want:e}"
                );
            }
        }
    }
}
