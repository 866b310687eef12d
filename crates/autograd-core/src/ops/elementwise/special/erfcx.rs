//! Scaled complementary error function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::special::mills;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Scaled complementary error function.
    ///
    /// `y = e^(x²) erfc x`, element by element; about `1 / (x √π)` where x is large, +∞ below −26.63. Integers and
    /// truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · (2x y − 2/√π)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`; in `F64` within 4 ulp, its derivative of order n within 4 · 2ⁿ x²ⁿ ulp up to 12, where a
    /// series takes over.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).erfcx().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 0.427_583_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn erfcx(&self) -> Tensor {
        ERFCX.of(0.0, self)
    }
}

/// The derivative of order n of `e^(x²) erfc x`.
static ERFCX: Function =
    Function { name: "erfcx", loops: loops!(called: mills::erfcx_derivative), slope: Slope::With(&ERFCX, |n| n + 1.0) };

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "erfcx",
    -1.5..2.0,
    &[],
    |x| x.erfcx(),
    |x| (x * x).exp() * (1.0 - erf_reference(x))
)];
