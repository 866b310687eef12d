//! Attention, transformers, and tables of rows.

use super::table::{Build, layer};
use super::{BuildCalled, Called};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{Bag, EmbeddingBagOptions, EmbeddingOptions, SeededRng, Tensor};
use wengert_nn::{
    AttentionMasks, Embedding, EmbeddingBag, Layer, MultiheadAttention, MultiheadAttentionOptions, Transformer,
    TransformerActivation, TransformerDecoderLayer, TransformerEncoderLayer, TransformerOptions,
};

pub(super) const TABLE: &[(&str, Build)] = &[
    ("Embedding", |c, rng| {
        without_norm(c)?;
        let options = EmbeddingOptions::new().scale_grad_by_freq(c.flag_or("scale_grad_by_freq", false)?);
        let options = c.maybe_integer("padding_idx")?.into_iter().fold(options, EmbeddingOptions::padding_idx);
        layer(Embedding::with(c.count("num_embeddings")?, c.count("embedding_dim")?, options, rng)?)
    }),
    ("EmbeddingBag", |c, rng| layer(bag(c, rng)?)),
    ("MultiheadAttention", |c, rng| layer(multihead(c, rng)?)),
    ("TransformerEncoderLayer", |c, rng| layer(encoder(c, rng)?)),
    ("TransformerDecoderLayer", |c, rng| layer(decoder(c, rng)?)),
    ("Transformer", |c, rng| layer(transformer(c, rng)?)),
];

/// Those of several inputs or outputs.
pub(super) const CALLED: &[(&str, BuildCalled)] = &[
    ("EmbeddingBag", |c, rng| Ok(Box::new(bag(c, rng)?))),
    ("MultiheadAttention", |c, rng| Ok(Box::new(multihead(c, rng)?))),
    ("TransformerEncoderLayer", |c, rng| Ok(Box::new(encoder(c, rng)?))),
    ("TransformerDecoderLayer", |c, rng| Ok(Box::new(decoder(c, rng)?))),
    ("Transformer", |c, rng| Ok(Box::new(transformer(c, rng)?))),
];

/// PyTorch shortens the rows of the table itself; gradients are dense.
fn without_norm(c: &Call<'_>) -> Outcome<()> {
    c.value("norm_type");
    c.absent("max_norm")?;
    c.only("sparse", false)
}

fn bag(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<EmbeddingBag> {
    without_norm(c)?;
    let mode = match c.maybe_word("mode")?.unwrap_or("mean") {
        "sum" => Bag::Sum,
        "mean" => Bag::Mean,
        "max" => Bag::Max,
        other => return Err(Stop::argument("mode", other)),
    };
    let options = EmbeddingBagOptions::new()
        .mode(mode)
        .scale_grad_by_freq(c.flag_or("scale_grad_by_freq", false)?)
        .include_last_offset(c.flag_or("include_last_offset", false)?);
    let options = c.maybe_integer("padding_idx")?.into_iter().fold(options, EmbeddingBagOptions::padding_idx);
    Ok(EmbeddingBag::with(c.count("num_embeddings")?, c.count("embedding_dim")?, options, rng)?)
}

impl Called for EmbeddingBag {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let mut all = vec![c.tensor("input")?.clone()];
        all.extend(c.maybe_tensor("offsets")?.cloned());
        all.extend(c.maybe_tensor("per_sample_weights")?.cloned());
        Ok(vec![self.forward_all(&all)?])
    }
}

