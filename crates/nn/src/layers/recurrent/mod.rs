//! Recurrent layers over sequences, and their single steps.

#[macro_use]
mod parts;

mod cell;
mod conv_lstm;
mod gru;
mod lstm;
mod options;
mod rnn;
mod sequence;

#[cfg(test)]
mod tests;

pub use cell::{GRUCell, LSTMCell, RNNCell};
pub use conv_lstm::{ConvLSTM1d, ConvLSTM2d, ConvLSTM3d, ConvLSTMOptions, GateActivation};
pub use gru::GRU;
pub use lstm::LSTM;
pub use options::{LSTMState, RecurrentCellOptions, RecurrentNonlinearity, RecurrentOptions, RecurrentOutput};
pub use rnn::RNN;
pub use sequence::{Recurrent, RecurrentCell};
