//! Several tensors in one, or each in the shape of all.

pub(crate) mod block_diag;
pub(crate) mod broadcast;
pub(crate) mod combinations;
pub(crate) mod grid;
pub(crate) mod stacks;
