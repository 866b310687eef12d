//! The library's layers by their kinds, as far as something is known of them that a layer does not say itself.
//!
//! Kinds are compared as a whole: a user's layers are called `ConvBlock` or `PreNorm`, and are something else.

/// Convolutions and their transposes.
pub(crate) const CONVOLUTIONS: [&str; 6] =
    ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"];

/// The transposes among them, of whose weights dim 1 has the outputs.
pub(crate) const TRANSPOSED: [&str; 3] = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"];

/// Convolutions of each channel by itself; one of [`CONVOLUTIONS`] is flattened into them.
pub(crate) const DEPTHWISE: [&str; 2] = ["DepthwiseConv1d", "DepthwiseConv2d"];

/// Convolutional recurrent layers.
pub(crate) const CONV_LSTMS: [&str; 3] = ["ConvLSTM1d", "ConvLSTM2d", "ConvLSTM3d"];

/// Recurrent layers and their cells.
pub(crate) const RECURRENT: [&str; 6] = ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"];

/// Norms with a factor for each channel, which is dim 1 of a batch.
pub(crate) const CHANNEL_NORMS: [&str; 7] =
    ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "GroupNorm"];

/// Norms over the last dims, with a factor for each element of these.
pub(crate) const LAST_NORMS: [&str; 2] = ["LayerNorm", "RMSNorm"];

/// Tables whose rows are looked up.
pub(crate) const EMBEDDINGS: [&str; 2] = ["Embedding", "EmbeddingBag"];

/// Whether it is a norm of either sort.
pub(crate) fn is_norm(kind: &str) -> bool {
    CHANNEL_NORMS.contains(&kind) || LAST_NORMS.contains(&kind)
}
