//! The options of convolutional long short-term memory.

use super::super::options::RecurrentNonlinearity;
use autograd_core::{Padding, PerDim, Tensor};

/// The function of the gates of a [`ConvLSTM2d`](crate::ConvLSTM2d).
///
/// # Examples
/// ```
/// use wengert_nn::{ConvLSTMOptions, GateActivation};
/// let plain = ConvLSTMOptions::new().recurrent_activation(GateActivation::Sigmoid);
/// assert_eq!(plain, ConvLSTMOptions::new());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GateActivation {
    /// [`Tensor::sigmoid`].
    #[default]
    Sigmoid,
    /// [`Tensor::hardsigmoid`].
    HardSigmoid,
}

impl GateActivation {
    pub(super) fn of(self, x: &Tensor) -> Tensor {
        match self {
            GateActivation::Sigmoid => x.sigmoid(),
            GateActivation::HardSigmoid => x.hardsigmoid(),
        }
    }
}

/// The options of [`ConvLSTM1d`](crate::ConvLSTM1d), [`ConvLSTM2d`](crate::ConvLSTM2d) and
/// [`ConvLSTM3d`](crate::ConvLSTM3d).
///
/// # Examples
/// ```
/// use autograd_core::{DType, Padding, Tensor};
/// use wengert_nn::{ConvLSTM1d, ConvLSTMOptions, GateActivation, Layer, RecurrentNonlinearity};
/// let options = ConvLSTMOptions::new().stride(2).padding(Padding::Same).dilation(1).return_sequences(true);
/// let options = options.activation(RecurrentNonlinearity::ReLU).recurrent_activation(GateActivation::HardSigmoid);
/// let options = options.bias(true).unit_forget_bias(false);
/// let lstm = ConvLSTM1d::with(3, 2, 3, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(lstm.forward(&Tensor::ones(&[1, 4, 3, 7], DType::F32)?)?.shape(), [1, 4, 2, 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConvLSTMOptions {
    pub(super) stride: PerDim,
    pub(super) padding: Padding,
    pub(super) dilation: PerDim,
    pub(super) activation: RecurrentNonlinearity,
    pub(super) recurrent_activation: GateActivation,
    pub(super) bias: bool,
    pub(super) unit_forget_bias: bool,
    pub(super) return_sequences: bool,
}

impl Default for ConvLSTMOptions {
    fn default() -> Self {
        ConvLSTMOptions {
            stride: 1.into(),
            padding: Padding::Valid,
            dilation: 1.into(),
            activation: RecurrentNonlinearity::Tanh,
            recurrent_activation: GateActivation::Sigmoid,
            bias: true,
            unit_forget_bias: true,
            return_sequences: false,
        }
    }
}

impl ConvLSTMOptions {
    /// The defaults.
    pub fn new() -> ConvLSTMOptions {
        ConvLSTMOptions::default()
    }

    /// The distance between neighbouring outputs of the input's convolution, at least 1. Default 1.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerDim>) -> Self {
        self.stride = stride.into();
        self
    }

    /// The margins of the input, which are zeros: one number for all sides, one for each dim, or a pair for each dim
    /// (before and behind it); [`Padding::Same`] gives `⌈size / stride⌉` outputs. Default [`Padding::Valid`]: none.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// The distance between the taps of the input's kernel, at least 1. Default 1.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerDim>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// The function of the cell and of what goes into it. Default tanh.
    #[must_use]
    pub fn activation(mut self, activation: RecurrentNonlinearity) -> Self {
        self.activation = activation;
        self
    }

    /// The function of the gates. Default: the sigmoid.
    #[must_use]
    pub fn recurrent_activation(mut self, activation: GateActivation) -> Self {
        self.recurrent_activation = activation;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Whether the bias of the forget gate starts at 1, not 0. Default true.
    #[must_use]
    pub fn unit_forget_bias(mut self, unit: bool) -> Self {
        self.unit_forget_bias = unit;
        self
    }

    /// Whether `forward` gives the outputs of all steps, not of the last one alone. Default false.
    #[must_use]
    pub fn return_sequences(mut self, all: bool) -> Self {
        self.return_sequences = all;
        self
    }
}
