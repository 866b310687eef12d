//! Operations that treat every element by itself.
//!
//! Two drivers ([`unary`], [`binary`]) do what they share: dtypes, broadcasting, the fused kernels, recording. An
//! operation is a formula and its derivative, one file each.

pub(crate) mod binary;
pub(crate) mod unary;

pub(crate) mod abs;
pub(crate) mod add;
pub(crate) mod cast;
pub(crate) mod clamp;
pub(crate) mod compare;
pub(crate) mod cos;
pub(crate) mod div;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod expm1;
pub(crate) mod gelu;
pub(crate) mod leaky_relu;
pub(crate) mod log;
pub(crate) mod log1p;
pub(crate) mod maximum;
pub(crate) mod mul;
pub(crate) mod neg;
pub(crate) mod pow;
pub(crate) mod powf;
pub(crate) mod prelu;
pub(crate) mod relu;
pub(crate) mod scalar;
pub(crate) mod sigmoid;
pub(crate) mod sign;
pub(crate) mod silu;
pub(crate) mod sin;
pub(crate) mod softplus;
pub(crate) mod sqrt;
pub(crate) mod square;
pub(crate) mod sub;
pub(crate) mod tanh;
pub(crate) mod where_;

mod operators;
