//! Rectified linear unit whose negative slope is learned.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{DType, Error, Tensor};
use wengert_derive::Module;

/// `y = x` where `x > 0`, else `w x`, with one learned slope `w`, or one a channel (dimension 1); it starts at 0.25.
///
/// # Shapes
/// `x: [N, C, ..]`, or any with one slope; `weight: [C]` or `[1]`.
///
/// # Gradient
/// `gx = gy` where `x > 0`, else `w gy`, also at 0; `gw = Σ gy x` over `x < 0`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, PReLU};
/// let y = PReLU::new(2, 0.5)?.forward(&Tensor::from([[-1.0, 2.0]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [-0.5, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, equation 1.
#[derive(Clone, Debug, Module)]
pub struct PReLU {
    /// The slopes for negative inputs.
    pub weight: Param,
}

impl PReLU {
    /// With `num_parameters` slopes (1, or the number of channels), all starting at `init`.
    ///
    /// # Errors
    /// If `num_parameters` is 0.
    pub fn new(num_parameters: usize, init: f64) -> Result<PReLU> {
        if num_parameters == 0 {
            return Err(Error::argument("PReLU", "num_parameters", num_parameters, "at least 1").into());
        }
        Ok(PReLU { weight: Param::new(Tensor::full(&[num_parameters], init, DType::F32)?) })
    }
}

impl Default for PReLU {
    fn default() -> Self {
        PReLU { weight: Param::new(Tensor::from([0.25])) }
    }
}

impl Layer for PReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.prelu(&self.weight)?)
    }
}
