//! Attention with several heads.

mod memory;
mod options;
mod parts;
mod step;
#[cfg(test)]
mod tests;

use super::AttentionMasks;
use crate::init::{Initializer, xavier_normal, xavier_uniform};
use crate::layer::Layer;
use crate::{Linear, LinearOptions};
use autograd_core::check::Check;
use autograd_core::module::{Mode, Param, Stream};
use autograd_core::{AttentionOptions, DType, Error, ErrorKind, Result, Tensor};
pub use memory::AttentionMemory;
pub use options::MultiheadAttentionOptions;
use parts::Inputs;
use rand::Rng;
use wengert_derive::Module;

/// Attention with several heads, each over its own part of the projected features:
///
/// ```text
/// y = concat(head₁, .., head_H) Wₒᵀ + bₒ,   headᵢ = softmax(qᵢ kᵢᵀ / √(E/H) + mask) vᵢ
/// q = query W_qᵀ + b_q,   k = key W_kᵀ + b_k,   v = value W_vᵀ + b_v
/// ```
///
/// The input projections start uniform by Xavier's rule, the output projection as a [`Linear`], biases as 0.
///
/// # Shapes
/// `query: [L, N, E]`, `key: [S, N, Kd]`, `value: [S, N, Vd] → [L, N, E]`, with the batch first if the options say so,
/// or all without N. `in_proj_weight: [3E, E]`, or `q_proj_weight: [E, E]`, `k_proj_weight: [E, Kd]`, `v_proj_weight:
/// [E, Vd]` where keys or values have another size. [`Layer::forward_all`] takes a query; a query and keys that are the
/// values, too; or query, keys and values.
///
/// # Differs from
/// A query that may attend to nothing gives the bias of the output projection, not NaN.
///
/// # Errors
/// The constructors fail if a size is 0, the heads do not divide E, or the probability of dropout is not in `[0, 1]`;
/// `forward` if the inputs or masks do not fit, or the weights are neither `in_proj_weight` alone nor the other three.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{AttentionMasks, Layer, MultiheadAttention};
/// let attention = MultiheadAttention::new(4, 2, &mut autograd_core::seeded(7))?;
/// let (x, memory) = (Tensor::ones(&[3, 1, 4], DType::F32)?, Tensor::ones(&[5, 1, 4], DType::F32)?);
/// assert_eq!(attention.forward(&x)?.shape(), [3, 1, 4]);
/// let (y, weights) = attention.attend_with_weights(&x, &memory, &memory, &AttentionMasks::new())?;
/// assert_eq!((y.shape(), weights.to_vec::<f32>()?), (&[3, 1, 4][..], vec![0.2; 15]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Vaswani et al., Attention is all you need, 2017, section 3.2.2.
#[derive(Clone, Debug, Module)]
pub struct MultiheadAttention {
    /// The projections of queries, keys and values, `[3E, E]`, if all have one size.
    pub in_proj_weight: Option<Param>,
    /// That of queries, `[E, E]`.
    pub q_proj_weight: Option<Param>,
    /// That of keys, `[E, Kd]`.
    pub k_proj_weight: Option<Param>,
    /// That of values, `[E, Vd]`.
    pub v_proj_weight: Option<Param>,
    /// Their biases, `[3E]`, if there are any.
    pub in_proj_bias: Option<Param>,
    /// The added key, `[1, 1, E]`, if there is one.
    pub bias_k: Option<Param>,
    /// The added value, `[1, 1, E]`, if there is one.
    pub bias_v: Option<Param>,
    /// The output projection.
    pub out_proj: Linear,
    num_heads: usize,
    #[module(option)]
    options: MultiheadAttentionOptions,
    stream: Stream,
    mode: Mode,
}

const NAME: &str = "MultiheadAttention";
const CHECK: Check = Check(NAME);

