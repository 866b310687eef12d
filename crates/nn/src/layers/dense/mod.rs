//! Layers that are products with a weight.

mod adaptive_log_softmax;
mod bias;
mod bilinear;
mod einsum_dense;

pub use adaptive_log_softmax::{AdaptiveLogSoftmaxOptions, AdaptiveLogSoftmaxWithLoss};
pub use bias::Bias;
pub use bilinear::{Bilinear, BilinearOptions};
pub use einsum_dense::{EinsumDense, EinsumDenseOptions};
