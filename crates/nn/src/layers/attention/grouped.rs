//! Attention in which several heads share keys and values.

use super::{AttentionMasks, KeyValueCache};
use crate::layer::Layer;
use crate::{Linear, LinearOptions};
use autograd_core::check::Check;
use autograd_core::module::{Mode, Stream};
use autograd_core::{AttentionOptions, Result, RotaryOptions, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The options of [`GroupedQueryAttention`].
///
/// # Examples
/// ```
/// use autograd_core::RotaryOptions;
/// use wengert_nn::{GroupedQueryAttention, GroupedQueryAttentionOptions};
/// let options = GroupedQueryAttentionOptions::new().bias(true).is_causal(true).dropout(0.1);
/// let options = options.rotary(RotaryOptions::new()).head_dim(6);
/// let attention = GroupedQueryAttention::with(8, 4, 2, options, &mut autograd_core::seeded(7))?;
/// assert!(attention.q_proj.bias.is_some());
/// assert_eq!((attention.q_proj.weight.shape(), attention.k_proj.weight.shape()), (&[24, 8][..], &[12, 8][..]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct GroupedQueryAttentionOptions {
    bias: bool,
    is_causal: bool,
    dropout: f64,
    rotary: Option<RotaryOptions>,
    head_dim: Option<usize>,
}

impl GroupedQueryAttentionOptions {
    /// The defaults.
    pub fn new() -> GroupedQueryAttentionOptions {
        GroupedQueryAttentionOptions::default()
    }

    /// Whether the projections have biases. Default false.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Whether a position does not attend to later ones. Default false.
    #[must_use]
    pub fn is_causal(mut self, causal: bool) -> Self {
        self.is_causal = causal;
        self
    }

    /// The probability that a weight is dropped in training. Default 0.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// How queries and keys are rotated by their position. Default: not at all. [`RotaryOptions::positions`] of `[L]`
    /// or `[N, L]` are those of the rows of `x`, in the second case of each sample, for all heads; of more dims they
    /// broadcast to `[N, heads, L]` of queries and of keys, which have fewer heads: `[N, 1, L]` always fits.
    #[must_use]
    pub fn rotary(mut self, rotary: RotaryOptions) -> Self {
        self.rotary = Some(rotary);
        self
    }

    /// The features of a head, D, at least 1. Default E / H, and H divides E.
    #[must_use]
    pub fn head_dim(mut self, head_dim: usize) -> Self {
        self.head_dim = Some(head_dim);
        self
    }
}

/// Attention of a sequence to itself, in which each head of keys and values serves several heads of queries:
///
/// ```text
/// y = concat(head₁, .., head_H) Wₒᵀ,   headᵢ = softmax(qᵢ kⱼᵀ / √D) vⱼ,   j = ⌊i G / H⌋
/// ```
///
/// A head has D features, E / H by default.
///
/// With as many heads of keys (G) as of queries (H) it is attention with several heads, with one multi-query attention.
/// The projections start as [`Linear`] layers; their names are Llama's.
///
/// # Shapes
/// `x: [N, L, E] → [N, L, E]`; the weights of `q_proj: [H D, E]`, of `k_proj` and `v_proj: [G D, E]`, of
/// `o_proj: [E, H D]`.
///
/// # Errors
/// The constructors fail if a size is 0, H does not divide E and no option says D, G does not divide H, or the
/// probability of dropout is not in `[0, 1]`; `forward` if the input does not fit. [`GroupedQueryAttention::attend`]
/// takes masks.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{GroupedQueryAttention, KeyValueCache, Layer};
/// let attention = GroupedQueryAttention::new(8, 4, 2, &mut seeded(7))?;
/// assert_eq!(attention.k_proj.weight.shape(), [4, 8]);
/// let x = Tensor::randn(&[1, 3, 8], DType::F32, &mut seeded(8))?;
/// let y = attention.forward(&x)?;
/// assert_eq!(y.shape(), [1, 3, 8]);
///
/// // The last position attends to all others, which wait in the cache.
/// let mut cache = KeyValueCache::new();
/// attention.step(&x.narrow(1, 0, 2)?, &mut cache)?;
/// let last = attention.step(&x.narrow(1, 2, 1)?, &mut cache)?;
/// assert!(last.try_sub(&y.narrow(1, 2, 1)?)?.abs().max()?.item::<f32>()? < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Ainslie, Lee-Thorp, de Jong, Zemlyanskiy, Lebrón, Sanghai, GQA, 2023.
#[derive(Clone, Debug, Module)]
pub struct GroupedQueryAttention {
    /// The projection to queries.
    pub q_proj: Linear,
    /// The projection to keys.
    pub k_proj: Linear,
    /// The projection to values.
    pub v_proj: Linear,
    /// The output projection.
    pub o_proj: Linear,
    num_heads: usize,
    num_key_value_heads: usize,
    #[module(option)]
    options: GroupedQueryAttentionOptions,
    stream: Stream,
    mode: Mode,
}

