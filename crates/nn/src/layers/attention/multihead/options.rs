//! The options of attention with several heads.

/// The options of [`MultiheadAttention`](crate::MultiheadAttention).
///
/// # Examples
/// ```
/// use wengert_nn::{MultiheadAttention, MultiheadAttentionOptions};
/// let options = MultiheadAttentionOptions::new().bias(false).kdim(3).vdim(2).batch_first(true).add_zero_attn(true);
/// let options = options.add_bias_kv(true).dropout(0.1);
/// let attention = MultiheadAttention::with(4, 2, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(attention.k_proj_weight.expect("keys of another size").shape(), [4, 3]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiheadAttentionOptions {
    pub(in crate::layers::attention) dropout: f64,
    pub(in crate::layers::attention) bias: bool,
    pub(in crate::layers::attention) add_bias_kv: bool,
    pub(in crate::layers::attention) add_zero_attn: bool,
    pub(in crate::layers::attention) kdim: Option<usize>,
    pub(in crate::layers::attention) vdim: Option<usize>,
    pub(in crate::layers::attention) batch_first: bool,
}

impl Default for MultiheadAttentionOptions {
    fn default() -> Self {
        MultiheadAttentionOptions {
            dropout: 0.0,
            bias: true,
            add_bias_kv: false,
            add_zero_attn: false,
            kdim: None,
            vdim: None,
            batch_first: false,
        }
    }
}

impl MultiheadAttentionOptions {
    /// The defaults.
    pub fn new() -> MultiheadAttentionOptions {
        MultiheadAttentionOptions::default()
    }

    /// The probability that a weight is dropped in training. Default 0.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// Whether the projections have biases. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Whether a trained key and value are added at the end. Default false.
    #[must_use]
    pub fn add_bias_kv(mut self, add: bool) -> Self {
        self.add_bias_kv = add;
        self
    }

    /// Whether a key and value of zeros are added at the end. Default false.
    #[must_use]
    pub fn add_zero_attn(mut self, add: bool) -> Self {
        self.add_zero_attn = add;
        self
    }

    /// The size of keys as they come in. Default: that of the queries.
    #[must_use]
    pub fn kdim(mut self, size: usize) -> Self {
        self.kdim = Some(size);
        self
    }

    /// The size of values as they come in. Default: that of the queries.
    #[must_use]
    pub fn vdim(mut self, size: usize) -> Self {
        self.vdim = Some(size);
        self
    }

    /// Whether inputs are `[N, L, E]` instead of `[L, N, E]`. Default false.
    #[must_use]
    pub fn batch_first(mut self, batch_first: bool) -> Self {
        self.batch_first = batch_first;
        self
    }
}
