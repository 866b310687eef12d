//! Entropy of one probability.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Entropy of one probability.
    ///
    /// `y = −x ln x`, 0 at 0, −∞ below, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy · (ln x + 1)`, +∞ at 0, NaN below; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).entr().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.346_573_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn entr(&self) -> Tensor {
        ENTR.of(0.0, self)
    }
}

static ENTR: Function = Function { name: "entr", loops: loops!(wide: |_, x| value(x)), slope: Slope::Is(&SLOPE) };

/// `−(ln x + 1)`
static SLOPE: Function = Function {
    name: "entr_slope",
    loops: loops!(wide: |_, x| -(math::ln_f64(x) + 1.0)),
    slope: Slope::Code(|_, x| Ok(x.scalar_div(-1.0))),
};

#[inline(always)]
fn value(x: f64) -> f64 {
    let y = -x * math::ln_f64(x);
    let y = if x == 0.0 { 0.0 } else { y };
    if x < 0.0 { f64::NEG_INFINITY } else { y }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("entr", 0.1..2.0, &[], |x| x.entr(), |x| -x * x.ln())];
