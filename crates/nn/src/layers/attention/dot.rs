//! Attention without projections.

use super::AttentionMasks;
use super::masks::no_later;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Param, Stream};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, keep};
use rand::Rng;
use wengert_derive::Module;

/// The scores of an [`Attention`] layer.
///
/// # Examples
/// ```
/// use wengert_nn::{AttentionLayerOptions, ScoreMode};
/// assert_eq!(AttentionLayerOptions::new(), AttentionLayerOptions::new().score_mode(ScoreMode::Dot));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScoreMode {
    /// `s q · k`
    #[default]
    Dot,
    /// `w Σ tanh(s (q + k))`, w a parameter.
    Concat,
}

/// The options of [`Attention`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{Attention, AttentionLayerOptions, ScoreMode};
/// let options = AttentionLayerOptions::new().use_scale(true).score_mode(ScoreMode::Concat).dropout(0.1);
/// let attention = Attention::with(options, &mut autograd_core::seeded(7))?;
/// assert_eq!(attention.named_parameters()[1].0, "concat_score_weight");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttentionLayerOptions {
    use_scale: bool,
    score_mode: ScoreMode,
    dropout: f64,
}

impl AttentionLayerOptions {
    /// The defaults.
    pub fn new() -> AttentionLayerOptions {
        AttentionLayerOptions::default()
    }

    /// Whether the factor s is a parameter; if not, it is 1. Default false.
    #[must_use]
    pub fn use_scale(mut self, use_scale: bool) -> Self {
        self.use_scale = use_scale;
        self
    }

    /// The scores. Default: products.
    #[must_use]
    pub fn score_mode(mut self, mode: ScoreMode) -> Self {
        self.score_mode = mode;
        self
    }

    /// The probability that a weight is dropped in training. Default 0.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }
}

/// Attention without projections: `y = softmax(scores(q, k)) v`, the scores q · k by default.
///
/// It has two inputs for [`Layer::forward_all`], query and value, which is the key, too, or three with the key.
/// [`Attention::attend`] takes masks, and gives the weights, too. Parameters start at 1; their names are Keras's.
///
/// # Shapes
/// `query: [N, L, D]`, `value: [N, S, E]`, `key: [N, S, D] → [N, L, E]`; `scale` and `concat_score_weight`: `[]`.
///
/// # Errors
/// `with` fails if the probability of dropout is not in `[0, 1]`; `forward_all` if the inputs do not fit; `forward`
/// always.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Attention, Layer};
/// let attention = Attention::new(&mut autograd_core::seeded(7));
/// let (query, value) = (Tensor::from([[[0.0]]]), Tensor::from([[[1.0], [3.0]]]));
/// assert_eq!(attention.forward_all(&[query, value])?.to_vec::<f32>()?, [2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Luong, Pham, Manning, Effective approaches to attention-based neural machine translation, 2015, section 3.1.
///
/// # Differs from
/// Keras: masks are [`AttentionMasks`], in which true is left out, and there is none of the queries.
#[derive(Clone, Debug, Module)]
pub struct Attention {
    /// The factor s, if it is a parameter.
    pub scale: Option<Param>,
    /// The factor of the sum, with [`ScoreMode::Concat`].
    pub concat_score_weight: Option<Param>,
    #[module(option)]
    options: AttentionLayerOptions,
    stream: Stream,
    mode: Mode,
}

const CHECK: Check = Check("Attention");

impl Attention {
    /// A layer with the default options; the generator is for dropout.
    pub fn new(rng: &mut dyn Rng) -> Attention {
        let (stream, mode) = (Stream::new(rng), Mode::default());
        Attention { scale: None, concat_score_weight: None, options: AttentionLayerOptions::new(), stream, mode }
    }

    /// A layer with these options; the generator is for dropout.
    ///
    /// # Errors
    /// If the probability of dropout is not in `[0, 1]`.
    pub fn with(options: AttentionLayerOptions, rng: &mut dyn Rng) -> Result<Attention> {
        CHECK.require((0.0..=1.0).contains(&options.dropout), "dropout", options.dropout, "in [0, 1]")?;
        let one = || Param::new(Tensor::ones(&[], DType::F32)?);
        let concat = options.score_mode == ScoreMode::Concat;
        Ok(Attention {
            scale: options.use_scale.then(one).transpose()?,
            concat_score_weight: concat.then(one).transpose()?,
            options,
            ..Attention::new(rng)
        })
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
    /// # use wengert_nn::{Attention, AttentionMasks};
    /// let attention = Attention::new(&mut autograd_core::seeded(7));
    /// let (query, value) = (Tensor::from([[[0.0], [0.0]]]), Tensor::from([[[1.0], [3.0]]]));
    /// let masks = AttentionMasks::new().is_causal(true);
    /// let (y, weights) = attention.attend(&query, &value, None, &masks)?;
    /// assert_eq!((y.to_vec::<f32>()?, weights.to_vec::<f32>()?), (vec![1.0, 2.0], vec![1.0, 0.0, 0.5, 0.5]));
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
        let scaled = |x: Tensor| self.scale.iter().try_fold(x, |x, scale| x.try_mul(scale));
        let scores = match &self.concat_score_weight {
            None => scaled(query.matmul(&key.transpose(1, 2)?)?)?,
            Some(weight) => {
                let sums = query.unsqueeze(2)?.try_add(&key.unsqueeze(1)?)?;
                scaled(sums)?.tanh().sum_dim(-1)?.try_mul(weight)?
            }
        };
        weighted(CHECK, &scores, value, masks, || dropped(self.options.dropout, &self.mode, &self.stream))
    }
}

