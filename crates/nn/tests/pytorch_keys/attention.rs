//! Attention, and the layers and stacks of a transformer.

use super::Rows;
use wengert_nn::{
    LayerNorm, MultiheadAttention, MultiheadAttentionOptions, Transformer, TransformerDecoder, TransformerDecoderLayer,
    TransformerEncoder, TransformerEncoderLayer, TransformerOptions,
};

/// Layers of eight features between the two products.
fn eight() -> TransformerOptions {
    TransformerOptions::new().dim_feedforward(8)
}

pub(super) const BUILT: Rows = &[
    ("MultiheadAttention(4, 2)", |rng| Ok(Box::new(MultiheadAttention::new(4, 2, rng)?))),
    ("MultiheadAttention(4, 2, add_bias_kv=True, kdim=3, vdim=5)", |rng| {
        let options = MultiheadAttentionOptions::new().add_bias_kv(true).kdim(3).vdim(5);
        Ok(Box::new(MultiheadAttention::with(4, 2, options, rng)?))
    }),
    ("MultiheadAttention(4, 2, bias=False)", |rng| {
        Ok(Box::new(MultiheadAttention::with(4, 2, MultiheadAttentionOptions::new().bias(false), rng)?))
    }),
    ("MultiheadAttention(4, 2, kdim=3, vdim=5)", |rng| {
        Ok(Box::new(MultiheadAttention::with(4, 2, MultiheadAttentionOptions::new().kdim(3).vdim(5), rng)?))
    }),
    ("MultiheadAttention(4, 2, bias=False, add_bias_kv=True, kdim=3)", |rng| {
        let options = MultiheadAttentionOptions::new().bias(false).add_bias_kv(true).kdim(3);
        Ok(Box::new(MultiheadAttention::with(4, 2, options, rng)?))
    }),
    ("TransformerEncoderLayer(4, 2, 8)", |rng| Ok(Box::new(TransformerEncoderLayer::with(4, 2, eight(), rng)?))),
    ("TransformerEncoderLayer(4, 2, 8, bias=False)", |rng| {
        Ok(Box::new(TransformerEncoderLayer::with(4, 2, eight().bias(false), rng)?))
    }),
    ("TransformerEncoderLayer(4, 2, 8, norm_first=True)", |rng| {
        Ok(Box::new(TransformerEncoderLayer::with(4, 2, eight().norm_first(true), rng)?))
    }),
    ("TransformerDecoderLayer(4, 2, 8)", |rng| Ok(Box::new(TransformerDecoderLayer::with(4, 2, eight(), rng)?))),
    ("TransformerDecoderLayer(4, 2, 8, bias=False)", |rng| {
        Ok(Box::new(TransformerDecoderLayer::with(4, 2, eight().bias(false), rng)?))
    }),
    ("TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 2)", |rng| {
        Ok(Box::new(TransformerEncoder::with(4, 2, 2, eight(), rng)?))
    }),
    ("TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 1, norm=LayerNorm(4))", |rng| {
        Ok(Box::new(TransformerEncoder::with(4, 2, 1, eight(), rng)?.norm(LayerNorm::new(&[4])?)))
    }),
    ("TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 2)", |rng| {
        Ok(Box::new(TransformerDecoder::with(4, 2, 2, eight(), rng)?))
    }),
    ("TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 1, norm=LayerNorm(4))", |rng| {
        Ok(Box::new(TransformerDecoder::with(4, 2, 1, eight(), rng)?.norm(LayerNorm::new(&[4])?)))
    }),
    ("Transformer(4, 2, 1, 1, 8)", |rng| Ok(Box::new(Transformer::with(4, 2, [1, 1], eight(), rng)?))),
    ("Transformer(4, 2, 2, 1, 8, bias=False)", |rng| {
        Ok(Box::new(Transformer::with(4, 2, [2, 1], eight().bias(false), rng)?))
    }),
];
