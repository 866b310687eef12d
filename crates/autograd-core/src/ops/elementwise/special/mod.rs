//! Special functions.

pub(super) mod digamma;
mod entr;
mod erf;
mod erfc;
mod erfcx;
mod erfinv;
mod i0;
mod lgamma;
mod log_ndtr;
mod logit;
mod mvlgamma;
mod ndtr;
mod ndtri;
mod sinc;
mod xlogy;
