//! Logarithm to base 2.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::LOG2_E;

impl Tensor {
    /// Logarithm to base 2.
    ///
    /// `y = log x / log 2`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (x ln 2)`; saves x. ±∞ at ±0.
    ///
    /// # Numerics
    /// Within 2 ulp, exact for powers of 2. −∞ at 0, NaN below.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([8.0, 0.5]).log2().to_vec::<f32>()?;
    /// assert!(y.iter().zip([3.0, -1.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log2(&self) -> Tensor {
        LOG2.of(0.0, self)
    }
}

pub(crate) static LOG2: Function =
    Function { name: "log2", loops: loops!(pair: math::log2_f32, math::log2_f64), slope: Slope::Is(&LOG2_SLOPE) };

/// `1 / (x ln 2)`
static LOG2_SLOPE: Function = Function {
    name: "log2_slope",
    loops: loops!(each: |_, x| T::of(LOG2_E) / x),
    slope: Slope::Code(|_, x| x.scalar_div(-LOG2_E).try_div(x)),
};

#[cfg(test)]
crate::ops::cases::cases![Case::unary("log2", 0.3..3.0, &[], |x| x.log2(), f64::log2)];
