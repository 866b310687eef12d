//! Gaussian error linear unit.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = x Φ(x)`, with Φ the normal distribution function: exact, or by PyTorch's tanh approximation.
///
/// ```text
/// None   y = x/2 · (1 + erf(x/√2))
/// Tanh   y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))
/// ```
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Approximate, GELU, Layer};
/// let x = Tensor::from(1.0);
/// assert!((GELU::default().forward(&x)?.item::<f32>()? - 0.841_344_7).abs() < 1e-6);
/// assert!((GELU::new(Approximate::Tanh).forward(&x)?.item::<f32>()? - 0.841_192).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Hendrycks, Gimpel, Gaussian error linear units, 2016.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct GELU {
    /// Whether Φ is approximated.
    #[module(skip)]
    pub approximate: Approximate,
}

/// How [`GELU`] computes Φ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approximate {
    /// By the error function.
    #[default]
    None,
    /// By tanh.
    Tanh,
}

impl GELU {
    /// With Φ computed this way.
    pub fn new(approximate: Approximate) -> GELU {
        GELU { approximate }
    }
}

impl Layer for GELU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self.approximate {
            Approximate::None => x.gelu(),
            Approximate::Tanh => x.gelu_tanh(),
        })
    }
}
