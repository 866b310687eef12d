//! Special functions.

pub(crate) mod digamma;
mod entr;
pub(crate) mod erf;
pub(crate) mod erfc;
mod erfcx;
mod erfinv;
mod gammainc;
mod i0;
pub(crate) mod lgamma;
mod log_ndtr;
mod logit;
mod mvlgamma;
mod ndtr;
mod ndtri;
mod sinc;
mod xlogy;
mod zeta;
