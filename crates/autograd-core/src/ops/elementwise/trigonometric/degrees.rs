//! Degrees and radians.

use crate::tensor::Tensor;

impl Tensor {
    /// Degrees as radians: `y = x π / 180`, element by element. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy π / 180`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([180.0]).deg2rad().to_vec::<f32>()?, [std::f32::consts::PI]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn deg2rad(&self) -> Tensor {
        self.mul_scalar(std::f64::consts::PI / 180.0)
    }

    /// Radians as degrees: `y = x 180 / π`, element by element. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy 180 / π`; saves nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([std::f64::consts::PI]).rad2deg().to_f64s(), [180.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn rad2deg(&self) -> Tensor {
        self.mul_scalar(180.0 / std::f64::consts::PI)
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::unary("deg2rad", -200.0..200.0, &[], |x| x.deg2rad(), f64::to_radians),
    Case::unary("rad2deg", -3.0..3.0, &[], |x| x.rad2deg(), f64::to_degrees),
];
