//! Operations that fold dimensions away.
//!
//! Each comes in two forms: over everything (`sum()`), and along named dims with or without keeping them as size one
//! (`sum_dim([0, -1])`, `sum_dim(keep(0))`). [`along`] brings the reduced dims into one run.

pub(crate) mod along;
pub(crate) mod dims;

pub(crate) mod amax;
pub(crate) mod aminmax;
pub(crate) mod any;
pub(crate) mod argmax;
pub(crate) mod cov;
pub(crate) mod histc;
pub(crate) mod logsumexp;
pub(crate) mod max_dim;
pub(crate) mod nansum;
pub(crate) mod prod;
pub(crate) mod std;
pub(crate) mod sum;
pub(crate) mod var;
pub(crate) mod var_mean;

pub(crate) mod norm;
pub(crate) mod rank;
