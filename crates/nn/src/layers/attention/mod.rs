//! Attention, positions, and the layers of transformers.

mod additive;
mod dot;
mod grouped;
mod key_value_cache;
mod masks;
mod multihead;
mod positions;
mod transformer;

#[cfg(test)]
mod stepped;
#[cfg(test)]
mod tests;

pub use additive::{AdditiveAttention, AdditiveAttentionOptions};
pub use dot::{Attention, AttentionLayerOptions, ScoreMode};
pub use grouped::{GroupedQueryAttention, GroupedQueryAttentionOptions};
pub use key_value_cache::KeyValueCache;
pub use masks::AttentionMasks;
pub use multihead::{AttentionMemory, MultiheadAttention, MultiheadAttentionOptions};
pub use positions::{LearnedPositions, RotaryPositions, SinusoidalPositions};
pub use transformer::{
    DecoderCache, DecoderLayerCache, Transformer, TransformerActivation, TransformerDecoder, TransformerDecoderLayer,
    TransformerEncoder, TransformerEncoderLayer, TransformerOptions,
};
