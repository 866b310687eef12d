//! Softsign.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::exponential::Scalar;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x / (1 + |x|)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (1 + |x|)²`; saves x. NaN at ±∞.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1.0, 3.0]).softsign().to_vec::<f32>()?, [-0.5, 0.75]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softsign(&self) -> Tensor {
        SOFTSIGN.of(0.0, self)
    }
}

static SOFTSIGN: Function = Function {
    name: "softsign",
    loops: loops!(each: |_, x| x / (T::of(1.0) + x.magnitude())),
    slope: Slope::Is(&SLOPE),
};

/// `1 / (1 + |x|)²`
static SLOPE: Function = Function {
    name: "softsign_slope",
    loops: loops!(each: |_, x| inverse_square(x) + x * T::of(0.0)),
    slope: Slope::Is(&CURVE),
};

/// `−2 sign(x) / (1 + |x|)³`
static CURVE: Function = Function {
    name: "softsign_curve",
    loops: loops!(each: |_, x| {
        let y = inverse_square(x) * T::of(2.0) / (T::of(1.0) + x.magnitude());
        if x == T::of(0.0) { x } else { y.signed(-x) }
    }),
    slope: Slope::Code(|_, x| Ok(x.abs().add_scalar(1.0).square().square().scalar_div(6.0))),
};

#[inline(always)]
fn inverse_square<T: Scalar>(x: T) -> T {
    let t = T::of(1.0) + x.magnitude();
    T::of(1.0) / t / t
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("softsign", -3.0..3.0, &[0.0], |x| x.softsign(), |x| x / (1.0 + x.abs()))];
