//! Recurrent layers and their cells.

use super::Rows;
use wengert_nn::{
    GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell, RecurrentCellOptions, RecurrentNonlinearity, RecurrentOptions,
};

pub(super) const BUILT: Rows = &[
    ("RNN(3, 4, 2, bidirectional=True)", |rng| {
        Ok(Box::new(RNN::with(3, 4, RecurrentOptions::new().num_layers(2).bidirectional(true), rng)?))
    }),
    ("RNN(3, 4, nonlinearity='relu', bias=False)", |rng| {
        let options = RecurrentOptions::new().nonlinearity(RecurrentNonlinearity::ReLU).bias(false);
        Ok(Box::new(RNN::with(3, 4, options, rng)?))
    }),
    ("LSTM(3, 4, 2)", |rng| Ok(Box::new(LSTM::with(3, 4, RecurrentOptions::new().num_layers(2), rng)?))),
    ("LSTM(3, 4, proj_size=2)", |rng| Ok(Box::new(LSTM::with(3, 4, RecurrentOptions::new().proj_size(2), rng)?))),
    ("LSTM(3, 4, bidirectional=True, proj_size=2)", |rng| {
        Ok(Box::new(LSTM::with(3, 4, RecurrentOptions::new().bidirectional(true).proj_size(2), rng)?))
    }),
    ("LSTM(3, 4, 2, bias=False, bidirectional=True, proj_size=2)", |rng| {
        let options = RecurrentOptions::new().num_layers(2).bias(false).bidirectional(true).proj_size(2);
        Ok(Box::new(LSTM::with(3, 4, options, rng)?))
    }),
    ("GRU(3, 4, bias=False)", |rng| Ok(Box::new(GRU::with(3, 4, RecurrentOptions::new().bias(false), rng)?))),
    ("GRU(3, 4, 2, bidirectional=True)", |rng| {
        Ok(Box::new(GRU::with(3, 4, RecurrentOptions::new().num_layers(2).bidirectional(true), rng)?))
    }),
    ("RNNCell(3, 4)", |rng| Ok(Box::new(RNNCell::new(3, 4, rng)?))),
    ("LSTMCell(3, 4)", |rng| Ok(Box::new(LSTMCell::new(3, 4, rng)?))),
    ("LSTMCell(3, 4, bias=False)", |rng| {
        Ok(Box::new(LSTMCell::with(3, 4, RecurrentCellOptions::new().bias(false), rng)?))
    }),
    ("GRUCell(3, 4)", |rng| Ok(Box::new(GRUCell::new(3, 4, rng)?))),
];
