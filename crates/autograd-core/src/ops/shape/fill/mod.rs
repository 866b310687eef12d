//! Tensors with elements that come from no other: margins, zeros off a diagonal.

pub(crate) mod diag_embed;
pub(crate) mod pad;
pub(crate) mod triangle;
