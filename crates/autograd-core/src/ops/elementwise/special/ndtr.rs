//! Normal distribution function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::normal;
use crate::kernels::special::error;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Distribution function of the normal distribution.
    ///
    /// `y = Φ(x) = (1 + erf(x / √2)) / 2`, element by element, small on the left. Integers and truth values become
    /// `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · φ(x)`, `φ(x) = e^(−x²/2) / √(2π)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`, however small; the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).ndtr().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.5, 0.841_344_7]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ndtr(&self) -> Tensor {
        NDTR.of(0.0, self)
    }
}

static NDTR: Function =
    Function { name: "ndtr", loops: loops!(wide: |_, x| error::ndtr(x)), slope: Slope::Is(&DENSITY) };

/// `φ(x)`
static DENSITY: Function = Function {
    name: "normal_density",
    loops: loops!(wide: |_, x| normal::normal_density(x)),
    slope: Slope::Is(&CURVE),
};

/// `−x φ(x)`
static CURVE: Function = Function {
    name: "ndtr_curve",
    loops: loops!(wide: |_, x| -x.clamp(-50.0, 50.0) * normal::normal_density(x)),
    // x² overflows where x φ(x) is 0.
    slope: Slope::Code(|_, x| Ok(x.try_mul(&CURVE.try_of(0.0, x)?)?.try_add(&DENSITY.try_of(0.0, x)?)?.neg())),
};

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "ndtr",
    -2.0..2.0,
    &[],
    |x| x.ndtr(),
    |x| 0.5 + 0.5 * erf_reference(x * std::f64::consts::FRAC_1_SQRT_2)
)];
