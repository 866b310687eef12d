//! Elements by their rank.

pub(crate) mod median;
pub(crate) mod quantile;
