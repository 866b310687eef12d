//! Attention as differentiable tensor code.

use super::scaled_dot_product::OP;
use crate::error::Result;
use crate::keep;
use crate::tape::Pull;
use crate::tensor::{DType, Tensor};

/// What attention does with products and weights.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) group: usize,
    pub(super) causal: bool,
    pub(super) scale: f64,
    pub(super) dropout: f64,
    pub(super) seed: u64,
}

impl Rule {
    /// Each head of keys or values for all the heads of queries that see it.
    fn for_queries(self, x: &Tensor) -> Result<Tensor> {
        if self.group == 1 { Ok(x.clone()) } else { x.repeat_interleave(self.group, Some(-3)) }
    }

    /// The adjoint of [`Rule::for_queries`].
    fn for_keys(self, x: Tensor) -> Result<Tensor> {
        if self.group == 1 {
            return Ok(x);
        }
        let heads = x.shape()[x.rank() - 3] / self.group;
        x.unflatten(-3, &[heads, self.group])?.sum_dim(-3)
    }

    fn dropped(self, x: &Tensor) -> Result<Tensor> {
        if self.dropout == 0.0 { Ok(x.clone()) } else { x.dropout_seeded(self.dropout, self.seed) }
    }

    /// `softmax(scale q kᵀ + mask)`, with rows of 0 for what sees nothing.
    fn weights(self, q: &Tensor, k: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let mut x = q.mul_scalar(self.scale).matmul(&k.transpose(-1, -2)?)?;
        let (queries, keys) = (q.shape()[q.rank() - 2], k.shape()[k.rank() - 2]);
        match mask {
            Some(mask) if mask.dtype() == DType::Bool => x = x.masked_fill(&mask.logical_not()?, f64::NEG_INFINITY)?,
            Some(mask) => x = x.try_add(mask)?,
            None => (),
        }
        if self.causal {
            let later = Tensor::moved::<u8, 0>(OP, &[queries, keys], [], move |[], y| {
                for (i, y) in y.chunks_exact_mut(keys.max(1)).enumerate() {
                    y.iter_mut().enumerate().for_each(|(j, y)| *y = u8::from(j > i));
                }
            })?;
            x = x.masked_fill(&later, f64::NEG_INFINITY)?;
        }
        if x.numel() == 0 {
            return x.softmax(-1);
        }
        let blind = x.untied().amax(keep(-1))?.eq_scalar(f64::NEG_INFINITY);
        x.masked_fill(&blind, 0.0)?.softmax(-1)?.masked_fill(&blind, 0.0)
    }

    /// The weights that are left by dropout.
    pub(super) fn dropped_weights(self, [q, k]: [&Tensor; 2], mask: Option<&Tensor>) -> Result<Tensor> {
        self.dropped(&self.weights(q, &self.for_queries(k)?, mask)?)
    }

    /// The output.
    pub(super) fn attend(self, [q, k, v]: [&Tensor; 3], mask: Option<&Tensor>) -> Result<Tensor> {
        self.dropped_weights([q, k], mask)?.matmul(&self.for_queries(v)?)
    }

    /// Gives the gradients of q, k, v and, where it is a fourth input, the mask.
    pub(super) fn pull(
        self,
        at: &mut Pull<'_>,
        [q, k, v]: [&Tensor; 3],
        mask: Option<&Tensor>,
        wanted: &[usize],
    ) -> Result<()> {
        let gy = at.gy();
        let (k, v) = (self.for_queries(k)?, self.for_queries(v)?);
        let weights = self.weights(q, &k, mask)?;
        let gx = || {
            let gp = self.dropped(&gy.matmul(&v.transpose(-1, -2)?)?)?;
            let common = gp.try_mul(&weights)?.sum_dim(keep(-1))?;
            weights.try_mul(&gp.try_sub(&common)?)
        };
        let gx =
            if [0, 1, 3].iter().any(|input| wanted.contains(input) && at.wants(*input)) { Some(gx()?) } else { None };
        let gx = || gx.as_ref().unwrap_or_else(|| unreachable!("it is computed where it is wanted"));
        for input in wanted {
            at.give(*input, || match input {
                0 => Ok(gx().matmul(&k)?.mul_scalar(self.scale)),
                1 => self.for_keys(gx().transpose(-1, -2)?.matmul(q)?.mul_scalar(self.scale)),
                2 => self.for_keys(self.dropped(&weights)?.transpose(-1, -2)?.matmul(gy)?),
                3 => Ok(gx().clone()),
                _ => unreachable!("there are four inputs"),
            })?;
        }
        Ok(())
    }
}