const CHECK: Check = Check("GroupedQueryAttention");

impl GroupedQueryAttention {
    /// A layer of `num_heads` (H) heads of queries and `num_key_value_heads` (G) of keys and values for `embed_dim` (E)
    /// features, with the default options.
    ///
    /// # Errors
    /// If a size is 0, or the numbers do not divide each other.
    pub fn new(
        embed_dim: usize,
        num_heads: usize,
        num_key_value_heads: usize,
        rng: &mut dyn Rng,
    ) -> Result<GroupedQueryAttention> {
        let options = GroupedQueryAttentionOptions::new();
        GroupedQueryAttention::with(embed_dim, num_heads, num_key_value_heads, options, rng)
    }

    /// A layer of `num_heads` (H) heads of queries and `num_key_value_heads` (G) of keys and values for `embed_dim` (E)
    /// features.
    ///
    /// # Errors
    /// If a size is 0, the numbers do not divide each other, the probability of dropout is not in `[0, 1]`, or the
    /// features of a head (D) cannot be rotated as asked for.
    pub fn with(
        embed_dim: usize,
        num_heads: usize,
        num_key_value_heads: usize,
        options: GroupedQueryAttentionOptions,
        rng: &mut dyn Rng,
    ) -> Result<GroupedQueryAttention> {
        let (e, h, g) = (embed_dim, num_heads, num_key_value_heads);
        for (name, size) in [("embed_dim", e), ("num_heads", h), ("num_key_value_heads", g)] {
            CHECK.require(size > 0, name, size, "at least 1")?;
        }
        let divides = options.head_dim.is_some() || e.is_multiple_of(h);
        CHECK.require(divides, "num_heads", h, format_args!("a divisor of {e}, the features"))?;
        let d = options.head_dim.unwrap_or(e / h);
        CHECK.require(d > 0, "head_dim", d, "at least 1")?;
        CHECK.require(h.is_multiple_of(g), "num_key_value_heads", g, format_args!("a divisor of {h}, the heads"))?;
        CHECK.require((0.0..=1.0).contains(&options.dropout), "dropout", options.dropout, "in [0, 1]")?;
        options.rotary.as_ref().map_or(Ok(0), |rotary| rotary.check(d))?;
        // What cannot be counted is refused where a weight of that size is asked for.
        let (all, few) = (d.saturating_mul(h), d.saturating_mul(g));
        let bias = LinearOptions::new().bias(options.bias);
        let mut linear = |inputs: usize, outputs: usize| Linear::with(inputs, outputs, bias.clone(), rng);
        Ok(GroupedQueryAttention {
            q_proj: linear(e, all)?,
            k_proj: linear(e, few)?,
            v_proj: linear(e, few)?,
            o_proj: linear(all, e)?,
            num_heads,
            num_key_value_heads,
            options,
            stream: Stream::new(rng),
            mode: Mode::default(),
        })
    }

