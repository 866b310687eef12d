//! The gaps between eigenvalues or singular values, by which gradients of their vectors are divided.

use super::matrices::{Each, refusal, which};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::epsilon;
use crate::storage::block::Plain;
use crate::tensor::{Tensor, for_float};

/// Numbers no farther apart than this count as equal: `n` roundings of the largest one. With a dim more than w.
pub(super) fn nearness(w: &Tensor, n: usize) -> Result<Tensor> {
    w.detach().abs().amax(crate::keep(-1))?.mul_scalar(n as f64 * epsilon_of(w)).unsqueeze(-1)
}

/// The distance from 1 to the next number of a tensor's dtype.
pub(super) fn epsilon_of(x: &Tensor) -> f64 {
    for_float!(x.float(), T => epsilon::<T>())
}

/// The larger one of each element and a number.
pub(super) fn larger(x: &Tensor, least: f64) -> Result<Tensor> {
    x.maximum(&x.full_like(least))
}

/// 1 / x, and 0 where x is not farther from 0 than `least`.
pub(super) fn inverse(x: &Tensor, least: &Tensor) -> Result<Tensor> {
    let far = x.detach().abs().gt(least)?;
    // What is not chosen has a derivative, too: so it is never divided by a number near 0.
    let divisor = far.where_cond(x, &x.ones_like())?;
    far.where_cond(&divisor.reciprocal(), &x.zeros_like())
}

/// Values that faer could not find are NaN.
pub(super) fn found<T: crate::kernels::real::Real + Plain>(
    op: &'static str,
    packed: &Tensor,
    each: Each,
    batch: bool,
) -> Result<()> {
    Tensor::look(op, [packed], move |[y]| {
        let bad = |y: &[T]| y.first().is_some_and(|y| y.is_nan());
        match y.flat::<T>().chunks_exact(each.width.max(1)).position(bad) {
            Some(i) if each.width > 0 => Err(unfit(op, i, batch)),
            _ => Ok(()),
        }
    })
}

#[cold]
fn unfit(op: &'static str, i: usize, batch: bool) -> Error {
    let text = refusal(op, &which(i, batch), "not finite, or too large").to_string();
    Error::new(ErrorKind::NotFinite, text)
}
