//! Arithmetic: `+ − · /` between tensors and with numbers, and operations made of these alone.

mod abs;
pub(crate) mod add;
mod addcmul;
mod assign;
mod div;
mod hypot;
mod lerp;
mod mul;
mod neg;
mod quotient;
mod reciprocal;
mod remainder;
mod scalar;
mod square;
mod sub;

mod operators;