fn multihead(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<MultiheadAttention> {
    let mut options = MultiheadAttentionOptions::new()
        .dropout(c.number_or("dropout", 0.0)?)
        .bias(c.flag_or("bias", true)?)
        .add_bias_kv(c.flag_or("add_bias_kv", false)?)
        .add_zero_attn(c.flag_or("add_zero_attn", false)?)
        .batch_first(c.flag_or("batch_first", false)?);
    let (embed_dim, num_heads) = (c.count("embed_dim")?, c.count("num_heads")?);
    let [kdim, vdim] = ["kdim", "vdim"].map(|name| match c.value(name) {
        None => Ok(None),
        Some(_) => c.count(name).map(Some),
    });
    options = kdim?.into_iter().fold(options, MultiheadAttentionOptions::kdim);
    options = vdim?.into_iter().fold(options, MultiheadAttentionOptions::vdim);
    Ok(MultiheadAttention::with(embed_dim, num_heads, options, rng)?)
}

/// The masks of these names.
fn masks(c: &Call<'_>, of_pairs: &str, of_keys: &str) -> Outcome<AttentionMasks> {
    let masks = AttentionMasks::new();
    let masks = c.maybe_tensor(of_pairs)?.cloned().into_iter().fold(masks, AttentionMasks::attn_mask);
    Ok(c.maybe_tensor(of_keys)?.cloned().into_iter().fold(masks, AttentionMasks::key_padding_mask))
}

impl Called for MultiheadAttention {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let masks = masks(c, "attn_mask", "key_padding_mask")?.is_causal(c.flag_or("is_causal", false)?);
        let (query, key, value) = (c.tensor("query")?, c.tensor("key")?, c.tensor("value")?);
        let average = c.flag_or("average_attn_weights", true)?;
        if !c.flag_or("need_weights", true)? {
            return Ok(vec![self.attend(query, key, value, &masks)?]);
        }
        let (y, weights) = match average {
            true => self.attend_with_weights(query, key, value, &masks)?,
            false => self.attend_with_head_weights(query, key, value, &masks)?,
        };
        Ok(vec![y, weights])
    }
}

fn options(c: &Call<'_>) -> Outcome<TransformerOptions> {
    let options = TransformerOptions::new()
        .dim_feedforward(c.count_or("dim_feedforward", 2048)?)
        .dropout(c.number_or("dropout", 0.1)?)
        .layer_norm_eps(c.number_or("layer_norm_eps", 1e-5)?)
        .batch_first(c.flag_or("batch_first", false)?)
        .norm_first(c.flag_or("norm_first", false)?)
        .bias(c.flag_or("bias", true)?);
    Ok(options.activation(match c.maybe_word("activation")?.unwrap_or("relu") {
        "relu" => TransformerActivation::ReLU,
        "gelu" => TransformerActivation::GELU,
        other => return Err(Stop::argument("activation", other)),
    }))
}

fn encoder(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<TransformerEncoderLayer> {
    Ok(TransformerEncoderLayer::with(c.count("d_model")?, c.count("nhead")?, options(c)?, rng)?)
}

impl Called for TransformerEncoderLayer {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let masks = masks(c, "src_mask", "src_key_padding_mask")?.is_causal(c.flag_or("is_causal", false)?);
        Ok(vec![self.encode(c.tensor("src")?, &masks)?])
    }
}

fn decoder(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<TransformerDecoderLayer> {
    Ok(TransformerDecoderLayer::with(c.count("d_model")?, c.count("nhead")?, options(c)?, rng)?)
}

impl Called for TransformerDecoderLayer {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let own = masks(c, "tgt_mask", "tgt_key_padding_mask")?.is_causal(c.flag_or("tgt_is_causal", false)?);
        let memory =
            masks(c, "memory_mask", "memory_key_padding_mask")?.is_causal(c.flag_or("memory_is_causal", false)?);
        Ok(vec![self.decode(c.tensor("tgt")?, c.tensor("memory")?, &own, &memory)?])
    }
}

fn transformer(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<Transformer> {
    let layers = [c.count_or("num_encoder_layers", 6)?, c.count_or("num_decoder_layers", 6)?];
    Ok(Transformer::with(c.count_or("d_model", 512)?, c.count_or("nhead", 8)?, layers, options(c)?, rng)?)
}

impl Called for Transformer {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let read = |name: &str| -> Outcome<AttentionMasks> {
            let masks = masks(c, &format!("{name}_mask"), &format!("{name}_key_padding_mask"))?;
            Ok(masks.is_causal(c.flag_or(&format!("{name}_is_causal"), false)?))
        };
        let all = [&read("src")?, &read("tgt")?, &read("memory")?];
        Ok(vec![self.transform([c.tensor("src")?, c.tensor("tgt")?], all)?])
    }
}