    /// The output for the next positions of a sequence, each of which attends to itself and those before; keys and
    /// values of those before are in the cache, and theirs are added. Nothing is dropped. Rotary positions count from
    /// the beginning of the cache; those that `RotaryOptions::positions` names are of whole sequences, and not for
    /// steps.
    ///
    /// # Errors
    /// If the input does not fit; then nothing is added.
    pub fn step(&self, x: &Tensor, cache: &mut KeyValueCache) -> Result<Tensor> {
        self.step_with_masks(x, cache, &AttentionMasks::new())
    }

    /// [`GroupedQueryAttention::step`] with masks over all positions there are then, those in the cache first: pairs
    /// `[L, S]` or `[N · H, L, S]`, keys `[N, S]`, where S is `cache.len() + L`.
    ///
    /// # Errors
    /// If the input or the masks do not fit; then nothing is added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, GroupedQueryAttention, KeyValueCache};
    /// let attention = GroupedQueryAttention::new(4, 2, 1, &mut seeded(7))?;
    /// let x = Tensor::randn(&[1, 2, 4], DType::F64, &mut seeded(8))?.to_dtype(DType::F32);
    /// let (first, second) = (x.narrow(1, 0, 1)?, x.narrow(1, 1, 1)?);
    /// let mut cache = KeyValueCache::new();
    /// let _ = attention.step(&first, &mut cache)?;
    /// // The first position is padding: the second is alone.
    /// let masks = AttentionMasks::new().key_padding_mask(Tensor::from([[true, false]]));
    /// let y = attention.step_with_masks(&second, &mut cache, &masks)?;
    /// let alone = attention.step(&second, &mut KeyValueCache::new())?;
    /// assert!(y.try_sub(&alone)?.abs().max()?.item::<f32>()? < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn step_with_masks(&self, x: &Tensor, cache: &mut KeyValueCache, masks: &AttentionMasks) -> Result<Tensor> {
        let [q, k, v] = self.projected(x, cache.len())?;
        let mut grown = cache.clone();
        let y = self.output(&grown.attend_with_masks(&q, &k, &v, masks)?)?;
        *cache = grown;
        Ok(y)
    }

    /// The output of a whole sequence with masks: pairs `[L, L]` or `[N · H, L, L]`, keys `[N, L]`. It is causal if the
    /// layer or the masks are. A query that sees no key gets the bias of the output projection, or 0.
    ///
    /// # Errors
    /// If the input or the masks do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor, seeded};
    /// # use wengert_nn::{AttentionMasks, GroupedQueryAttention};
    /// let attention = GroupedQueryAttention::new(4, 2, 1, &mut seeded(7))?;
    /// let masks = AttentionMasks::new().key_padding_mask(Tensor::from([[true, true]]));
    /// assert_eq!(attention.attend(&Tensor::ones(&[1, 2, 4], DType::F32)?, &masks)?.to_vec::<f32>()?, [0.0; 8]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn attend(&self, x: &Tensor, masks: &AttentionMasks) -> Result<Tensor> {
        let [q, k, v] = self.projected(x, 0)?;
        let [batch, heads, length, _] = CHECK.shape("the queries", &q, "[N, H, L, E]")?;
        let mask = masks.joined(CHECK.0, [batch, heads, length, length], true, 0, q.dtype())?;
        let causal = self.options.is_causal || masks.causal();
        let options = AttentionOptions::new().enable_gqa(true).is_causal(causal);
        let mut options = mask.into_iter().fold(options, AttentionOptions::attn_mask);
        if self.mode.is_training() && self.options.dropout > 0.0 {
            options = options.dropout_p(self.options.dropout, self.stream.draw());
        }
        self.output(&q.scaled_dot_product_attention(&k, &v, options)?)
    }

    /// Queries, keys and values, `[N, heads, L, D]`, from this position on.
    fn projected(&self, x: &Tensor, first: usize) -> Result<[Tensor; 3]> {
        let [_, _, _] = CHECK.shape("the input", x, "[N, L, E]")?;
        let split = |x: Tensor, heads: usize| {
            let [_, _, features] = CHECK.shape("a projection", &x, "[N, L, E]")?;
            let width = features / heads;
            x.unflatten(-1, &[heads, width])?.transpose(1, 2)
        };
        let q = split(self.q_proj.call("q_proj", x)?, self.num_heads)?;
        let k = split(self.k_proj.call("k_proj", x)?, self.num_key_value_heads)?;
        let v = split(self.v_proj.call("v_proj", x)?, self.num_key_value_heads)?;
        let Some(rotary) = &self.options.rotary else { return Ok([q, k, v]) };
        let rotary = rotary.clone().over_heads()?.after(first);
        Ok([q.rotary_embedding(rotary.clone())?, k.rotary_embedding(rotary)?, v])
    }

    fn output(&self, y: &Tensor) -> Result<Tensor> {
        self.o_proj.call("o_proj", &y.transpose(1, 2)?.flatten(-2, -1)?)
    }
}

