//! Tangent.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Tangent.
    ///
    /// `y = sin x / cos x`, x in radians, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy (1 + tan² x)`; saves x. NaN at ±∞.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).tan().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.557_407_7]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tan(&self) -> Tensor {
        TAN.of(0.0, self)
    }
}

pub(crate) static TAN: Function =
    Function { name: "tan", loops: loops!(pair: tan_f32, tan_f64; else f32::tan, f64::tan), slope: Slope::Is(&SLOPE) };

/// `1 + tan² x`
static SLOPE: Function = Function {
    name: "tan_slope",
    loops: loops!(pair: slope_f32, slope_f64; else far_f32, far_f64),
    slope: Slope::Code(|_, x| {
        let t = x.tan();
        t.try_mul(&SLOPE.try_of(0.0, x)?).map(|y| y.mul_scalar(2.0))
    }),
};

macro_rules! near {
    ($t:ident, $tan:ident, $slope:ident, $far:ident, $limit:path) => {
        /// The vectorised tangent, NaN beyond its range.
        #[inline(always)]
        fn $tan(x: $t) -> $t {
            let y = math::$tan(x);
            if x.abs() <= $limit { y } else { $t::NAN }
        }

        #[inline(always)]
        fn $slope(x: $t) -> $t {
            let y = $tan(x);
            y.mul_add(y, 1.0)
        }

        fn $far(x: $t) -> $t {
            let y = x.tan();
            y.mul_add(y, 1.0)
        }
    };
}
near!(f32, tan_f32, slope_f32, far_f32, math::SIN_LIMIT_F32);
near!(f64, tan_f64, slope_f64, far_f64, math::SIN_LIMIT_F64);

#[cfg(test)]
crate::ops::cases::cases![Case::unary("tan", -1.4..1.4, &[], |x| x.tan(), f64::tan)];
