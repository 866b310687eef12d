//! The options and results of recurrent layers.

use autograd_core::Tensor;

/// The function of a recurrent layer without gates.
///
/// # Examples
/// ```
/// use wengert_nn::{RNN, RecurrentNonlinearity, RecurrentOptions};
/// let options = RecurrentOptions::new().nonlinearity(RecurrentNonlinearity::ReLU);
/// assert_eq!(RNN::with(3, 4, options, &mut autograd_core::seeded(7))?.hidden_size(), 4);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecurrentNonlinearity {
    /// `tanh(x)`
    #[default]
    Tanh,
    /// `max(x, 0)`
    ReLU,
}

/// The options of [`RNN`](crate::RNN), [`GRU`](crate::GRU) and [`LSTM`](crate::LSTM).
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{LSTM, RecurrentOptions};
/// let options = RecurrentOptions::new().num_layers(2).bidirectional(true).proj_size(2).batch_first(true);
/// let options = options.bias(false).dropout(0.1);
/// let lstm = LSTM::with(3, 4, options, &mut autograd_core::seeded(7))?;
/// let (name, weight) = lstm.named_parameters().swap_remove(9);
/// assert_eq!((name.as_str(), weight.shape()), ("weight_ih_l1_reverse", &[16, 4][..]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecurrentOptions {
    pub(super) num_layers: usize,
    pub(super) bias: bool,
    pub(super) batch_first: bool,
    pub(super) dropout: f64,
    pub(super) bidirectional: bool,
    pub(super) proj_size: usize,
    pub(super) nonlinearity: Option<RecurrentNonlinearity>,
}

impl Default for RecurrentOptions {
    fn default() -> Self {
        RecurrentOptions {
            num_layers: 1,
            bias: true,
            batch_first: false,
            dropout: 0.0,
            bidirectional: false,
            proj_size: 0,
            nonlinearity: None,
        }
    }
}

impl RecurrentOptions {
    /// The defaults.
    pub fn new() -> RecurrentOptions {
        RecurrentOptions::default()
    }

    /// The number of layers, of which each runs over the outputs of the one before. Default 1.
    #[must_use]
    pub fn num_layers(mut self, layers: usize) -> Self {
        self.num_layers = layers;
        self
    }

    /// Whether there are biases. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Whether the batch is the first dimension of inputs and outputs, `[N, L, ..]`; states are not changed by it.
    /// Default false.
    #[must_use]
    pub fn batch_first(mut self, first: bool) -> Self {
        self.batch_first = first;
        self
    }

    /// The probability that an output of a layer is dropped in training before the next layer; with one layer nothing
    /// is. Default 0.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// Whether a second direction runs from the last step to the first; its outputs stand behind those of the first.
    /// Default false.
    #[must_use]
    pub fn bidirectional(mut self, both: bool) -> Self {
        self.bidirectional = both;
        self
    }

    /// The size that outputs are projected to, below that of the cell, for [`LSTM`](crate::LSTM) only. Default 0: they
    /// are not.
    #[must_use]
    pub fn proj_size(mut self, size: usize) -> Self {
        self.proj_size = size;
        self
    }

    /// The function of each step, for [`RNN`](crate::RNN) only. Default tanh.
    #[must_use]
    pub fn nonlinearity(mut self, function: RecurrentNonlinearity) -> Self {
        self.nonlinearity = Some(function);
        self
    }
}

/// The options of [`RNNCell`](crate::RNNCell), [`GRUCell`](crate::GRUCell) and [`LSTMCell`](crate::LSTMCell).
///
/// # Examples
/// ```
/// use wengert_nn::{RNNCell, RecurrentCellOptions, RecurrentNonlinearity};
/// let options = RecurrentCellOptions::new().bias(false).nonlinearity(RecurrentNonlinearity::ReLU);
/// assert!(RNNCell::with(3, 4, options, &mut autograd_core::seeded(7))?.bias_ih.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrentCellOptions {
    pub(super) bias: bool,
    pub(super) nonlinearity: Option<RecurrentNonlinearity>,
}

impl Default for RecurrentCellOptions {
    fn default() -> Self {
        RecurrentCellOptions { bias: true, nonlinearity: None }
    }
}

impl RecurrentCellOptions {
    /// The defaults.
    pub fn new() -> RecurrentCellOptions {
        RecurrentCellOptions::default()
    }

    /// Whether there are biases. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The function of the step, for [`RNNCell`](crate::RNNCell) only. Default tanh.
    #[must_use]
    pub fn nonlinearity(mut self, function: RecurrentNonlinearity) -> Self {
        self.nonlinearity = Some(function);
        self
    }
}

/// What a recurrent layer gives for sequences: the outputs of all steps, and the state after the last.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{GRU, RecurrentOutput};
/// let gru = GRU::new(3, 4, &mut seeded(7))?;
/// let RecurrentOutput { output, state } = gru.run(&Tensor::ones(&[5, 2, 3], DType::F32)?, None)?;
/// assert_eq!((output.shape(), state.shape()), (&[5, 2, 4][..], &[1, 2, 4][..]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentOutput<S = Tensor> {
    /// The outputs of the last layer, step by step.
    pub output: Tensor,
    /// The states of all layers after the last step.
    pub state: S,
}

/// The state of an [`LSTM`](crate::LSTM) or [`LSTMCell`](crate::LSTMCell).
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{LSTM, LSTMState};
/// let lstm = LSTM::new(3, 4, &mut seeded(7))?;
/// let x = Tensor::ones(&[5, 2, 3], DType::F32)?;
/// let start = LSTMState { h: Tensor::zeros(&[1, 2, 4], DType::F32)?, c: Tensor::ones(&[1, 2, 4], DType::F32)? };
/// let state = lstm.run(&x, Some(&start))?.state;
/// assert!(state.c.is_tracked() && !state.detach().c.is_tracked());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LSTMState {
    /// The hidden state.
    pub h: Tensor,
    /// The cell.
    pub c: Tensor,
}

impl LSTMState {
    /// The same numbers without their history: for the next part of a sequence that is trained in parts.
    pub fn detach(&self) -> LSTMState {
        LSTMState { h: self.h.detach(), c: self.c.detach() }
    }
}
