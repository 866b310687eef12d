//! Elements by their place in row-major order, and by indices that broadcast.

use super::placed::Placed;
use super::wrapped::wrapped;
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// The elements with these numbers in row-major order; negative ones count from the end.
    ///
    /// # Shapes
    /// The result has the shape of `index`.
    ///
    /// # Gradient
    /// gy is added to the elements it came from; those of repeated indices add up. Saves the index.
    ///
    /// # Errors
    /// If an index is out of range or `index` is not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).take(&Tensor::from([2, -1]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [3, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn take(&self, index: &Tensor) -> Result<Tensor> {
        let numbers = wrapped("take", index, self.numel())?;
        let n = numbers.numel();
        self.reshape_to(&[self.numel()])?.index_select(0, &numbers.reshape_to(&[n])?)?.reshape_to(index.shape())
    }

    /// This tensor with the elements of `source` in the places with these numbers in row-major order; negative ones
    /// count from the end. Of repeated places the last one stays. To add instead, see [`Tensor::put_add`].
    ///
    /// # Shapes
    /// `source` has as many elements as `index`.
    ///
    /// # Gradient
    /// gy where nothing was put for `self`; for `source` gy where it stayed. Saves the index.
    ///
    /// # Errors
    /// If an index is out of range, `index` is not `I64`, `source` has another number of elements, or the dtypes
    /// differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).put(&Tensor::from([-1, 0]), &Tensor::from([7, 8]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [8, 2, 3, 7]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn put(&self, index: &Tensor, source: &Tensor) -> Result<Tensor> {
        written("put", self, index, source, Placed::put)
    }

    /// [`Tensor::put`] that adds: PyTorch's `put` with `accumulate`.
    ///
    /// # Errors
    /// As for `put`, or if the dtype is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1, 2]).put_add(&Tensor::from([1, 1]), &Tensor::from([7, 8]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 17]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn put_add(&self, index: &Tensor, source: &Tensor) -> Result<Tensor> {
        written("put_add", self, index, source, Placed::add)
    }

    /// [`Tensor::gather`] by indices that are broadcast against this tensor in all dims but `dim`; negative ones count
    /// from the end.
    ///
    /// # Errors
    /// If the numbers of dimensions differ, the other dims do not broadcast, an index is out of range, or `indices` is
    /// not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[3, 1], [2, 4]]);
    /// let y = x.take_along_dim(&Tensor::from([[1, 0]]), 1)?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 3, 4, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch's without a dim, which is [`Tensor::take`].
    pub fn take_along_dim(&self, indices: &Tensor, dim: impl Dim) -> Result<Tensor> {
        take_along_dim_of(self, indices, dim.signed())
    }
}

fn take_along_dim_of(x: &Tensor, indices: &Tensor, dim: isize) -> Result<Tensor> {
    let check = Check("take_along_dim");
    let d = check.dim(dim, x.shape())?;
    if indices.rank() != x.rank() {
        let expected = format!("as many dimensions as {:?}", x.shape());
        return Err(Error::shape("take_along_dim", "indices", indices.shape(), expected));
    }
    let indices = &wrapped("take_along_dim", indices, x.shape().get(d).copied().unwrap_or(1))?;
    if x.rank() == 0 {
        return x.gather(0, indices);
    }
    let apart = |shape: &[usize]| {
        let mut apart = shape.to_vec();
        apart[d] = 1;
        apart
    };
    let common = check.broadcast(&apart(x.shape()), &apart(indices.shape()))?;
    let of_size = |size: usize| {
        let mut shape = common.to_vec();
        shape[d] = size;
        shape
    };
    let x = x.expand_to(&of_size(x.shape()[d]))?;
    x.gather(dim, &indices.expand_to(&of_size(indices.shape()[d]))?)
}

