//! Matrices with one side of a diagonal.

use crate::error::Result;
use crate::ops::check::Check;
use crate::storage::block::Plain;
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_any};
use crate::threads::parallel::for_rows;

impl Tensor {
    /// The lower triangle of each matrix: zeros to the right of the diagonal, which lies `diagonal` places to the right
    /// of the main one (to the left, if it is negative).
    ///
    /// # Gradient
    /// The lower triangle of gy. Saves nothing.
    ///
    /// # Errors
    /// If the tensor has fewer than two dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.tril(0)?.to_vec::<i64>()?, [1, 0, 0, 4, 5, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tril(&self, diagonal: isize) -> Result<Tensor> {
        Triangle { op: "tril", upper: false, diagonal }.of(self)
    }

    /// The upper triangle of each matrix: zeros to the left of the diagonal; otherwise like [`Tensor::tril`].
    ///
    /// # Errors
    /// If the tensor has fewer than two dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.triu(0)?.to_vec::<i64>()?, [1, 2, 3, 0, 5, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn triu(&self, diagonal: isize) -> Result<Tensor> {
        Triangle { op: "triu", upper: true, diagonal }.of(self)
    }
}

#[derive(Clone, Copy)]
struct Triangle {
    op: &'static str,
    upper: bool,
    diagonal: isize,
}

impl Triangle {
    fn of(self, x: &Tensor) -> Result<Tensor> {
        let [rows, columns] = Check(self.op).last("the tensor", x, "at least two dimensions")?;
        let packed = x.try_packed(self.op)?;
        let value = for_any!(x.dtype(), T => {
            Tensor::moved::<T, 1>(self.op, x.shape(), [&packed], move |[x], y| self.copy(x.flat::<T>(), rows, columns, y))
        })?;
        Ok(record(self.op, value, &[x], |_| self))
    }

    /// The elements of matrices on this side of the diagonal, and zeros on the other.
    fn copy<T: Plain + Default>(self, x: &[T], rows: usize, columns: usize, y: &mut [T]) {
        for_rows(y, columns, columns, |range, y| {
            let x = &x[range.start * columns..range.end * columns];
            for (row, (y, x)) in range.zip(y.chunks_exact_mut(columns).zip(x.chunks_exact(columns))) {
                // The first column to the right of the diagonal, or on it.
                let on = self.diagonal.saturating_add_unsigned(row % rows);
                let border = if self.upper { on } else { on.saturating_add(1) };
                let border = border.clamp(0, columns as isize) as usize;
                let kept = if self.upper { border..columns } else { 0..border };
                y.fill(T::default());
                y[kept.clone()].copy_from_slice(&x[kept]);
            }
        });
    }
}

impl Pullback for Triangle {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || self.of(gy))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let kept = |keep: fn(isize, isize) -> bool| {
        move |x: &[Vec<f64>]| {
            let at = |i: usize| if keep((i / 4 % 3) as isize, (i % 4) as isize) { x[0][i] } else { 0.0 };
            (0..24).map(at).collect()
        }
    };
    let case = |op: &'static str, call: fn(&Tensor, isize) -> crate::Result<Tensor>, diagonal: isize| {
        let name = op.split(' ').next().unwrap_or(op);
        let text = format!("{name}: the tensor has shape [4], expected at least two dimensions");
        Case::new(op, x(), move |x| call(&x[0], diagonal))
            .refuses(move |x| call(&x[0].select(0, 0)?.select(0, 0)?, 0), text)
    };
    [
        case("tril", Tensor::tril, 0).value(kept(|r, c| c <= r)),
        case("tril below", Tensor::tril, -1).value(kept(|r, c| c < r)),
        case("tril of everything", Tensor::tril, isize::MAX).value(kept(|_, _| true)),
        case("triu", Tensor::triu, 2).value(kept(|r, c| c >= r + 2)),
        case("triu of nothing", Tensor::triu, isize::MAX).value(kept(|_, _| false)),
        case("triu of everything", Tensor::triu, isize::MIN).value(kept(|_, _| true)),
    ]
}];
