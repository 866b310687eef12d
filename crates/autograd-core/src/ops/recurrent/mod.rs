//! Recurrent layers, each over a whole sequence in one direction, and their single steps.

pub(crate) mod options;
mod pullback;
mod sequence;
mod twin;

mod cell;
mod gru;
mod lstm;
mod rnn;

#[cfg(test)]
mod tests;
