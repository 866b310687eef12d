//! Operations that order elements. NaN counts as the largest number, and equal elements stay in their order. Positions
//! are `I64` and carry no gradient.

pub(crate) mod dim;
mod kthvalue;
mod positions;
pub(crate) mod searchsorted;
mod sort;
mod topk;
mod unique;