type Write = fn(&Placed, &'static str, &Tensor, &Tensor) -> Result<Tensor>;

fn written(op: &'static str, x: &Tensor, index: &Tensor, source: &Tensor, write: Write) -> Result<Tensor> {
    Check(op).same_dtype(x, source)?;
    let numbers = wrapped(op, index, x.numel())?;
    let n = numbers.numel();
    if source.numel() != n {
        return Err(Error::shape(op, "source", source.shape(), format!("{n} elements, as the index has")));
    }
    let flat = x.reshape_to(&[x.numel()])?;
    let placed = Placed::rows(op, &flat, 0, &numbers.reshape_to(&[n])?)?;
    write(&placed, op, &flat, &source.reshape_to(&[n])?)?.reshape_to(x.shape())
}

#[cfg(test)]
crate::ops::cases::cases![{
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    let last = |x: &[Vec<f64>]| {
        let mut y = x[0].clone();
        x[1].iter().zip(&x[2]).for_each(|(i, x)| y[*i as usize] = *x);
        y
    };
    let sum = |x: &[Vec<f64>]| {
        let mut y = x[0].clone();
        x[1].iter().zip(&x[2]).for_each(|(i, x)| y[*i as usize] += *x);
        y
    };
    [
        Case::new("take", vec![real(&[2, 3]), Input::index(&[2, 2], 6)], |x| x[0].take(&x[1]))
            .value(|x| x[1].iter().map(|i| x[0][*i as usize]).collect())
            .refuses(|x| x[0].take(&Tensor::from([0, 6])), "take: index 6 at position 1 is out of range (−6 to 5)")
            .refuses(|x| x[0].take(&Tensor::from([-7])), "take: index -7 at position 0 is out of range (−6 to 5)")
            .refuses(|x| x[0].take(&x[0]), "take: dtype is F64, expected I64; to_dtype converts"),
        Case::new("take from the end", vec![real(&[2, 3])], |x| x[0].take(&Tensor::from([-1, -6, 5])))
            .value(|x| vec![x[0][5], x[0][0], x[0][5]]),
        Case::new("put", vec![real(&[2, 3]), Input::index(&[4], 6), real(&[2, 2])], |x| x[0].put(&x[1], &x[2]))
            .value(last)
            .refuses(
                |x| x[0].put(&x[1], &x[0]),
                "put: source has shape [2, 3], expected 4 elements, as the index has",
            )
            .refuses(
                |x| x[0].put(&x[1].add_scalar(6.0), &x[2]).map_err(|e| crate::Error::new(e.kind(), "out of range")),
                "out of range",
            ),
        Case::new("put_add", vec![real(&[2, 3]), Input::index(&[4], 6), real(&[4])], |x| x[0].put_add(&x[1], &x[2]))
            .value(sum)
            .refuses(
                |x| x[0].put_add(&x[1], &Tensor::from([1, 2, 3, 4])),
                "put_add: dtypes F64 and I64 do not mix; convert one with to_dtype",
            ),
        Case::new("take_along_dim from the end", vec![real(&[2, 3])], |x| {
            x[0].take_along_dim(&Tensor::from([[-1, 0, -3]]), -1)
        })
        .value(|x| [2, 0, 0, 5, 3, 3].map(|i| x[0][i]).to_vec())
        .refuses(
            |x| x[0].take_along_dim(&Tensor::from([[-4]]), -1),
            "take_along_dim: index -4 at position 0 is out of range (−3 to 2)",
        ),
        Case::new("take_along_dim", vec![real(&[2, 3]), Input::index(&[1, 4], 3)], |x| {
            x[0].take_along_dim(&x[1], -1)
        })
        .value(|x| (0..8).map(|e| x[0][e / 4 * 3 + x[1][e % 4] as usize]).collect())
        .refuses(
            |x| x[0].take_along_dim(&Tensor::from([0]), 1),
            "take_along_dim: indices has shape [1], expected as many dimensions as [2, 3]",
        )
        .refuses(
            |x| x[0].take_along_dim(&Tensor::from([[0], [0], [0]]), 1),
            "take_along_dim: shapes [2, 1] and [3, 1] do not broadcast: 2 ≠ 3 in dimension −2 (counted from the end)",
        )
        .refuses(
            |x| x[0].take_along_dim(&x[1], 2),
            "take_along_dim: dim 2 is out of range for shape [2, 3] (−2 to 1)",
        ),
    ]
}];
