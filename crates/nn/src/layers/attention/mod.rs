//! Attention, positions, and the layers of transformers.

mod grouped;
mod key_value_cache;
mod masks;
mod multihead;
mod multihead_options;
#[cfg(test)]
mod multihead_tests;
mod parts;
mod positions;
mod transformer;
mod transformer_decoder;
mod transformer_encoder;
mod transformer_options;

pub use grouped::{GroupedQueryAttention, GroupedQueryAttentionOptions};
pub use key_value_cache::KeyValueCache;
pub use masks::AttentionMasks;
pub use multihead::MultiheadAttention;
pub use multihead_options::MultiheadAttentionOptions;
pub use positions::{LearnedPositions, RotaryPositions, SinusoidalPositions};
pub use transformer::Transformer;
pub use transformer_decoder::{TransformerDecoder, TransformerDecoderLayer};
pub use transformer_encoder::{TransformerEncoder, TransformerEncoderLayer};
pub use transformer_options::{TransformerActivation, TransformerOptions};
