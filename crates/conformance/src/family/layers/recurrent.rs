//! Recurrent layers and their single steps.

use super::table::{Build, layer};
use super::{BuildCalled, Called};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{SeededRng, Tensor};
use wengert_nn::{
    GRU, GRUCell, LSTM, LSTMCell, LSTMState, RNN, RNNCell, RecurrentCellOptions, RecurrentNonlinearity,
    RecurrentOptions,
};

pub(super) const TABLE: &[(&str, Build)] = &[
    ("RNN", |c, rng| layer(rnn(c, rng)?)),
    ("LSTM", |c, rng| layer(lstm(c, rng)?)),
    ("GRU", |c, rng| layer(gru(c, rng)?)),
    ("RNNCell", |c, rng| layer(rnn_cell(c, rng)?)),
    ("LSTMCell", |c, rng| layer(lstm_cell(c, rng)?)),
    ("GRUCell", |c, rng| layer(gru_cell(c, rng)?)),
];

/// All of them have states.
pub(super) const CALLED: &[(&str, BuildCalled)] = &[
    ("RNN", |c, rng| Ok(Box::new(rnn(c, rng)?))),
    ("LSTM", |c, rng| Ok(Box::new(lstm(c, rng)?))),
    ("GRU", |c, rng| Ok(Box::new(gru(c, rng)?))),
    ("RNNCell", |c, rng| Ok(Box::new(rnn_cell(c, rng)?))),
    ("LSTMCell", |c, rng| Ok(Box::new(lstm_cell(c, rng)?))),
    ("GRUCell", |c, rng| Ok(Box::new(gru_cell(c, rng)?))),
];

fn sizes(c: &Call<'_>) -> Outcome<[usize; 2]> {
    Ok([c.count("input_size")?, c.count("hidden_size")?])
}

/// What an argument says that may be left out.
fn nonlinearity(c: &Call<'_>) -> Outcome<Option<RecurrentNonlinearity>> {
    match c.maybe_word("nonlinearity")? {
        None => Ok(None),
        Some("tanh") => Ok(Some(RecurrentNonlinearity::Tanh)),
        Some("relu") => Ok(Some(RecurrentNonlinearity::ReLU)),
        Some(other) => Err(Stop::argument("nonlinearity", other)),
    }
}

fn options(c: &Call<'_>) -> Outcome<RecurrentOptions> {
    let count = |name: &str, default: usize| if c.is_given(name) { c.count(name) } else { Ok(default) };
    let options = RecurrentOptions::new()
        .num_layers(count("num_layers", 1)?)
        .bias(c.flag_or("bias", true)?)
        .batch_first(c.flag_or("batch_first", false)?)
        .dropout(c.number_or("dropout", 0.0)?)
        .bidirectional(c.flag_or("bidirectional", false)?)
        .proj_size(count("proj_size", 0)?);
    Ok(nonlinearity(c)?.into_iter().fold(options, RecurrentOptions::nonlinearity))
}

fn cell_options(c: &Call<'_>) -> Outcome<RecurrentCellOptions> {
    let options = RecurrentCellOptions::new().bias(c.flag_or("bias", true)?);
    Ok(nonlinearity(c)?.into_iter().fold(options, RecurrentCellOptions::nonlinearity))
}

fn rnn(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<RNN> {
    let [inputs, hidden] = sizes(c)?;
    Ok(RNN::with(inputs, hidden, options(c)?, rng)?)
}

fn lstm(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<LSTM> {
    let [inputs, hidden] = sizes(c)?;
    Ok(LSTM::with(inputs, hidden, options(c)?, rng)?)
}

fn gru(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<GRU> {
    let [inputs, hidden] = sizes(c)?;
    Ok(GRU::with(inputs, hidden, options(c)?, rng)?)
}

fn rnn_cell(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<RNNCell> {
    let [inputs, hidden] = sizes(c)?;
    Ok(RNNCell::with(inputs, hidden, cell_options(c)?, rng)?)
}

fn lstm_cell(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<LSTMCell> {
    let [inputs, hidden] = sizes(c)?;
    Ok(LSTMCell::with(inputs, hidden, cell_options(c)?, rng)?)
}

fn gru_cell(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<GRUCell> {
    let [inputs, hidden] = sizes(c)?;
    Ok(GRUCell::with(inputs, hidden, cell_options(c)?, rng)?)
}

/// The state to begin with, if there is one; cases have two names for it.
fn state<'a>(c: &Call<'a>) -> Outcome<Option<&'a Tensor>> {
    match c.maybe_tensor("h_0")? {
        Some(h) => Ok(Some(h)),
        None => c.maybe_tensor("hx"),
    }
}

fn state_and_cell(c: &Call<'_>) -> Outcome<Option<LSTMState>> {
    match (state(c)?, c.maybe_tensor("c_0")?) {
        (None, None) => Ok(None),
        (Some(h), Some(c)) => Ok(Some(LSTMState { h: h.clone(), c: c.clone() })),
        // A value of the type has both.
        (h, _) => Err(Stop::argument(if h.is_some() { "c_0" } else { "h_0" }, "missing")),
    }
}

impl Called for RNN {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let all = self.run(c.tensor("input")?, state(c)?)?;
        Ok(vec![all.output, all.state])
    }
}

impl Called for GRU {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let all = self.run(c.tensor("input")?, state(c)?)?;
        Ok(vec![all.output, all.state])
    }
}

impl Called for LSTM {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let all = self.run(c.tensor("input")?, state_and_cell(c)?.as_ref())?;
        Ok(vec![all.output, all.state.h, all.state.c])
    }
}

impl Called for RNNCell {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        Ok(vec![self.step(c.tensor("input")?, state(c)?)?])
    }
}

impl Called for GRUCell {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        Ok(vec![self.step(c.tensor("input")?, state(c)?)?])
    }
}

impl Called for LSTMCell {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let LSTMState { h, c } = self.step(c.tensor("input")?, state_and_cell(c)?.as_ref())?;
        Ok(vec![h, c])
    }
}
