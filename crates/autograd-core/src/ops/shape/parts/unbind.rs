//! All entries of a dimension.

use super::pick::{Pick, Picks};
use crate::error::Result;
use crate::ops::check::Check;
use crate::ops::shape::strided::cut;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// The entries of dimension `dim`, which they do not have: the rows of a matrix, its columns. Views.
    ///
    /// # Gradient
    /// That of [`Tensor::select`], for each entry.
    ///
    /// # Errors
    /// If the dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let columns = Tensor::from([[1, 2, 3], [4, 5, 6]]).unbind(1)?;
    /// assert_eq!(columns.len(), 3);
    /// assert_eq!(columns[2].to_vec::<i64>()?, [3, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn unbind(&self, dim: impl Dim) -> Result<Vec<Tensor>> {
        unbind_of(self, dim.signed())
    }
}

fn unbind_of(x: &Tensor, dim: isize) -> Result<Vec<Tensor>> {
    let (d, size) = Check("unbind").sized_dim(dim, x.shape())?;
    Check("unbind").list(size)?;
    let entry = |at: usize| {
        let picks = (0..x.rank()).map(|k| if k == d { Pick::One(at) } else { Pick::All }).collect();
        cut(Picks { op: "unbind", picks }, x)
    };
    Ok((0..size).map(entry).collect())
}

#[cfg(test)]
crate::ops::cases::cases![{
    let turned = |x: &Tensor, dim: isize| {
        let parts = x.unbind(dim)?;
        Tensor::stack(&parts.iter().rev().collect::<Vec<_>>(), dim)
    };
    [
        Case::new("unbind(1)", vec![Input::real(&[2, 3, 2], -2.0..2.0)], move |x| turned(&x[0], 1))
            .value(|x| (0..12).map(|i| x[0][i / 6 * 6 + (2 - i / 2 % 3) * 2 + i % 2]).collect())
            .refuses(move |x| turned(&x[0], 3), "unbind: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)")
            .refuses(
                move |x| turned(&x[0].sum().expand(&[1 << 50])?, 0),
                "unbind: 1125899906842624 parts are more than memory holds",
            )
            .refuses(
                move |x| turned(&x[0].sum(), 0),
                "unbind: dim 0 is out of range for shape [] (here a scalar has no dim)",
            ),
        Case::new("unbind(-1)", vec![Input::real(&[3, 2], -2.0..2.0)], move |x| turned(&x[0], -1))
            .value(|x| (0..6).map(|i| x[0][i ^ 1]).collect()),
    ]
}];
