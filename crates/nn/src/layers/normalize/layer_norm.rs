//! Layer normalisation.

use super::affine::{check_sizes, ones, zeros};
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The options of [`LayerNorm`].
///
/// # Examples
/// ```
/// use wengert_nn::{LayerNorm, LayerNormOptions};
/// let norm = LayerNorm::with(&[4], LayerNormOptions::new().eps(1e-3).bias(false))?;
/// assert!(norm.weight.is_some() && norm.bias.is_none());
/// let norm = LayerNorm::with(&[4], LayerNormOptions::new().elementwise_affine(false))?;
/// assert!(norm.weight.is_none() && norm.bias.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNormOptions {
    eps: f64,
    elementwise_affine: bool,
    bias: bool,
}

impl Default for LayerNormOptions {
    fn default() -> Self {
        LayerNormOptions { eps: 1e-5, elementwise_affine: true, bias: true }
    }
}

impl LayerNormOptions {
    /// The defaults.
    pub fn new() -> LayerNormOptions {
        LayerNormOptions::default()
    }

    /// What is added to the variance, any number. Default 1e-5.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> LayerNormOptions {
        self.eps = eps;
        self
    }

    /// Whether there are weights and biases. Default true.
    #[must_use]
    pub fn elementwise_affine(mut self, elementwise_affine: bool) -> LayerNormOptions {
        self.elementwise_affine = elementwise_affine;
        self
    }

    /// Whether there are biases beside the weights. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> LayerNormOptions {
        self.bias = bias;
        self
    }
}

/// Layer normalisation over the last dims: [`Tensor::layer_norm`] as a layer. Weights start as 1, biases as 0.
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
/// use wengert_nn::{Layer, LayerNorm, LayerNormOptions};
/// let norm = LayerNorm::with(&[2], LayerNormOptions::new().eps(0.0))?;
/// assert_eq!(norm.forward(&Tensor::from([[1.0, 3.0]]))?.to_vec::<f32>()?, [-1.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Ba, Kiros, Hinton, Layer Normalization, 2016.
#[derive(Clone, Debug, Module)]
pub struct LayerNorm {
    /// The weights, `normalized_shape`, if there are any.
    pub weight: Option<Param>,
    /// The biases, `normalized_shape`, if there are any.
    pub bias: Option<Param>,
    normalized_shape: Vec<usize>,
    #[module(option)]
    options: LayerNormOptions,
}

impl LayerNorm {
    /// A layer with the default options.
    ///
    /// # Errors
    /// If `normalized_shape` is empty or has a 0 in it.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::LayerNorm;
    /// assert_eq!(LayerNorm::new(&[2])?.weight.expect("affine").to_vec::<f32>()?, [1.0; 2]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(normalized_shape: &[usize]) -> Result<LayerNorm> {
        LayerNorm::with(normalized_shape, LayerNormOptions::new())
    }

    /// A layer with these options.
    ///
    /// # Errors
    /// If `normalized_shape` is empty or has a 0 in it.
    pub fn with(normalized_shape: &[usize], options: LayerNormOptions) -> Result<LayerNorm> {
        check_sizes("LayerNorm", normalized_shape)?;
        Ok(LayerNorm {
            weight: ones(options.elementwise_affine, normalized_shape)?,
            bias: zeros(options.elementwise_affine && options.bias, normalized_shape)?,
            normalized_shape: normalized_shape.to_vec(),
            options,
        })
    }
}

impl Layer for LayerNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.layer_norm(&self.normalized_shape, self.weight.as_deref(), self.bias.as_deref(), self.options.eps)
    }
}

#[cfg(test)]
cases![
    layer("LayerNorm", |_| LayerNorm::new(&[4]))
        .state(&["weight", "bias"])
        .maps(&[3, 4], &[3, 4])
        .maps(&[4], &[4])
        .maps(&[0, 4], &[0, 4])
        .refuses(&[4, 3], "layer_norm: the input has shape [4, 3], expected [.., 4]"),
    layer("LayerNorm", |_| LayerNorm::with(&[2, 3], LayerNormOptions::new().bias(false)))
        .state(&["weight"])
        .maps(&[2, 2, 3], &[2, 2, 3]),
    layer("LayerNorm", |_| LayerNorm::with(&[2], LayerNormOptions::new().elementwise_affine(false).eps(0.0)))
        .gives([[1.0, 3.0], [-8.0, -10.0]], [[-1.0, 1.0], [1.0, -1.0]]),
    layer("LayerNorm", |_| LayerNorm::new(&[]))
        .cannot_be("LayerNorm: normalized_shape is [], it must be one size at least, and none of 0"),
    layer("LayerNorm", |_| LayerNorm::new(&[2, 0]))
        .cannot_be("LayerNorm: normalized_shape is [2, 0], it must be one size at least, and none of 0"),
];
