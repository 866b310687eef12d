//! Norms, and what is made of them.

pub(crate) mod dist;
pub(crate) mod matrix;
pub(crate) mod renorm;
pub(crate) mod vector;
