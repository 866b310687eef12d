//! Matrix products, and the affine map that networks are made of.

pub(crate) mod linear;
pub(crate) mod matmul;
pub(crate) mod product;
