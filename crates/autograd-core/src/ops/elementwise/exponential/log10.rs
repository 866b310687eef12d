//! Logarithm to base 10.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::LOG10_E;

impl Tensor {
    /// Logarithm to base 10.
    ///
    /// `y = log x / log 10`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (x ln 10)`; saves x. ±∞ at ±0.
    ///
    /// # Numerics
    /// Within 2 ulp, exact for powers of 10 that a float holds. −∞ at 0, NaN below.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 0.1]).log10().to_vec::<f32>()?;
    /// assert!(y.iter().zip([3.0, -1.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log10(&self) -> Tensor {
        LOG10.of(0.0, self)
    }
}

pub(crate) static LOG10: Function =
    Function { name: "log10", loops: loops!(pair: math::log10_f32, math::log10_f64), slope: Slope::Is(&LOG10_SLOPE) };

/// `1 / (x ln 10)`
static LOG10_SLOPE: Function = Function {
    name: "log10_slope",
    loops: loops!(each: |_, x| T::of(LOG10_E) / x),
    slope: Slope::Code(|_, x| x.scalar_div(-LOG10_E).try_div(x)),
};

#[cfg(test)]
crate::ops::cases::cases![Case::unary("log10", 0.3..3.0, &[], |x| x.log10(), f64::log10)];
