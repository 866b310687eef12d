//! Networks over sequences.

use super::{Result, Step, Training, Way, labels, samples};
use wengert::nn::{
    LSTM, Layer, Linear, Module, RecurrentOptions, TransformerActivation, TransformerEncoder, TransformerOptions,
    cross_entropy,
};
use wengert::optim::{Adam, AdamW};
use wengert::{Tensor, seeded};

/// One LSTM layer, 64 to 128 features, sequences of 64, batch 32, the last state to ten classes, Adam.
pub fn lstm(way: Way) -> Result<Step> {
    let rng = &mut seeded(7);
    let lstm = LSTM::with(64, 128, RecurrentOptions::new().batch_first(true), rng)?;
    let model = LastState { lstm, head: Linear::new(128, 10, rng)? };
    let (x, t) = (samples(&[32, 64, 64])?, labels(32)?);
    Ok(Training { model, x, t, loss: cross_entropy, optimizer: Adam::new(1e-3) }.step(way))
}

#[derive(Module)]
struct LastState {
    lstm: LSTM,
    head: Linear,
}

impl Layer for LastState {
    fn forward(&self, x: &Tensor) -> wengert::Result<Tensor> {
        self.head.call("head", &self.lstm.call("lstm", x)?.select(1, -1)?)
    }
}

/// Two encoder layers with norms first, 128 features, 4 heads, 512 hidden units (GELU), sequences of 64, batch 16, the
/// mean to ten classes, AdamW.
pub fn transformer(way: Way) -> Result<Step> {
    let rng = &mut seeded(7);
    let options = TransformerOptions::new().dim_feedforward(512).dropout(0.0).activation(TransformerActivation::GELU);
    let options = options.batch_first(true).norm_first(true);
    let model =
        MeanState { encoder: TransformerEncoder::with(128, 4, 2, options, rng)?, head: Linear::new(128, 10, rng)? };
    let (x, t) = (samples(&[16, 64, 128])?, labels(16)?);
    Ok(Training { model, x, t, loss: cross_entropy, optimizer: AdamW::new(1e-3) }.step(way))
}

#[derive(Module)]
struct MeanState {
    encoder: TransformerEncoder,
    head: Linear,
}

impl Layer for MeanState {
    fn forward(&self, x: &Tensor) -> wengert::Result<Tensor> {
        self.head.call("head", &self.encoder.call("encoder", x)?.mean_dim(1)?)
    }
}