impl Layer for GroupedQueryAttention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.attend(x, &AttentionMasks::new())
    }
}

#[cfg(test)]
cases![
    layer("GroupedQueryAttention", |rng| GroupedQueryAttention::new(4, 2, 1, rng))
        .state(&["q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"])
        .maps(&[2, 3, 4], &[2, 3, 4])
        .maps(&[1, 0, 4], &[1, 0, 4])
        .refuses(&[3, 4], "GroupedQueryAttention: the input has shape [3, 4], expected [N, L, E]")
        .refuses(&[1, 3, 5], "in q_proj (Linear): linear: inner dimensions differ: [1, 3, 5] × [4, 4] (5 ≠ 4)"),
    layer("GroupedQueryAttention", |rng| {
        let options = GroupedQueryAttentionOptions::new().bias(true).is_causal(true).dropout(0.3);
        GroupedQueryAttention::with(8, 4, 2, options.rotary(RotaryOptions::new().base(10.0)), rng)
    })
    .state(&[
        "q_proj.weight",
        "q_proj.bias",
        "k_proj.weight",
        "k_proj.bias",
        "v_proj.weight",
        "v_proj.bias",
        "o_proj.weight",
        "o_proj.bias",
    ])
    .maps(&[1, 3, 8], &[1, 3, 8]),
    layer("GroupedQueryAttention", |rng| {
        let options = GroupedQueryAttentionOptions::new().head_dim(4).rotary(RotaryOptions::new());
        GroupedQueryAttention::with(3, 2, 1, options, rng)
    })
    .state(&["q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"])
    .maps(&[2, 3, 3], &[2, 3, 3])
    .refuses(&[1, 3, 4], "in q_proj (Linear): linear: inner dimensions differ: [1, 3, 4] × [3, 8] (4 ≠ 3)"),
    layer("GroupedQueryAttention", |rng| {
        GroupedQueryAttention::with(4, 2, 1, GroupedQueryAttentionOptions::new().head_dim(0), rng)
    })
    .cannot_be("GroupedQueryAttention: head_dim is 0, it must be at least 1"),
    layer("GroupedQueryAttention", |rng| {
        let options = GroupedQueryAttentionOptions::new().head_dim(3).rotary(RotaryOptions::new());
        GroupedQueryAttention::with(4, 2, 1, options, rng)
    })
    .cannot_be("rotary_embedding: dim is 3, it must be even and at most 3, the number of features"),
    layer("GroupedQueryAttention", |rng| GroupedQueryAttention::new(4, 3, 1, rng))
        .cannot_be("GroupedQueryAttention: num_heads is 3, it must be a divisor of 4, the features"),
    layer("GroupedQueryAttention", |rng| GroupedQueryAttention::new(6, 3, 2, rng))
        .cannot_be("GroupedQueryAttention: num_key_value_heads is 2, it must be a divisor of 3, the heads"),
    layer("GroupedQueryAttention", |rng| GroupedQueryAttention::new(4, 2, 0, rng))
        .cannot_be("GroupedQueryAttention: num_key_value_heads is 0, it must be at least 1"),
    layer("GroupedQueryAttention", |rng| {
        GroupedQueryAttention::with(4, 2, 1, GroupedQueryAttentionOptions::new().dropout(2.0), rng)
    })
    .cannot_be("GroupedQueryAttention: dropout is 2.0, it must be in [0, 1]"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::{DType, seeded};

    #[test]
    fn features_that_cannot_be_rotated_are_refused_at_once() {
        let options = GroupedQueryAttentionOptions::new().rotary(RotaryOptions::new());
        let error = GroupedQueryAttention::with(6, 2, 1, options, &mut seeded(7)).expect_err("three").to_string();
        assert_eq!(error, "rotary_embedding: dim is 3, it must be even and at most 3, the number of features");
    }

    #[test]
    fn heads_of_their_own_size_are_attention_over_these_features() -> Result<()> {
        let options = GroupedQueryAttentionOptions::new().head_dim(6);
        let layer = GroupedQueryAttention::with(4, 2, 1, options, &mut seeded(7))?;
        let shapes = [&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj].map(|part| part.weight.shape());
        assert_eq!(shapes, [[12, 4], [6, 4], [6, 4], [4, 12]]);
        let x = Tensor::randn(&[1, 3, 4], DType::F32, &mut seeded(8))?;
        let [q, k, v] = [&layer.q_proj, &layer.k_proj, &layer.v_proj].map(|part| part.forward(&x));
        let (k, v) = (k?.squeeze(&[0])?, v?.squeeze(&[0])?);
        // Of each head by itself, of six features.
        let head = |q: Tensor| q.matmul(&k.transpose(0, 1)?)?.mul_scalar(1.0 / 6f64.sqrt()).softmax(-1)?.matmul(&v);
        let q = q?.squeeze(&[0])?;
        let heads = Tensor::cat(&[&head(q.narrow(1, 0, 6)?)?, &head(q.narrow(1, 6, 6)?)?], 1)?;
        let far = layer.forward(&x)?.squeeze(&[0])?.try_sub(&layer.o_proj.forward(&heads)?)?.abs().max()?;
        assert!(far.item::<f32>()? < 1e-5);
        Ok(())
    }

    #[test]
    fn a_step_that_fails_at_its_end_adds_nothing() -> Result<()> {
        let mut attention = GroupedQueryAttention::new(4, 2, 1, &mut seeded(7))?;
        attention.o_proj = Linear::new(5, 4, &mut seeded(7))?;
        let mut cache = KeyValueCache::new();
        assert!(attention.step(&Tensor::ones(&[1, 2, 4], DType::F32)?, &mut cache).is_err());
        assert!(cache.is_empty());
        Ok(())
    }

    #[test]
    fn steps_are_the_whole_sequence() -> Result<()> {
        let options = GroupedQueryAttentionOptions::new().is_causal(true).rotary(RotaryOptions::new());
        let attention = GroupedQueryAttention::with(8, 4, 2, options, &mut seeded(7))?;
        let x = Tensor::randn(&[2, 5, 8], DType::F32, &mut seeded(8))?;
        let (whole, mut cache) = (attention.forward(&x)?, KeyValueCache::new());
        for (start, len) in [(0, 2), (2, 1), (3, 2)] {
            let got = attention.step(&x.narrow(1, start, len)?, &mut cache)?;
            for (got, want) in got.to_f64s().into_iter().zip(whole.narrow(1, start, len)?.to_f64s()) {
                assert!((got - want).abs() < 1e-5, "{got} {want}");
            }
        }
        Ok(())
    }
}
