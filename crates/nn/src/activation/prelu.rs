//! Rectified linear unit whose negative slope is learned.

use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{DType, Error, Result, Tensor};
use wengert_derive::Module;

/// Rectified linear unit whose negative slope is learned: [`Tensor::prelu`] as a layer, with one slope or one for each
/// channel (dimension 1).
///
/// # Shapes
/// `x: [N, C, ..]`, or any with one slope; `weight: [C]` or `[1]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, PReLU, PReLUOptions};
/// assert_eq!(PReLU::new().forward(&Tensor::from([-1.0, 2.0]))?.to_vec::<f32>()?, [-0.25, 2.0]);
/// let y = PReLU::with(PReLUOptions::new().num_parameters(2).init(0.5))?.forward(&Tensor::from([[-1.0, 2.0]]))?;
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

/// The options of [`PReLU`].
///
/// # Examples
/// ```
/// use wengert_nn::{PReLU, PReLUOptions};
/// let prelu = PReLU::with(PReLUOptions::new().num_parameters(2).init(0.5))?;
/// assert_eq!(prelu.weight.to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PReLUOptions {
    num_parameters: usize,
    init: f64,
}

impl Default for PReLUOptions {
    fn default() -> Self {
        PReLUOptions { num_parameters: 1, init: 0.25 }
    }
}

impl PReLUOptions {
    /// The defaults.
    pub fn new() -> PReLUOptions {
        PReLUOptions::default()
    }

    /// How many slopes there are: 1 (the default) or the number of channels.
    #[must_use]
    pub fn num_parameters(mut self, num_parameters: usize) -> PReLUOptions {
        self.num_parameters = num_parameters;
        self
    }

    /// The value all slopes start from, any number; default 0.25.
    #[must_use]
    pub fn init(mut self, init: f64) -> PReLUOptions {
        self.init = init;
        self
    }
}

impl PReLU {
    /// A layer with one slope, which starts at 0.25.
    pub fn new() -> PReLU {
        let weight = Param::new(Tensor::from([0.25]));
        PReLU { weight: weight.unwrap_or_else(|_| unreachable!("a fresh float can be trained")) }
    }

    /// A layer with these options.
    ///
    /// # Errors
    /// If `num_parameters` is 0.
    pub fn with(options: PReLUOptions) -> Result<PReLU> {
        let PReLUOptions { num_parameters, init } = options;
        if num_parameters == 0 {
            return Err(Error::argument("PReLU", "num_parameters", num_parameters, "at least 1"));
        }
        Ok(PReLU { weight: Param::new(Tensor::full(&[num_parameters], init, DType::F32)?)? })
    }
}

impl Default for PReLU {
    fn default() -> Self {
        PReLU::new()
    }
}

impl Layer for PReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.prelu(&self.weight)
    }
}

#[cfg(test)]
cases![
    activation("PReLU", |_| Ok(PReLU::new()), |x| if x > 0.0 { x } else { 0.25 * x }).state(&["weight"]),
    layer("PReLU", |_| PReLU::with(PReLUOptions::new().num_parameters(3).init(0.5)))
        .state(&["weight"])
        .maps(&[2, 3, 2], &[2, 3, 2])
        .maps(&[0, 3], &[0, 3])
        .gives([[-1.0, 2.0, -3.0]], [[-0.5, 2.0, -1.5]])
        .refuses(&[2, 2], "prelu: weight has shape [3], expected [1] or [2]"),
    layer("PReLU", |_| PReLU::with(PReLUOptions::new().num_parameters(0)))
        .cannot_be("PReLU: num_parameters is 0, it must be at least 1"),
];
