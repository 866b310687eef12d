//! Exponentials, logarithms, powers and roots.

mod exp;
mod exp2;
mod expm1;
mod float_power;
mod log;
mod log10;
mod log1p;
mod log2;
mod logaddexp;
mod pow;
mod powf;
mod rsqrt;
mod sqrt;
