//! Products of matrices and of tensors, the affine map that networks are made of, and distances.

mod addmm;
mod bilinear;
mod cross;
mod distance;
mod dot;
pub(crate) mod einsum;
mod kron;
pub(crate) mod linear;
pub(crate) mod matmul;
mod matrix_power;
pub(crate) mod pairwise_distance;
pub(crate) mod product;
pub(crate) mod tensordot;
mod trace;
