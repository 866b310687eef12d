//! Group normalisation.

use super::affine::{ones, zeros};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Error, ErrorKind, Result, Tensor};
use wengert_derive::Module;

/// The options of [`GroupNorm`].
///
/// # Examples
/// ```
/// use wengert_nn::{GroupNorm, GroupNormOptions};
/// let norm = GroupNorm::with(2, 4, GroupNormOptions::new().eps(1e-3).bias(false))?;
/// assert!(norm.weight.is_some() && norm.bias.is_none());
/// assert!(GroupNorm::with(2, 4, GroupNormOptions::new().affine(false))?.weight.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupNormOptions {
    eps: f64,
    affine: bool,
    bias: bool,
}

impl Default for GroupNormOptions {
    fn default() -> Self {
        GroupNormOptions { eps: 1e-5, affine: true, bias: true }
    }
}

impl GroupNormOptions {
    /// The defaults.
    pub fn new() -> GroupNormOptions {
        GroupNormOptions::default()
    }

    /// What is added to the variance, any number. Default 1e-5.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> GroupNormOptions {
        self.eps = eps;
        self
    }

    /// Whether there are weights and biases. Default true.
    #[must_use]
    pub fn affine(mut self, affine: bool) -> GroupNormOptions {
        self.affine = affine;
        self
    }

    /// Whether there are biases beside the weights. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> GroupNormOptions {
        self.bias = bias;
        self
    }
}

/// Normalisation of groups of channels: [`Tensor::group_norm`] as a layer. Weights start as 1, biases as 0.
///
/// # Shapes
/// `[N, C, ..]`, result as the input.
///
/// # Errors
/// The constructors fail if a number is 0 or the groups do not divide the channels; `forward` if the input has other
/// channels, or a single value.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{GroupNorm, GroupNormOptions, Layer};
/// let norm = GroupNorm::with(2, 4, GroupNormOptions::new().eps(0.0))?;
/// let y = norm.forward(&Tensor::from([[1.0, 3.0, 10.0, 30.0]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [-1.0, 1.0, -1.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Wu, He, Group Normalization, 2018.
#[derive(Clone, Debug, Module)]
pub struct GroupNorm {
    /// The weights, `[C]`, if there are any.
    pub weight: Option<Param>,
    /// The biases, `[C]`, if there are any.
    pub bias: Option<Param>,
    num_groups: usize,
    num_channels: usize,
    #[module(option)]
    options: GroupNormOptions,
}

impl GroupNorm {
    /// A layer for `num_channels` channels in `num_groups` groups, with the default options.
    ///
    /// # Errors
    /// If a number is 0 or the groups do not divide the channels.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::GroupNorm;
    /// assert_eq!(GroupNorm::new(2, 4)?.weight.expect("affine").to_vec::<f32>()?, [1.0; 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(num_groups: usize, num_channels: usize) -> Result<GroupNorm> {
        GroupNorm::with(num_groups, num_channels, GroupNormOptions::new())
    }

    /// A layer for `num_channels` channels in `num_groups` groups.
    ///
    /// # Errors
    /// If a number is 0 or the groups do not divide the channels.
    pub fn with(num_groups: usize, num_channels: usize, options: GroupNormOptions) -> Result<GroupNorm> {
        for (name, number) in [("num_groups", num_groups), ("num_channels", num_channels)] {
            Check("GroupNorm").require(number > 0, name, number, "at least 1")?;
        }
        if !num_channels.is_multiple_of(num_groups) {
            let text = format!("GroupNorm: {num_channels} channels do not make {num_groups} groups");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let weight = ones(options.affine, &[num_channels])?;
        let bias = zeros(options.affine && options.bias, &[num_channels])?;
        Ok(GroupNorm { weight, bias, num_groups, num_channels, options })
    }
}

impl Layer for GroupNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if x.shape().get(1) != Some(&self.num_channels) {
            let expected = format!("[N, {}, ..]", self.num_channels);
            return Err(Error::shape("GroupNorm", "the input", x.shape(), expected));
        }
        x.group_norm(self.num_groups, self.weight.as_deref(), self.bias.as_deref(), self.options.eps)
    }
}

#[cfg(test)]
cases![
    layer("GroupNorm", |_| GroupNorm::new(2, 4))
        .state(&["weight", "bias"])
        .maps(&[2, 4, 3], &[2, 4, 3])
        .maps(&[2, 4], &[2, 4])
        .maps(&[0, 4, 2], &[0, 4, 2])
        .refuses(&[2, 6, 3], "GroupNorm: the input has shape [2, 6, 3], expected [N, 4, ..]")
        .refuses(&[4], "GroupNorm: the input has shape [4], expected [N, 4, ..]"),
    layer("GroupNorm", |_| GroupNorm::with(1, 3, GroupNormOptions::new().affine(false)))
        .maps(&[2, 3, 1, 2], &[2, 3, 1, 2]),
    layer("GroupNorm", |_| GroupNorm::with(2, 4, GroupNormOptions::new().bias(false).eps(0.0)))
        .state(&["weight"])
        .gives([[1.0, 3.0, 10.0, 30.0]], [[-1.0, 1.0, -1.0, 1.0]]),
    layer("GroupNorm", |_| GroupNorm::new(2, 3)).cannot_be("GroupNorm: 3 channels do not make 2 groups"),
    layer("GroupNorm", |_| GroupNorm::new(0, 3)).cannot_be("GroupNorm: num_groups is 0, it must be at least 1"),
    layer("GroupNorm", |_| GroupNorm::new(1, 0)).cannot_be("GroupNorm: num_channels is 0, it must be at least 1"),
];
