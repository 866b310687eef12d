//! The inputs of attention with several heads, and their projections.

use super::{CHECK, MultiheadAttention, NAME};
use autograd_core::module::Param;
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// Queries, keys and values of a call with the batch first, and the way back.
pub(super) struct Inputs {
    pub(super) qkv: [Tensor; 3],
    pub(super) batched: bool,
}

impl MultiheadAttention {
    /// The inputs with the batch first, checked.
    pub(super) fn inputs(&self, all: [&Tensor; 3]) -> Result<Inputs> {
        let rank = all[0].rank();
        if rank != 2 && rank != 3 {
            let e = self.sizes()[0];
            let expected =
                format_args!("[L, {e}] or {}", if self.options.batch_first { "[N, L, E]" } else { "[L, N, E]" });
            return Err(Error::shape(NAME, "query", all[0].shape(), expected));
        }
        let fits = |i: usize| self.fits(i, all[i], rank);
        (0..3).try_for_each(fits)?;
        let qkv = [self.batch_first(all[0])?, self.batch_first(all[1])?, self.batch_first(all[2])?];
        let [q, k, v] = qkv.each_ref().map(Tensor::shape);
        if q[0] != k[0] || k[0] != v[0] || k[1] != v[1] {
            let [q, k, v] = all.map(Tensor::shape);
            let text = format!(
                "{NAME}: query {q:?}, key {k:?} and value {v:?} do not belong together: batches must be equal, and \
                 there must be a value for each key"
            );
            return Err(Error::new(ErrorKind::Shape, text));
        }
        Ok(Inputs { qkv, batched: rank == 3 })
    }

    /// Whether queries (0), keys (1) or values (2) have this rank, and their features.
    pub(super) fn fits(&self, i: usize, x: &Tensor, rank: usize) -> Result<()> {
        let (what, length, size) = (["query", "key", "value"][i], ["L", "S", "S"][i], self.sizes()[i]);
        if x.rank() == rank && x.shape().last() == Some(&size) {
            return Ok(());
        }
        let pattern = match (rank == 3, self.options.batch_first) {
            (false, _) => format!("[{length}, {size}]"),
            (true, false) => format!("[{length}, N, {size}]"),
            (true, true) => format!("[N, {length}, {size}]"),
        };
        Err(Error::shape(NAME, what, x.shape(), pattern))
    }

    /// `[L, E]`, or `[L, N, E]` if the options have it so, as `[N, L, E]`.
    pub(super) fn batch_first(&self, x: &Tensor) -> Result<Tensor> {
        match (x.rank() == 3, self.options.batch_first) {
            (false, _) => x.unsqueeze(0),
            (true, false) => x.transpose(0, 1),
            (true, true) => Ok(x.clone()),
        }
    }

    /// The sizes of queries, keys and values as they come in.
    fn sizes(&self) -> [usize; 3] {
        let e = self.out_proj.in_features();
        [e, self.options.kdim.unwrap_or(e), self.options.vdim.unwrap_or(e)]
    }

    /// The projections of all three; `itself` if they are one tensor.
    pub(super) fn projected(&self, [q, k, v]: &[Tensor; 3], itself: bool) -> Result<[Tensor; 3]> {
        self.check_weights()?;
        if let (true, Some(weight)) = (itself, &self.in_proj_weight) {
            // One product for all three.
            let (all, e) = (q.linear(weight, self.in_proj_bias.as_deref())?, self.sizes()[0]);
            return Ok([all.narrow(-1, 0, e)?, all.narrow(-1, e, e)?, all.narrow(-1, 2 * e, e)?]);
        }
        Ok([self.projection(0, q)?, self.projection(1, k)?, self.projection(2, v)?])
    }

    /// The projection of queries (0), keys (1) or values (2), of weights that have been checked.
    pub(super) fn projection(&self, i: usize, x: &Tensor) -> Result<Tensor> {
        let e = self.sizes()[0];
        let bias = self.in_proj_bias.as_deref().map(|bias| bias.narrow(0, i * e, e)).transpose()?;
        match ([&self.q_proj_weight, &self.k_proj_weight, &self.v_proj_weight][i], &self.in_proj_weight) {
            (Some(weight), _) => x.linear(weight, bias.as_ref()),
            (None, Some(weight)) => x.linear(&weight.narrow(0, i * e, e)?, bias.as_ref()),
            (None, None) => Err(self.mixed_weights()),
        }
    }

    /// Whether there is one projection or three, and all are of the right shapes: fields are public.
    pub(super) fn check_weights(&self) -> Result<()> {
        let [e, kdim, vdim] = self.sizes();
        let all = self.weights();
        let own = all[1..].iter().filter(|(_, weight)| weight.is_some()).count();
        if own != if self.in_proj_weight.is_some() { 0 } else { 3 } {
            return Err(self.mixed_weights());
        }
        let shapes = [[3 * e, e], [e, e], [e, kdim], [e, vdim]];
        let weights = all.into_iter().zip(shapes.iter().map(|shape| &shape[..]));
        let (row, key) = ([3 * e], [1, 1, e]);
        let others = [
            (("in_proj_bias", &self.in_proj_bias), &row[..]),
            (("bias_k", &self.bias_k), &key[..]),
            (("bias_v", &self.bias_v), &key[..]),
        ];
        weights.chain(others).try_for_each(|((name, param), shape)| match param {
            Some(param) => CHECK.is(name, param, shape),
            None => Ok(()),
        })
    }

    fn weights(&self) -> [(&'static str, &Option<Param>); 4] {
        [
            ("in_proj_weight", &self.in_proj_weight),
            ("q_proj_weight", &self.q_proj_weight),
            ("k_proj_weight", &self.k_proj_weight),
            ("v_proj_weight", &self.v_proj_weight),
        ]
    }

    #[cold]
    fn mixed_weights(&self) -> Error {
        let there = self.weights().into_iter().filter(|(_, weight)| weight.is_some());
        let there: Vec<&str> = there.map(|(name, _)| name).collect();
        let text = "it has either in_proj_weight or q_proj_weight, k_proj_weight and v_proj_weight";
        let got = if there.is_empty() { "none of them".into() } else { there.join(", ") };
        Error::new(ErrorKind::Argument, format!("{NAME}: {text}, got {got}"))
    }
}
