//! Operations that relate every element of a row to the whole row.

pub(crate) mod cross_entropy;
pub(crate) mod log_softmax;
pub(crate) mod rows;
pub(crate) mod softmax;
mod softmin;
mod sparsemax;
