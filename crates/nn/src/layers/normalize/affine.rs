//! Weights that start as ones, and biases that start as zeros.

use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{DType, Result, Tensor};

/// A weight of ones, if it is wanted.
pub(super) fn ones(wanted: bool, shape: &[usize]) -> Result<Option<Param>> {
    wanted.then(|| Param::new(Tensor::ones(shape, DType::F32)?)).transpose()
}

/// A bias of zeros, if it is wanted.
pub(super) fn zeros(wanted: bool, shape: &[usize]) -> Result<Option<Param>> {
    wanted.then(|| Param::new(Tensor::zeros(shape, DType::F32)?)).transpose()
}

/// Sizes that are normalised over: there is one, and none is 0.
pub(super) fn check_sizes(name: &'static str, sizes: &[usize]) -> Result<()> {
    let valid = !sizes.is_empty() && sizes.iter().all(|size| *size > 0);
    Check(name).require(valid, "normalized_shape", format_args!("{sizes:?}"), "one size at least, and none of 0")
}
