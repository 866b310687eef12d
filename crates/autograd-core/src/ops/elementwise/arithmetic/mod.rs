//! Arithmetic: `+ − · /` between tensors and with numbers, and operations made of these alone.

pub(crate) mod abs;
pub(crate) mod add;
mod addcmul;
mod assign;
pub(crate) mod div;
pub(crate) mod hypot;
mod ldexp;
mod lerp;
pub(crate) mod mul;
pub(crate) mod neg;
mod quotient;
pub(crate) mod reciprocal;
pub(crate) mod remainder;
mod scalar;
mod square;
pub(crate) mod sub;

mod operators;
