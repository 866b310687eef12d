//! Hyperbolic tangent in straight pieces.

use crate::layer::Layer;
use autograd_core::{Error, ErrorKind, Result, Tensor};
use wengert_derive::Module;

/// Hyperbolic tangent in straight pieces: [`Tensor::hardtanh`] as a layer.
///
/// # Errors
/// `forward` fails if a bound is NaN or `min_val` is not below `max_val`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Hardtanh};
/// let layer = Hardtanh::new().min_val(-0.5).max_val(2.0);
/// assert_eq!(layer.forward(&Tensor::from([-3.0, 1.5]))?.to_vec::<f32>()?, [-0.5, 1.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Hardtanh {
    min_val: f64,
    max_val: f64,
}

impl Hardtanh {
    /// A layer with the default options.
    pub fn new() -> Hardtanh {
        Hardtanh { min_val: -1.0, max_val: 1.0 }
    }

    /// The least output. Default −1.
    #[must_use]
    pub fn min_val(mut self, min_val: f64) -> Hardtanh {
        self.min_val = min_val;
        self
    }

    /// The largest output. Default 1.
    #[must_use]
    pub fn max_val(mut self, max_val: f64) -> Hardtanh {
        self.max_val = max_val;
        self
    }
}

impl Default for Hardtanh {
    fn default() -> Self {
        Hardtanh::new()
    }
}

impl Layer for Hardtanh {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.min_val == self.max_val {
            let text = format!("Hardtanh: min_val {} is not below max_val {}", self.min_val, self.max_val);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        x.hardtanh(self.min_val, self.max_val)
    }
}

#[cfg(test)]
cases![
    activation("Hardtanh", |_| Ok(Hardtanh::new()), |x| x.clamp(-1.0, 1.0)),
    activation("Hardtanh", |_| Ok(Hardtanh::new().min_val(-0.5).max_val(2.0)), |x| x.clamp(-0.5, 2.0)),
    layer("Hardtanh", |_| Ok(Hardtanh::new().min_val(1.0))).refuses(&[2], "Hardtanh: min_val 1 is not below max_val 1"),
    layer("Hardtanh", |_| Ok(Hardtanh::new().min_val(2.0))).refuses(&[2], "hardtanh: min_val 2 is above max_val 1"),
];
