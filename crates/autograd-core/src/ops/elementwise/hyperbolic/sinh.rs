//! Hyperbolic sine and cosine.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Hyperbolic sine.
    ///
    /// `y = (eˣ − e⁻ˣ) / 2`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy cosh x`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).sinh().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.175_201_2]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sinh(&self) -> Tensor {
        SINH.of(0.0, self)
    }

    /// Hyperbolic cosine.
    ///
    /// `y = (eˣ + e⁻ˣ) / 2`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy sinh x`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).cosh().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 1.543_080_7]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cosh(&self) -> Tensor {
        COSH.of(0.0, self)
    }
}

pub(crate) static SINH: Function =
    Function { name: "sinh", loops: loops!(pair: math::sinh_f32, math::sinh_f64), slope: Slope::Is(&COSH) };

pub(crate) static COSH: Function =
    Function { name: "cosh", loops: loops!(pair: math::cosh_f32, math::cosh_f64), slope: Slope::Is(&SINH) };

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("sinh", -2.0..2.0, &[], |x| x.sinh(), f64::sinh),
    Case::unary("cosh", -2.0..2.0, &[], |x| x.cosh(), f64::cosh),
];
