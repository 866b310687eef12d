//! Cardinal sine.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::special::sinc;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Cardinal sine.
    ///
    /// `y = sin πx / πx`, and 1 at 0, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · (cos πx − y) / x`, 0 at 0; saves x. NaN at ±∞.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`; the sine of πx is exact for any x, as is the product.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).sinc().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 0.636_619_8]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sinc(&self) -> Tensor {
        SINC.of(0.0, self)
    }
}

/// The derivative of order n of `sin πx / πx`.
static SINC: Function =
    Function { name: "sinc", loops: loops!(called: sinc::sinc), slope: Slope::With(&SINC, |n| n + 1.0) };

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "sinc",
    -3.0..3.0,
    &[],
    |x| x.sinc(),
    |x| {
        let u = std::f64::consts::PI * x;
        if x == 0.0 { 1.0 } else { u.sin() / u }
    }
)];
