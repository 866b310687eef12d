//! Operations that relate every element of a row to the whole row.

mod batch_norm;
mod batch_norm_eval;
mod by_channels;
mod by_rows;
pub(crate) mod cross_entropy;
mod form;
mod group_norm;
mod layer_norm;
mod local_response_norm;
pub(crate) mod log_softmax;
pub(crate) mod rows;
pub(crate) mod softmax;
mod softmin;
mod sparsemax;
mod unit;
