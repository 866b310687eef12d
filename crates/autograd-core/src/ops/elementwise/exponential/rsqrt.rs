//! Reciprocal square root.

use crate::kernels::elementwise::pointwise::loops;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Reciprocal square root.
    ///
    /// `y = 1 / √x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy / (2 x √x)`, −∞ at 0 (the true limit); saves x. NaN below 0.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([4.0, 0.25]).rsqrt().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.5, 2.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rsqrt(&self) -> Tensor {
        RSQRT.of(0.0, self)
    }
}

static RSQRT: Function =
    Function { name: "rsqrt", loops: loops!(each: |_, x| T::of(1.0) / x.root()), slope: Slope::Is(&SLOPE) };

/// `−½ x^(−3/2)`
static SLOPE: Function =
    Function { name: "rsqrt_slope", loops: loops!(each: |_, x| T::of(-0.5) / x.root() / x), slope: Slope::Is(&CURVE) };

/// `¾ x^(−5/2)`
static CURVE: Function = Function {
    name: "rsqrt_curve",
    loops: loops!(each: |_, x| T::of(0.75) / x.root() / x / x),
    slope: Slope::Code(|_, x| CURVE.try_of(0.0, x)?.mul_scalar(-2.5).try_div(x)),
};

#[cfg(test)]
crate::ops::cases::cases![Case::unary("rsqrt", 0.3..3.0, &[], |x| x.rsqrt(), |x| 1.0 / x.sqrt())];
