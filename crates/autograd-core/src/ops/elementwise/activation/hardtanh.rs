//! Clamps as activations.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::elementwise::compare::clamp::clamped;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = min(max(x, min_val), max_val)`, element by element: [`Tensor::clamp`] under the name that activations have.
    ///
    /// # Gradient
    /// `gx = gy` strictly inside, 0 outside and at the bounds; saves x.
    ///
    /// # Errors
    /// If a bound is NaN or `min_val` is above `max_val`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-2.0, 0.5, 2.0]).hardtanh(-1.0, 1.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [-1.0, 0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn hardtanh(&self, min_val: f64, max_val: f64) -> Result<Tensor> {
        for (name, bound) in [("min_val", min_val), ("max_val", max_val)] {
            Check("hardtanh").require(!bound.is_nan(), name, bound, "a number or an infinity")?;
        }
        if min_val > max_val {
            let text = format!("hardtanh: min_val {min_val} is above max_val {max_val}");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        self.clamp(min_val, max_val)
    }

    /// `y = min(max(x, 0), 6)`, element by element; otherwise like [`Tensor::hardtanh`]. Integers stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0, 8.0]).relu6().to_vec::<f32>()?, [0.0, 3.0, 6.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn relu6(&self) -> Tensor {
        clamped(self, 0.0, 6.0)
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::fallible_unary("hardtanh", -2.0..2.0, &[-0.5, 1.5], |x| x.hardtanh(-0.5, 1.5), |x| x.clamp(-0.5, 1.5))
        .refuses(|x| x[0].hardtanh(0.5, -0.5), "hardtanh: min_val 0.5 is above max_val -0.5")
        .refuses(|x| x[0].hardtanh(f64::NAN, 1.0), "hardtanh: min_val is NaN, it must be a number or an infinity"),
    Case::unary("relu6", -3.0..9.0, &[0.0, 6.0], |x| x.relu6(), |x| x.clamp(0.0, 6.0)),
];
