//! Arithmetic: `+ − · /` between tensors and with numbers, and operations made of these alone.

mod abs;
pub(crate) mod add;
mod assign;
mod div;
mod lerp;
mod mul;
mod neg;
mod scalar;
mod square;
mod sub;

mod operators;
