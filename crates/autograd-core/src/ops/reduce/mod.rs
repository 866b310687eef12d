//! Operations that fold dimensions away.
//!
//! Each comes in two forms: over everything (`sum()`), and along named axes with or without keeping them as size one
//! (`sum_dim(&[0, -1], keepdim)`; no axes named means all). [`along`] brings the reduced axes into one run.

pub(crate) mod along;

pub(crate) mod amax;
pub(crate) mod argmax;
pub(crate) mod logsumexp;
pub(crate) mod max_dim;
pub(crate) mod prod;
pub(crate) mod std;
pub(crate) mod sum;
pub(crate) mod var;
