//! Attention with several heads.

mod options;
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
pub use options::MultiheadAttentionOptions;
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
/// `forward` if the inputs or masks do not fit.
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

/// Queries, keys and values of a call with the batch first, and the way back.
struct Inputs {
    qkv: [Tensor; 3],
    batched: bool,
}

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
        self.output(&inputs, &q.scaled_dot_product_attention(&k, &v, options)?)
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
        let y = self.output(&inputs, &weights.matmul(&v)?)?;
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
        let (batch, queries, keys) = (q.shape()[0], q.shape()[1], k.shape()[1]);
        let e = q.shape()[2] as isize;
        let mut added: Vec<[Tensor; 2]> = Vec::new();
        if let (Some(bias_k), Some(bias_v)) = (&self.bias_k, &self.bias_v) {
            added.push([&**bias_k, &**bias_v].map(Tensor::clone));
        }
        if self.options.add_zero_attn {
            let zeros = Tensor::zeros(&[1, 1, e as usize], q.dtype())?;
            added.push([zeros.clone(), zeros]);
        }
        for [key, value] in &added {
            let sizes = [batch as isize, 1, e];
            k = Tensor::cat(&[&k, &key.expand(&sizes)?], 1)?;
            v = Tensor::cat(&[&v, &value.expand(&sizes)?], 1)?;
        }
        let sizes = [batch, self.num_heads, queries, keys];
        let mask = masks.joined(NAME, sizes, inputs.batched, added.len(), q.dtype())?;
        let mut options = AttentionOptions::new().is_causal(masks.causal() && added.is_empty());
        options = mask.into_iter().fold(options, AttentionOptions::attn_mask);
        if self.mode.is_training() && self.options.dropout > 0.0 {
            options = options.dropout_p(self.options.dropout, self.stream.draw());
        }
        Ok((inputs, [self.split(&q)?, self.split(&k)?, self.split(&v)?], options))
    }

    /// The heads of projected features, `[N, L, E] → [N, H, L, E/H]`.
    fn split(&self, x: &Tensor) -> Result<Tensor> {
        x.unflatten(-1, &[self.num_heads as isize, -1])?.transpose(1, 2)
    }

    /// The inputs with the batch first, checked.
    fn inputs(&self, all: [&Tensor; 3]) -> Result<Inputs> {
        let rank = all[0].shape().len();
        let batched = rank == 3;
        let [e, kdim, vdim] = self.sizes();
        let pattern = |length: &str, size: usize| match (batched, self.options.batch_first) {
            (false, _) => format!("[{length}, {size}]"),
            (true, false) => format!("[{length}, N, {size}]"),
            (true, true) => format!("[N, {length}, {size}]"),
        };
        if rank != 2 && rank != 3 {
            let expected =
                format_args!("[L, {e}] or {}", if self.options.batch_first { "[N, L, E]" } else { "[L, N, E]" });
            return Err(Error::shape(NAME, "query", all[0].shape(), expected));
        }
        for (what, x, length, size) in
            [("query", all[0], "L", e), ("key", all[1], "S", kdim), ("value", all[2], "S", vdim)]
        {
            if x.shape().len() != rank || x.shape()[rank - 1] != size {
                return Err(Error::shape(NAME, what, x.shape(), pattern(length, size)));
            }
        }
        let first = |x: &Tensor| match (batched, self.options.batch_first) {
            (false, _) => x.unsqueeze(0),
            (true, false) => x.transpose(0, 1),
            (true, true) => Ok(x.clone()),
        };
        let qkv = [first(all[0])?, first(all[1])?, first(all[2])?];
        let [q, k, v] = qkv.each_ref().map(Tensor::shape);
        if q[0] != k[0] || k[0] != v[0] || k[1] != v[1] {
            let [q, k, v] = all.map(Tensor::shape);
            let text = format!(
                "{NAME}: query {q:?}, key {k:?} and value {v:?} do not belong together: batches must be equal, and \
                 there must be a value for each key"
            );
            return Err(Error::new(ErrorKind::Shape, text));
        }
        Ok(Inputs { qkv, batched })
    }

    /// The sizes of queries, keys and values as they come in.
    fn sizes(&self) -> [usize; 3] {
        let e = self.out_proj.in_features();
        [e, self.options.kdim.unwrap_or(e), self.options.vdim.unwrap_or(e)]
    }

    fn projected(&self, [q, k, v]: &[Tensor; 3], itself: bool) -> Result<[Tensor; 3]> {
        let [e, kdim, vdim] = self.sizes();
        let bias = self.in_proj_bias.as_deref();
        let weights = [&self.in_proj_weight, &self.q_proj_weight, &self.k_proj_weight, &self.v_proj_weight];
        let names = ["in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"];
        for ((name, weight), shape) in names.iter().zip(weights).zip([[3 * e, e], [e, e], [e, kdim], [e, vdim]]) {
            weight.as_deref().map_or(Ok(()), |weight| CHECK.is(name, weight, &shape))?;
        }
        if let (true, Some(weight)) = (itself, &self.in_proj_weight) {
            // One product for all three.
            let all = q.linear(weight, bias)?;
            return Ok([all.narrow(-1, 0, e)?, all.narrow(-1, e, e)?, all.narrow(-1, 2 * e, e)?]);
        }
        let one = |i: usize, x: &Tensor, own: &Option<Param>| {
            let bias = bias.map(|bias| bias.narrow(0, i * e, e)).transpose()?;
            match (own, &self.in_proj_weight) {
                (Some(weight), _) => x.linear(weight, bias.as_ref()),
                (None, Some(weight)) => x.linear(&weight.narrow(0, i * e, e)?, bias.as_ref()),
                (None, None) => unreachable!("there is one or the other"),
            }
        };
        Ok([one(0, q, &self.q_proj_weight)?, one(1, k, &self.k_proj_weight)?, one(2, v, &self.v_proj_weight)?])
    }

    /// The output projection of all heads.
    fn output(&self, inputs: &Inputs, y: &Tensor) -> Result<Tensor> {
        let y = self.out_proj.call("out_proj", &y.transpose(1, 2)?.flatten(-2, -1)?)?;
        match (inputs.batched, self.options.batch_first) {
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