/// The shapes that attention without projections takes.
pub(super) fn fits(check: Check, query: &Tensor, value: &Tensor, key: &Tensor) -> Result<()> {
    let [n, _, d] = check.shape("query", query, "[N, L, D]")?;
    let [_, s, _] = check.shape("value", value, "[N, S, E]")?;
    check.is("key", key, &[n, s, d])?;
    if value.shape()[0] != n {
        return Err(Error::shape(check.0, "value", value.shape(), format!("[{n}, S, E]")));
    }
    check.same_float(query, value)?;
    check.same_float(query, key).map(|_| ())
}

/// The probability that a weight is dropped now, with a seed; none where nothing is.
pub(super) fn dropped(p: f64, mode: &Mode, stream: &Stream) -> Option<(f64, u64)> {
    (mode.is_training() && p > 0.0).then(|| (p, stream.draw()))
}

/// The weighted values and the weights of these scores, `[N, L, S]`.
pub(super) fn weighted(
    check: Check,
    scores: &Tensor,
    value: &Tensor,
    masks: &AttentionMasks,
    dropped: impl FnOnce() -> Option<(f64, u64)>,
) -> Result<(Tensor, Tensor)> {
    // A parameter of another shape makes them something else.
    let [n, l, s] = check.shape("the scores", scores, "[N, L, S]")?;
    let mut scores = scores.unsqueeze(1)?;
    let mut all: Option<Tensor> = None;
    if let Some(mask) = masks.joined(check.0, [n, 1, l, s], true, 0, scores.dtype())? {
        all = Some(if mask.dtype() == DType::Bool {
            mask
        } else {
            let seen = mask.ne_scalar(f64::NEG_INFINITY);
            scores = scores.try_add(&mask.masked_fill(&seen.logical_not()?, 0.0)?)?;
            seen
        });
    }
    if masks.causal() {
        all = Some(all.iter().try_fold(no_later(0, l, s)?, |earlier, seen| earlier.logical_and(seen))?);
    }
    let mut weights = match all {
        None => scores.softmax(-1)?,
        Some(seen) => {
            // Of −∞ alone softmax is NaN, and a query that sees nothing gets 0.
            let number = |x: f64| Tensor::full(&[], x, scores.dtype());
            let hidden = seen.any(keep(-1))?.where_cond(&number(f64::NEG_INFINITY)?, &number(0.0)?)?;
            seen.where_cond(&scores, &hidden)?.softmax(-1)?.masked_fill(&seen.logical_not()?, 0.0)?
        }
    };
    weights = weights.squeeze(&[1])?;
    // Drawn when nothing is left to be refused.
    if let Some((p, seed)) = dropped() {
        weights = weights.dropout_seeded(p, seed)?;
    }
    Ok((weights.matmul(value)?, weights))
}

/// Query, value, and the key if there is one.
pub(super) fn given<'a>(name: &str, all: &'a [Tensor]) -> Result<(&'a Tensor, &'a Tensor, Option<&'a Tensor>)> {
    match all {
        [query, value] => Ok((query, value, None)),
        [query, value, key] => Ok((query, value, Some(key))),
        _ => Err(Error::new(ErrorKind::Argument, format!("{name}: takes 2 or 3 inputs, got {}", all.len()))),
    }
}

impl Layer for Attention {
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
    layer("Attention", |rng| Ok(Attention::new(rng)))
        .maps_all(&[&[2, 3, 2], &[2, 4, 2]], &[&[2, 3, 2]])
        .maps_all(&[&[1, 2, 2], &[1, 3, 4], &[1, 3, 2]], &[&[1, 2, 4]])
        .maps_all(&[&[0, 2, 2], &[0, 3, 2]], &[&[0, 2, 2]])
        .refuses(&[2, 3, 2], "Attention: takes 2 or 3 inputs, got 1")
        .refuses_all(&[&[2, 3], &[2, 3]], "Attention: query has shape [2, 3], expected [N, L, D]")
        .refuses_all(&[&[1, 2, 3], &[1, 4, 2]], "Attention: key has shape [1, 4, 2], expected [1, 4, 3]")
        .refuses_all(&[&[1, 2, 3], &[2, 4, 3], &[1, 4, 3]], "Attention: value has shape [2, 4, 3], expected [1, S, E]"),
    layer("Attention", |rng| Attention::with(AttentionLayerOptions::new().use_scale(true).dropout(0.4), rng))
        .state(&["scale"])
        .runs(|attention: &Attention, all| {
            let masks = AttentionMasks::new().is_causal(true).key_padding_mask(all[2].clone());
            let (y, weights) = attention.attend(&all[0], &all[1], None, &masks)?;
            Ok(vec![y, weights])
        })
        .maps_with(&[&[1, 3, 2], &[1, 3, 2]], &[Tensor::from([[false, false, true]])], &[&[1, 3, 2], &[1, 3, 3]])
        .refuses_with(
            &[&[1, 3, 2], &[1, 3, 2]],
            &[Tensor::from([[false, false]])],
            "Attention: key_padding_mask has shape [1, 2], expected [1, 3]"
        ),
    layer("Attention", |rng| {
        Attention::with(AttentionLayerOptions::new().use_scale(true).score_mode(ScoreMode::Concat), rng)
    })
    .state(&["scale", "concat_score_weight"])
    .maps_all(&[&[2, 3, 2], &[2, 2, 2]], &[&[2, 3, 2]]),
    layer("Attention", |rng| Attention::with(AttentionLayerOptions::new().dropout(-0.5), rng))
        .cannot_be("Attention: dropout is -0.5, it must be in [0, 1]"),
];
