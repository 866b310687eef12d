//! Recurrent layers over sequences, and their single steps.

#[macro_use]
mod stack;

mod cell;
mod gru;
mod lstm;
mod options;
mod output;
mod rnn;

#[cfg(test)]
mod tests;

pub use cell::{GRUCell, LSTMCell, RNNCell};
pub use gru::GRU;
pub use lstm::LSTM;
pub use options::{RecurrentCellOptions, RecurrentNonlinearity, RecurrentOptions};
pub use output::{LSTMState, RecurrentOutput};
pub use rnn::RNN;