impl MultiheadAttention {
    /// A layer of `num_heads` (H) heads for `embed_dim` (E) features, with the default options.
    ///
    /// # Errors
    /// If a size is 0, or the heads do not divide the features.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::MultiheadAttention;
    /// let attention = MultiheadAttention::new(8, 2, &mut autograd_core::seeded(7))?;
    /// assert_eq!(attention.in_proj_weight.expect("one size").shape(), [24, 8]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(embed_dim: usize, num_heads: usize, rng: &mut dyn Rng) -> Result<MultiheadAttention> {
        MultiheadAttention::with(embed_dim, num_heads, MultiheadAttentionOptions::new(), rng)
    }

    /// A layer of `num_heads` (H) heads for `embed_dim` (E) features.
    ///
    /// # Errors
    /// If a size is 0, the heads do not divide the features, or the probability of dropout is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{MultiheadAttention, MultiheadAttentionOptions};
    /// let options = MultiheadAttentionOptions::new().kdim(3);
    /// let attention = MultiheadAttention::with(8, 2, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(attention.k_proj_weight.expect("three sizes").shape(), [8, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(
        embed_dim: usize,
        num_heads: usize,
        options: MultiheadAttentionOptions,
        rng: &mut dyn Rng,
    ) -> Result<MultiheadAttention> {
        let (e, kdim, vdim) = (embed_dim, options.kdim.unwrap_or(embed_dim), options.vdim.unwrap_or(embed_dim));
        for (name, size) in [("embed_dim", e), ("num_heads", num_heads), ("kdim", kdim), ("vdim", vdim)] {
            CHECK.require(size > 0, name, size, "at least 1")?;
        }
        let divides = e.is_multiple_of(num_heads);
        CHECK.require(divides, "num_heads", num_heads, format_args!("a divisor of {e}, the features"))?;
        CHECK.require((0.0..=1.0).contains(&options.dropout), "dropout", options.dropout, "in [0, 1]")?;
        // Before anything is drawn.
        for inputs in [e, kdim, vdim] {
            CHECK.room(&[e, inputs], DType::F32)?;
        }
        let one_size = kdim == e && vdim == e;
        let mut projection = |wanted: bool, shape: [usize; 2]| match wanted {
            true => xavier_uniform().tensor(&shape, DType::F32, rng).and_then(Param::new).map(Some),
            false => Ok(None),
        };
        let thrice = e.saturating_mul(3);
        let in_proj_weight = projection(one_size, [thrice, e])?;
        let q_proj_weight = projection(!one_size, [e, e])?;
        let k_proj_weight = projection(!one_size, [e, kdim])?;
        let v_proj_weight = projection(!one_size, [e, vdim])?;
        let added = |rng: &mut dyn Rng| match options.add_bias_kv {
            true => xavier_normal().tensor(&[1, 1, e], DType::F32, rng).and_then(Param::new).map(Some),
            false => Ok(None),
        };
        let zeros = |wanted: bool, size: usize| match wanted {
            true => Tensor::zeros(&[size], DType::F32).and_then(Param::new).map(Some),
            false => Ok(None),
        };
        Ok(MultiheadAttention {
            in_proj_weight,
            q_proj_weight,
            k_proj_weight,
            v_proj_weight,
            in_proj_bias: zeros(options.bias, thrice)?,
            bias_k: added(rng)?,
            bias_v: added(rng)?,
            out_proj: Linear::with(e, e, LinearOptions::new().bias(options.bias).bias_init(crate::init::zeros()), rng)?,
            num_heads,
            options,
            stream: Stream::new(rng),
            mode: Mode::default(),
        })
    }

    /// What the queries find: `[L, N, E]`.
    ///
    /// # Errors
    /// If the inputs or masks do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AttentionMasks, MultiheadAttention};
    /// let attention = MultiheadAttention::new(4, 2, &mut autograd_core::seeded(7))?;
    /// let x = Tensor::ones(&[3, 4], DType::F32)?;
    /// assert_eq!(attention.attend(&x, &x, &x, &AttentionMasks::new().is_causal(true))?.shape(), [3, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn attend(&self, query: &Tensor, key: &Tensor, value: &Tensor, masks: &AttentionMasks) -> Result<Tensor> {
        let (inputs, [q, k, v], options) = self.heads(query, key, value, masks)?;
        self.output(inputs.batched, &q.scaled_dot_product_attention(&k, &v, options)?)
    }

    /// [`MultiheadAttention::attend`], and the weights of keys, `[N, L, S]`, which are the mean over heads.
    ///
    /// # Errors
    /// As for `attend`.
    pub fn attend_with_weights(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        masks: &AttentionMasks,
    ) -> Result<(Tensor, Tensor)> {
        let (y, weights) = self.attend_with_head_weights(query, key, value, masks)?;
        Ok((y, weights.mean_dim(-3)?))
    }

    /// [`MultiheadAttention::attend`], and the weights of keys of each head, `[N, H, L, S]`. The matrix of all weights
    /// is made, which `attend` never does.
    ///
    /// # Errors
    /// As for `attend`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AttentionMasks, MultiheadAttention};
    /// let attention = MultiheadAttention::new(4, 2, &mut autograd_core::seeded(7))?;
    /// let x = Tensor::ones(&[3, 1, 4], DType::F32)?;
    /// let (_, weights) = attention.attend_with_head_weights(&x, &x, &x, &AttentionMasks::new())?;
    /// assert_eq!(weights.shape(), [1, 2, 3, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn attend_with_head_weights(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        masks: &AttentionMasks,
    ) -> Result<(Tensor, Tensor)> {
        let (inputs, [q, k, v], options) = self.heads(query, key, value, masks)?;
        let weights = q.attention_weights(&k, options)?;
        let y = self.output(inputs.batched, &weights.matmul(&v)?)?;
        Ok((y, if inputs.batched { weights } else { weights.squeeze(&[0])? }))
    }

    /// Projected queries, keys and values of all heads, `[N, H, .., E/H]`, and the options of attention.
    fn heads(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        masks: &AttentionMasks,
    ) -> Result<(Inputs, [Tensor; 3], AttentionOptions)> {
        let inputs = self.inputs([query, key, value])?;
        let itself = std::ptr::eq(query, key) && std::ptr::eq(key, value);
        let [q, mut k, mut v] = self.projected(&inputs.qkv, itself)?;
        let added = self.add_keys([&mut k, &mut v])?;
        let (batch, queries, keys) = (q.shape()[0], q.shape()[1], k.shape()[1] - added);
        let sizes = [batch, self.num_heads, queries, keys];
        let mask = masks.joined(NAME, sizes, inputs.batched, added, q.dtype())?;
        let mut options = AttentionOptions::new().is_causal(masks.causal() && added == 0);
        options = mask.into_iter().fold(options, AttentionOptions::attn_mask);
        if self.mode.is_training() && self.options.dropout > 0.0 {
            options = options.dropout_p(self.options.dropout, self.stream.draw());
        }
        Ok((inputs, [self.split(&q)?, self.split(&k)?, self.split(&v)?], options))
    }

    /// Adds the keys and values that every query sees behind the others; how many there are.
    fn add_keys(&self, [k, v]: [&mut Tensor; 2]) -> Result<usize> {
        let (batch, e) = (k.shape()[0] as isize, k.shape()[2] as isize);
        let mut added: Vec<[Tensor; 2]> = Vec::new();
        match (&self.bias_k, &self.bias_v) {
            (Some(bias_k), Some(bias_v)) => added.push([&**bias_k, &**bias_v].map(Tensor::clone)),
            (None, None) => {}
            (key, _) => {
                let got = if key.is_some() { "bias_k" } else { "bias_v" };
                let text = format!("{NAME}: an added key has an added value, got {got} only");
                return Err(Error::new(ErrorKind::Argument, text));
            }
        }
        if self.options.add_zero_attn {
            let zeros = Tensor::zeros(&[1, 1, e as usize], k.dtype())?;
            added.push([zeros.clone(), zeros]);
        }
        for [key, value] in &added {
            let sizes = [batch, 1, e];
            *k = Tensor::cat(&[&*k, &key.expand(&sizes)?], 1)?;
            *v = Tensor::cat(&[&*v, &value.expand(&sizes)?], 1)?;
        }
        Ok(added.len())
    }

    /// The heads of projected features, `[N, L, E] → [N, H, L, E/H]`.
    fn split(&self, x: &Tensor) -> Result<Tensor> {
        x.unflatten(-1, &[self.num_heads as isize, -1])?.transpose(1, 2)
    }

    /// The output projection of all heads.
    fn output(&self, batched: bool, y: &Tensor) -> Result<Tensor> {
        let y = self.out_proj.call("out_proj", &y.transpose(1, 2)?.flatten(-2, -1)?)?;
        match (batched, self.options.batch_first) {
            (false, _) => y.squeeze(&[0]),
            (true, false) => y.transpose(0, 1),
            (true, true) => Ok(y),
        }
    }
}

impl Layer for MultiheadAttention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.attend(x, x, x, &AttentionMasks::new())
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        match all {
            [x] => self.forward(x),
            [query, memory] => self.attend(query, memory, memory, &AttentionMasks::new()),
            [query, key, value] => self.attend(query, key, value, &AttentionMasks::new()),
            _ => {
                let text = format!("{NAME}: takes 1 to 3 inputs, got {}", all.len());
                Err(Error::new(ErrorKind::Argument, text))
            }
        }
    }
}
