//! Networks over sequences.

use super::{Result, Step, Training, Way, labels, samples};
use wengert::nn::{
    LSTM, Layer, Linear, Module, RecurrentOptions, TransformerActivation, TransformerEncoder, TransformerOptions,
    cross_entropy,
};
use wengert::optim::{Adam, AdamW};
use wengert::{Tensor, seeded};

pub struct LstmSizes {
    pub batch: usize,
    pub steps: usize,
    pub features: usize,
    pub hidden: usize,
}

/// One LSTM layer, the last state to ten classes, Adam.
pub fn lstm(sizes: LstmSizes, way: Way) -> Result<Step> {
    let LstmSizes { batch, steps, features, hidden } = sizes;
    let rng = &mut seeded(7);
    let lstm = LSTM::with(features, hidden, RecurrentOptions::new().batch_first(true), rng)?;
    let model = LastState { lstm, head: Linear::new(hidden, 10, rng)? };
    let (x, t) = (samples(&[batch, steps, features])?, labels(batch)?);
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

pub struct TransformerSizes {
    pub batch: usize,
    pub steps: usize,
    pub features: usize,
    pub heads: usize,
    pub hidden: usize,
}

/// Two encoder layers with norms first and GELU, the mean to ten classes, AdamW.
pub fn transformer(sizes: TransformerSizes, way: Way) -> Result<Step> {
    let TransformerSizes { batch, steps, features, heads, hidden } = sizes;
    let rng = &mut seeded(7);
    let options = TransformerOptions::new().dim_feedforward(hidden).dropout(0.0);
    let options = options.activation(TransformerActivation::GELU).batch_first(true).norm_first(true);
    let encoder = TransformerEncoder::with(features, heads, 2, options, rng)?;
    let model = MeanState { encoder, head: Linear::new(features, 10, rng)? };
    let (x, t) = (samples(&[batch, steps, features])?, labels(batch)?);
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
