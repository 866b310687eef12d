//! Additive attention.

use super::AttentionMasks;
use super::dot::{dropped, fits, given, weighted};
use crate::init::{Initializer, uniform};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Param, Stream};
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The options of [`AdditiveAttention`].
///
/// # Examples
/// ```
/// use wengert_nn::{AdditiveAttention, AdditiveAttentionOptions};
/// let options = AdditiveAttentionOptions::new().use_scale(false).dropout(0.1);
/// assert!(AdditiveAttention::with(3, options, &mut autograd_core::seeded(7))?.scale.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdditiveAttentionOptions {
    use_scale: bool,
    dropout: f64,
}

impl Default for AdditiveAttentionOptions {
    fn default() -> Self {
        AdditiveAttentionOptions { use_scale: true, dropout: 0.0 }
    }
}

impl AdditiveAttentionOptions {
    /// The defaults.
    pub fn new() -> AdditiveAttentionOptions {
        AdditiveAttentionOptions::default()
    }

    /// Whether the factors s are a parameter; if not, they are 1. Default true.
    #[must_use]
    pub fn use_scale(mut self, use_scale: bool) -> Self {
        self.use_scale = use_scale;
        self
    }

    /// The probability that a weight is dropped in training. Default 0.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }
}

/// Additive attention: `y = softmax(Σ s tanh(q + k)) v`, the sum over features.
///
/// It has two inputs for [`Layer::forward_all`], query and value, which is the key, too, or three with the key.
/// [`AdditiveAttention::attend`] takes masks, and gives the weights, too. The factors s start uniform in `±√(3 / D)`;
/// their name is Keras's. All N L S D numbers of the sums are in memory at once.
///
/// # Shapes
/// `query: [N, L, D]`, `value: [N, S, E]`, `key: [N, S, D] → [N, L, E]`; `scale: [D]`.
///
/// # Errors
/// The constructors fail if D is 0 or the probability of dropout is not in `[0, 1]`; `forward_all` if the inputs do not
/// fit; `forward` always.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{AdditiveAttention, Layer};
/// let attention = AdditiveAttention::new(1, &mut autograd_core::seeded(7))?;
/// let (query, value, key) = (Tensor::from([[[2.0]]]), Tensor::from([[[1.0], [3.0]]]), Tensor::from([[[0.5], [0.5]]]));
/// assert_eq!(attention.forward_all(&[query, value, key])?.to_vec::<f32>()?, [2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Bahdanau, Cho, Bengio, Neural machine translation by jointly learning to align and translate, 2015.
///
/// # Differs from
/// Keras: masks are [`AttentionMasks`], in which true is left out, and there is none of the queries.
#[derive(Clone, Debug, Module)]
pub struct AdditiveAttention {
    /// The factors s, `[D]`, if they are a parameter.
    pub scale: Option<Param>,
    dim: usize,
    #[module(option)]
    options: AdditiveAttentionOptions,
    stream: Stream,
    mode: Mode,
}

const CHECK: Check = Check("AdditiveAttention");

impl AdditiveAttention {
    /// A layer for `dim` (D) features of queries and keys, with the default options.
    ///
    /// # Errors
    /// If D is 0.
    pub fn new(dim: usize, rng: &mut dyn Rng) -> Result<AdditiveAttention> {
        AdditiveAttention::with(dim, AdditiveAttentionOptions::new(), rng)
    }

    /// A layer for `dim` (D) features of queries and keys.
    ///
    /// # Errors
    /// If D is 0, or the probability of dropout is not in `[0, 1]`.
    pub fn with(dim: usize, options: AdditiveAttentionOptions, rng: &mut dyn Rng) -> Result<AdditiveAttention> {
        CHECK.require(dim > 0, "dim", dim, "at least 1")?;
        CHECK.require((0.0..=1.0).contains(&options.dropout), "dropout", options.dropout, "in [0, 1]")?;
        let bound = (3.0 / dim as f64).sqrt();
        let mut start = || Param::new(uniform(-bound, bound).tensor(&[dim], DType::F32, rng)?);
        let scale = if options.use_scale { Some(start()?) } else { None };
        Ok(AdditiveAttention { scale, dim, options, stream: Stream::new(rng), mode: Mode::default() })
    }

