//! The triangles of matrices whose rows are exchanged, as several operations keep them.

use super::matrices::{Each, outer, refusal, sizes, which, with_last};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::lu;
use crate::kernels::decompose::solve::Factors;
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor, for_float};

/// Of each matrix `[m, n]` its triangles in rows, and behind them min(m, n) rows that were exchanged, from 1; not
/// recorded.
pub(super) fn factored(op: &'static str, a: &Tensor) -> Result<Tensor> {
    /// The rows that were exchanged are numbers of the dtype.
    const MOST: usize = 1 << 24;
    let [m, n] = sizes(Check(op), "the input", a)?;
    let a = a.try_packed(op)?;
    if a.dtype() == DType::F32 && m > MOST {
        let text = format!("{op}: {m} rows are more than {MOST}, up to which F32 has their numbers; to_dtype converts");
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    let k = m.min(n);
    let each = Each::new(m * n + k, [m, n, k]);
    let shape = with_last(&a, &[each.width]);
    for_float!(a.float(), T => Tensor::counted::<T, 1>(op, each.count(shape.iter().product()), &shape, [&a], move |[a], y| {
        let a = a.flat::<T>();
        each.run(y, |threads, i, y| {
            let (triangles, pivots) = y.split_at_mut(m * n);
            triangles.copy_from_slice(&a[i * m * n..(i + 1) * m * n]);
            lu::factor(threads, (m, n), triangles, pivots);
        });
    }))
}

/// No pivot of square matrices may be 0.
pub(super) fn regular(op: &'static str, factors: &Tensor, n: usize) -> Result<()> {
    let batch = factors.rank() > 1;
    for_float!(factors.float(), T => Tensor::look(op, [factors], move |[factors]| {
        if n == 0 {
            return Ok(());
        }
        for (i, factors) in factors.flat::<T>().chunks_exact(n * n + n).enumerate() {
            if Factors::new(n, factors).diagonal().any(|u| u == 0.0) {
                return Err(refusal(op, &which(i, batch), "singular"));
            }
        }
        Ok(())
    }))
}

/// The inverses; infinite where a matrix is singular, if it may be.
pub(super) fn inverses(op: &'static str, a: &Tensor, may_be_singular: bool) -> Result<Tensor> {
    let n = super::matrices::square(Check(op), "the input", a)?;
    let factors = factored(op, a)?;
    if !may_be_singular {
        regular(op, &factors, n)?;
    }
    let each = Each::new(n * n, [n, n, n]);
    let shape = with_last(a, &[n, n]);
    debug_assert_eq!(outer(a).len() + 1, factors.rank());
    let count = each.count(shape.iter().product());
    for_float!(a.float(), T => Tensor::counted::<T, 1>(op, count, &shape, [&factors], move |[factors], y| {
        let factors = factors.flat::<T>();
        each.run(y, |threads, i, y| {
            let factors = Factors::new(n, &factors[i * (n * n + n)..(i + 1) * (n * n + n)]);
            match factors.diagonal().any(|u| u == 0.0) {
                true => y.fill(T::INFINITY),
                false => factors.invert(threads, y),
            }
        });
    }))
}
