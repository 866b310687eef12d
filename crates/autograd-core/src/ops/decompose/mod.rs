//! Solutions of linear systems, factorizations, and what is computed of them.

mod factors;
pub(crate) mod matrices;
mod spectrum;

mod cholesky;
mod det;
mod eigh;
mod inv;
mod lu;
pub(crate) mod qr;
mod solve;
pub(crate) mod svd;
pub(crate) mod triangular;
