//! The gaps between eigenvalues or singular values, by which gradients of their vectors are divided.

use super::matrices::{Block, Each, refusal, which};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::epsilon;
use crate::storage::block::Plain;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

/// Numbers no farther apart than this count as equal: `n` roundings of the largest one. With a dim more than w.
pub(super) fn nearness(w: &Tensor, n: usize) -> Result<Tensor> {
    w.untied().abs().amax(crate::keep(-1))?.mul_scalar(n as f64 * epsilon_of(w)).unsqueeze(-1)
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
    let far = x.untied().abs().gt(least)?;
    // What is not chosen has a derivative, too: so it is never divided by a number near 0.
    let divisor = far.where_cond(x, &x.ones_like())?;
    far.where_cond(&divisor.reciprocal(), &x.zeros_like())
}

/// How many marks lie behind the values and the vectors of a matrix.
pub(super) const MARKS: usize = 2;

/// Which mark is meant.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// That of the values.
    Values = 0,
    /// That of the vectors.
    Vectors = 1,
}

/// The values or vectors of a decomposition, of what lies packed with the marks as its last: where a loss depends on
/// them, for any matrix of a batch, the gradient of the mark is not 0, even if theirs is. Of a gradient of the vectors
/// `by`, what is made of the values counts only where that is not 0.
pub(super) fn marked(
    op: &'static str,
    which: Mark,
    values: &Tensor,
    packed: &Tensor,
    by: Option<&Tensor>,
) -> Result<Tensor> {
    let first = packed.shape().last().map_or(0, |width| width - MARKS);
    let mark = Block::vector(op, first + which as usize, 1).of(packed);
    let weight = match by.filter(|by| by.numel() > 0) {
        Some(by) => by.untied().abs().amax([-2, -1])?.unsqueeze(-1)?,
        None => Tensor::ones(mark.shape(), mark.dtype())?,
    };
    Ok(record(op, values.untied(), &[values, &mark], |_| Marked(Saved::constant(&weight))))
}

struct Marked(Saved);

impl Pullback for Marked {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || Ok(gy.clone()))?;
        at.give(1, || Ok(self.0.value().clone()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0);
    }
}

/// Refuses gradients of a decomposition that do not say what that of A is: `why` says it of those of one matrix.
pub(super) fn determined<T: crate::kernels::real::Real + Plain>(
    op: &'static str,
    each: usize,
    [y, gy]: [&Tensor; 2],
    why: impl Fn(&[T], &[T]) -> Option<&'static str> + Send + Sync + 'static,
) -> Result<()> {
    let batch = y.rank() > 1;
    Tensor::look(op, [y, gy], move |[y, gy]| {
        let all = y.flat::<T>().chunks_exact(each).zip(gy.flat::<T>().chunks_exact(each));
        for (i, (y, gy)) in all.enumerate() {
            if let Some(why) = why(y, gy) {
                let text = format!("{op}: {}: {why}", which(i, batch));
                return Err(Error::new(ErrorKind::NoDerivative, text));
            }
        }
        Ok(())
    })
}

/// Values that were not found are NaN, all of them.
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

/// Refuses matrices that are not finite.
pub(super) fn finite(op: &'static str, a: &Tensor) -> Result<()> {
    let [m, n] = super::matrices::sizes(crate::ops::check::Check(op), "the input", a)?;
    let (a, batch) = (a.untied().try_packed(op)?.into_owned(), a.rank() > 2);
    for_float!(a.float(), T => Tensor::look(op, [&a], move |[a]| {
        let bad = |a: &[T]| !a.iter().all(|a| a.is_finite());
        match a.flat::<T>().chunks_exact((m * n).max(1)).position(bad) {
            Some(i) => Err(unfit(op, i, batch)),
            None => Ok(()),
        }
    }))
}

#[cold]
fn unfit(op: &'static str, i: usize, batch: bool) -> Error {
    let text = refusal(op, &which(i, batch), "not finite, or its rotations do not converge").to_string();
    Error::new(ErrorKind::NotFinite, text)
}
