//! Recurrent layers over sequences, and their single steps.

#[macro_use]
mod parts;

mod cell;
mod gru;
mod lstm;
mod options;
mod rnn;

#[cfg(test)]
mod tests;

pub use cell::{GRUCell, LSTMCell, RNNCell};
pub use gru::GRU;
pub use lstm::LSTM;
pub use options::{LSTMState, RecurrentCellOptions, RecurrentNonlinearity, RecurrentOptions, RecurrentOutput};
pub use rnn::RNN;
