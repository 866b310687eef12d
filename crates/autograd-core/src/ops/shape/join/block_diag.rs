//! Matrices along the diagonal of one.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::shape::cat::join;
use crate::ops::shape::fill::pad::padded;
use crate::tensor::Tensor;

impl Tensor {
    /// The matrices along the diagonal of one, which is 0 elsewhere. A vector is a row, a scalar a matrix of one
    /// element.
    ///
    /// # Gradient
    /// Each matrix gets the part of gy that came from it. Saves the places.
    ///
    /// # Errors
    /// If there are none, one has more than two dimensions, or they differ in dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::block_diag(&[&Tensor::from([[1, 2]]), &Tensor::from(3)])?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 2, 0, 0, 0, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn block_diag(tensors: &[&Tensor]) -> Result<Tensor> {
        let Some(first) = tensors.first() else {
            return Err(Error::new(ErrorKind::Argument, "block_diag: needs at least one tensor"));
        };
        let (mut rows, mut columns) = (0usize, 0usize);
        for x in tensors {
            Check("block_diag").same_dtype(first, x)?;
            if x.rank() > 2 {
                return Err(Error::shape("block_diag", "a tensor", x.shape(), "at most two dimensions"));
            }
            let [n, m] = x.atleast_2d().shape().first_chunk().copied().unwrap_or([1, 1]);
            let sum = |a: usize, b: usize| a.checked_add(b).ok_or_else(|| Error::too_large("block_diag", x.shape()));
            (rows, columns) = (sum(rows, n)?, sum(columns, m)?);
        }
        Check("block_diag").room(&[rows, columns], first.dtype())?;
        let mut before = 0;
        let stripes = tensors.iter().map(|x| {
            let x = x.atleast_2d();
            let width = x.shape()[1];
            let after = columns - before - width;
            let stripe = padded("block_diag", &x, &[(0, 0), (before as isize, after as isize)], 0.0);
            before += width;
            stripe
        });
        let stripes = stripes.collect::<Result<Vec<_>>>()?;
        join("block_diag", &stripes.iter().collect::<Vec<_>>(), 0)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let blocks = vec![Input::real(&[2, 2], -2.0..2.0), Input::real(&[1, 3], -2.0..2.0)];
    [
        Case::new("block_diag", blocks, |x| Tensor::block_diag(&[&x[0], &x[1]]))
            .value(|x| {
                let rows = [[&x[0][..2], &[0.0; 3]], [&x[0][2..], &[0.0; 3]], [&[0.0; 2], &x[1][..]]];
                rows.map(|row| row.concat()).concat()
            })
            .refuses(|_| Tensor::block_diag(&[]), "block_diag: needs at least one tensor")
            .refuses(
                |x| Tensor::block_diag(&[&x[0].unsqueeze(0)?]),
                "block_diag: a tensor has shape [1, 2, 2], expected at most two dimensions",
            )
            .refuses(
                |x| Tensor::block_diag(&[&x[0], &x[1].to_dtype(DType::F32)]),
                "block_diag: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("block_diag of a vector", vec![Input::real(&[2], -2.0..2.0)], |x| {
            Tensor::block_diag(&[&x[0], &x[0].sum()])
        })
        .value(|x| vec![x[0][0], x[0][1], 0.0, 0.0, 0.0, x[0][0] + x[0][1]]),
    ]
}];
