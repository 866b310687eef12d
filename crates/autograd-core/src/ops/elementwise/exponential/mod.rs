//! Exponentials, logarithms, powers and roots.

pub(crate) mod exp;
pub(crate) mod exp2;
pub(crate) mod expm1;
mod float_power;
pub(crate) mod log;
pub(crate) mod log10;
pub(crate) mod log1p;
pub(crate) mod log2;
mod logaddexp;
pub(crate) mod pow;
pub(crate) mod powf;
mod rsqrt;
pub(crate) mod sqrt;
