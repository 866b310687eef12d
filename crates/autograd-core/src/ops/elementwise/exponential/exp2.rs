//! Exponential to base 2.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::LN_2;

impl Tensor {
    /// Exponential to base 2.
    ///
    /// `y = 2ˣ`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · 2ˣ ln 2`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, exact where x is whole.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-1.0, 0.5]).exp2().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.5, 1.414_213_5]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn exp2(&self) -> Tensor {
        EXP2.of(0.0, self)
    }
}

pub(crate) static EXP2: Function = Function {
    name: "exp2",
    loops: loops!(pair: math::exp2_f32, math::exp2_f64),
    slope: Slope::With(&EXP2_SLOPE, |_| LN_2),
};

/// `p 2ˣ`
static EXP2_SLOPE: Function = Function {
    name: "exp2_slope",
    loops: loops!(wide: |p, x| p * math::exp2_f64(x)),
    slope: Slope::With(&EXP2_SLOPE, |p| p * LN_2),
};

#[cfg(test)]
crate::ops::cases::cases![Case::unary("exp2", -2.0..2.0, &[], |x| x.exp2(), f64::exp2)];
