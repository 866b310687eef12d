//! Exponentials, logarithms, powers and roots.

mod exp;
mod expm1;
mod log;
mod log1p;
mod pow;
mod powf;
mod sqrt;
