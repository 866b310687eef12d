//! Solutions of linear systems, factorizations, and what is computed of them.

mod factors;
pub(crate) mod matrices;
mod spectrum;

mod cholesky;
mod det;
mod eigh;
pub(crate) mod inv;
mod lu;
mod matrix_exp;
pub(crate) mod pinv;
pub(crate) mod qr;
mod rank;
mod solve;
pub(crate) mod svd;
pub(crate) mod triangular;
