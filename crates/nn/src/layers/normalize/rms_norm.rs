//! Normalisation by the root mean square.

use super::affine::{check_sizes, ones};
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The options of [`RMSNorm`].
///
/// # Examples
/// ```
/// use wengert_nn::{RMSNorm, RMSNormOptions};
/// let norm = RMSNorm::with(&[4], RMSNormOptions::new().eps(1e-6).elementwise_affine(false))?;
/// assert!(norm.weight.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RMSNormOptions {
    eps: Option<f64>,
    elementwise_affine: bool,
}

impl Default for RMSNormOptions {
    fn default() -> Self {
        RMSNormOptions { eps: None, elementwise_affine: true }
    }
}

impl RMSNormOptions {
    /// The defaults.
    pub fn new() -> RMSNormOptions {
        RMSNormOptions::default()
    }

    /// What is added to the mean square, any number. Default: the distance from 1 to the next number of the input's
    /// dtype.
    #[must_use]
    pub fn eps(mut self, eps: impl Into<Option<f64>>) -> RMSNormOptions {
        self.eps = eps.into();
        self
    }

    /// Whether there are weights. Default true.
    #[must_use]
    pub fn elementwise_affine(mut self, elementwise_affine: bool) -> RMSNormOptions {
        self.elementwise_affine = elementwise_affine;
        self
    }
}

/// Division by the root mean square over the last dims: [`Tensor::rms_norm`] as a layer. Weights start as 1.
///
/// # Shapes
/// `[.., normalized_shape]`, result as the input.
///
/// # Errors
/// The constructors fail if `normalized_shape` is empty or has a 0 in it; `forward` if the input does not end with it.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, RMSNorm, RMSNormOptions};
/// let norm = RMSNorm::with(&[2], RMSNormOptions::new().eps(0.0))?;
/// assert_eq!(norm.forward(&Tensor::from([[1.0, 7.0]]))?.to_vec::<f32>()?, [0.2, 1.4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Zhang, Sennrich, Root Mean Square Layer Normalization, 2019.
#[derive(Clone, Debug, Module)]
pub struct RMSNorm {
    /// The weights, `normalized_shape`, if there are any.
    pub weight: Option<Param>,
    normalized_shape: Vec<usize>,
    #[module(option)]
    options: RMSNormOptions,
}

impl RMSNorm {
    /// A layer with the default options.
    ///
    /// # Errors
    /// If `normalized_shape` is empty or has a 0 in it.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::RMSNorm;
    /// assert_eq!(RMSNorm::new(&[2])?.weight.expect("affine").to_vec::<f32>()?, [1.0; 2]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(normalized_shape: &[usize]) -> Result<RMSNorm> {
        RMSNorm::with(normalized_shape, RMSNormOptions::new())
    }

    /// A layer with these options.
    ///
    /// # Errors
    /// If `normalized_shape` is empty or has a 0 in it.
    pub fn with(normalized_shape: &[usize], options: RMSNormOptions) -> Result<RMSNorm> {
        check_sizes("RMSNorm", normalized_shape)?;
        let weight = ones(options.elementwise_affine, normalized_shape)?;
        Ok(RMSNorm { weight, normalized_shape: normalized_shape.to_vec(), options })
    }
}

impl Layer for RMSNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.rms_norm(&self.normalized_shape, self.weight.as_deref(), self.options.eps)
    }
}

#[cfg(test)]
cases![
    layer("RMSNorm", |_| RMSNorm::new(&[4]))
        .state(&["weight"])
        .maps(&[3, 4], &[3, 4])
        .maps(&[4], &[4])
        .maps(&[0, 4], &[0, 4])
        .refuses(&[4, 3], "rms_norm: the input has shape [4, 3], expected [.., 4]"),
    layer("RMSNorm", |_| RMSNorm::with(&[2], RMSNormOptions::new().elementwise_affine(false).eps(0.0)))
        .gives([[1.0, 7.0], [-5.0, 5.0]], [[0.2, 1.4], [-1.0, 1.0]]),
    layer("RMSNorm", |_| RMSNorm::new(&[0]))
        .cannot_be("RMSNorm: normalized_shape is [0], it must be one size at least, and none of 0"),
];
