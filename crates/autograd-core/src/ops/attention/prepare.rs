//! The operands of attention, checked and broadcast.

use super::options::AttentionOptions;
use super::scaled_dot_product::{CHECK, OP};
use super::twin::Rule;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::{Dims, Shape};
use crate::tensor::{DType, Float, Tensor};
use std::borrow::Cow;

/// Operands of whole shapes, and what is done with them.
pub(super) struct Prepared<'a> {
    pub(super) float: Float,
    pub(super) rule: Rule,
    pub(super) q: Cow<'a, Tensor>,
    pub(super) k: Cow<'a, Tensor>,
    pub(super) v: Cow<'a, Tensor>,
    pub(super) mask: Option<Tensor>,
    /// The leading sizes of queries.
    pub(super) outer: Dims,
}

pub(super) fn last_two(x: &Tensor) -> [usize; 2] {
    [x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]]
}

/// Checks everything, and broadcasts.
pub(super) fn prepare<'a>([q, k, v]: [&'a Tensor; 3], options: AttentionOptions) -> Result<Prepared<'a>> {
    let float = CHECK.float(q)?;
    CHECK.same_dtype(q, k)?;
    CHECK.same_dtype(q, v)?;
    let AttentionOptions { attn_mask: mask, dropout_p, seed, is_causal, scale, enable_gqa } = options;
    CHECK.require((0.0..=1.0).contains(&dropout_p), "dropout_p", dropout_p, "in [0, 1]")?;
    let [queries, features] = CHECK.last("query", q, "[.., L, E]")?;
    let of_k = format!("[.., S, {features}]");
    let [keys, same] = CHECK.last("key", k, &of_k)?;
    if same != features {
        return Err(Error::shape(OP, "key", k.shape(), of_k));
    }
    let of_v = format!("[.., {keys}, V]");
    let [same, values] = CHECK.last("value", v, &of_v)?;
    if same != keys {
        return Err(Error::shape(OP, "value", v.shape(), of_v));
    }
    let (outer, key_outer, group) = outer_sizes([q, k, v], enable_gqa)?;
    let whole = |outer: &[usize], sizes: [usize; 2]| [outer, &sizes[..]].concat();
    if let Some(mask) = &mask {
        if mask.dtype() != DType::Bool {
            CHECK.same_dtype(q, mask)?;
        }
        CHECK.broadcasts_to("attn_mask", mask, &whole(&outer, [queries, keys]))?;
    }
    let scale = scale.unwrap_or_else(|| 1.0 / (features.max(1) as f64).sqrt());
    CHECK.require(scale.is_finite(), "scale", scale, "finite")?;
    Ok(Prepared {
        float,
        rule: Rule { group, causal: is_causal, scale, dropout: dropout_p, seed },
        q: expanded(q, &whole(&outer, [queries, features]))?,
        k: expanded(k, &whole(&key_outer, [keys, features]))?,
        v: expanded(v, &whole(&key_outer, [keys, values]))?,
        mask,
        outer,
    })
}

/// The leading sizes of queries, those of keys and values, and the number of heads of the first for each of the latter.
fn outer_sizes([q, k, v]: [&Tensor; 3], grouped: bool) -> Result<(Dims, Dims, usize)> {
    let split = |x: &Tensor| x.shape()[..x.rank() - 2].to_vec();
    let [mut q_outer, mut k_outer, mut v_outer] = [q, k, v].map(split);
    let mut heads = None;
    if grouped {
        let [of_q] = CHECK.last("query", q, "[.., H, L, E]").map(|[heads, _, _]| [heads])?;
        let [of_k] = CHECK.last("key", k, "[.., H, S, E]").map(|[heads, _, _]| [heads])?;
        let [of_v] = CHECK.last("value", v, "[.., H, S, V]").map(|[heads, _, _]| [heads])?;
        if of_k != of_v || of_k == 0 || of_q % of_k != 0 {
            let text = format!(
                "{OP}: {of_q} heads of queries, {of_k} of keys and {of_v} of values; keys and values must have as \
                 many, and divide the queries'"
            );
            return Err(Error::new(ErrorKind::Shape, text));
        }
        for outer in [&mut q_outer, &mut k_outer, &mut v_outer] {
            outer.pop();
        }
        heads = Some((of_q, of_k));
    }
    let both: Shape = CHECK.broadcast(&k_outer, &v_outer)?;
    let mut outer = CHECK.broadcast(&q_outer, &both)?.0;
    let Some((of_q, of_k)) = heads else { return Ok((outer.clone(), outer, 1)) };
    let mut key_outer = outer.clone();
    key_outer.push(of_k);
    outer.push(of_q);
    Ok((outer, key_outer, of_q / of_k))
}

fn expanded<'a>(x: &'a Tensor, shape: &[usize]) -> Result<Cow<'a, Tensor>> {
    if x.shape() == shape { Ok(Cow::Borrowed(x)) } else { x.expand_to(shape).map(Cow::Owned) }
}