    /// The output and the weights, `[N, L, S]`; the value is the key where there is no other. A query that sees no key
    /// gets 0.
    ///
    /// # Errors
    /// If the inputs or the masks do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{AdditiveAttention, AttentionMasks};
    /// let attention = AdditiveAttention::new(1, &mut autograd_core::seeded(7))?;
    /// let (query, value) = (Tensor::from([[[0.0]]]), Tensor::from([[[1.0], [3.0]]]));
    /// let masks = AttentionMasks::new().key_padding_mask(Tensor::from([[true, false]]));
    /// assert_eq!(attention.attend(&query, &value, None, &masks)?.1.to_vec::<f32>()?, [0.0, 1.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn attend(
        &self,
        query: &Tensor,
        value: &Tensor,
        key: Option<&Tensor>,
        masks: &AttentionMasks,
    ) -> Result<(Tensor, Tensor)> {
        let key = key.unwrap_or(value);
        fits(CHECK, query, value, key)?;
        if query.shape()[2] != self.dim {
            return Err(Error::shape(CHECK.0, "query", query.shape(), format!("[N, L, {}]", self.dim)));
        }
        let sums = query.unsqueeze(2)?.try_add(&key.unsqueeze(1)?)?.tanh();
        let scores = self.scale.iter().try_fold(sums, |sums, scale| sums.try_mul(scale))?.sum_dim(-1)?;
        weighted(CHECK, &scores, value, masks, || dropped(self.options.dropout, &self.mode, &self.stream))
    }
}

impl Layer for AdditiveAttention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let (query, value, key) = given(CHECK.0, all)?;
        Ok(self.attend(query, value, key, &AttentionMasks::new())?.0)
    }
}

#[cfg(test)]
cases![
    layer("AdditiveAttention", |rng| AdditiveAttention::new(2, rng))
        .state(&["scale"])
        .maps_all(&[&[2, 3, 2], &[2, 4, 2]], &[&[2, 3, 2]])
        .maps_all(&[&[1, 2, 2], &[1, 3, 4], &[1, 3, 2]], &[&[1, 2, 4]])
        .maps_all(&[&[0, 2, 2], &[0, 3, 2]], &[&[0, 2, 2]])
        .refuses(&[2, 3, 2], "AdditiveAttention: takes 2 or 3 inputs, got 1")
        .refuses_all(&[&[1, 2, 3], &[1, 4, 3]], "AdditiveAttention: query has shape [1, 2, 3], expected [N, L, 2]")
        .refuses_all(&[&[1, 2, 2], &[1, 4, 3]], "AdditiveAttention: key has shape [1, 4, 3], expected [1, 4, 2]"),
    layer("AdditiveAttention", |rng| {
        AdditiveAttention::with(2, AdditiveAttentionOptions::new().use_scale(false).dropout(0.4), rng)
    })
    .runs(|attention: &AdditiveAttention, all| {
        let masks = AttentionMasks::new().attn_mask(all[2].clone());
        let (y, weights) = attention.attend(&all[0], &all[1], None, &masks)?;
        Ok(vec![y, weights])
    })
    .maps_all(&[&[1, 2, 2], &[1, 3, 2], &[2, 3]], &[&[1, 2, 2], &[1, 2, 3]])
    .maps_with(
        &[&[1, 2, 2], &[1, 3, 2]],
        &[Tensor::from([[true, true, true], [false, true, false]])],
        &[&[1, 2, 2], &[1, 2, 3]]
    ),
    layer("AdditiveAttention", |rng| AdditiveAttention::new(0, rng))
        .cannot_be("AdditiveAttention: dim is 0, it must be at least 1"),
];
