//! Tensors joined along a dimension, one that they have or a new one.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::copy::put_rows;
use crate::ops::check::Check;
use crate::shape::{Dim, Dims};
use crate::tape::{Pull, Pullback, record};
use crate::tensor::{Tensor, for_any};
use smallvec::SmallVec;

/// # Shapes, parts and joins
impl Tensor {
    /// The tensors one after the other along `dim`. Empty tensors of shape `[0]` are left out, as in PyTorch.
    ///
    /// # Gradient
    /// Each tensor gets the part of gy that came from it. Saves the sizes.
    ///
    /// # Errors
    /// If there are none, or they differ in dtype or in a size other than that along `dim`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::cat(&[&Tensor::from([[1, 2]]), &Tensor::from([[3, 4], [5, 6]])], 0)?;
    /// assert_eq!(y.shape(), [3, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cat(tensors: &[&Tensor], dim: impl Dim) -> Result<Tensor> {
        join("cat", tensors, dim.signed())
    }

    /// The tensors, all of one shape, along a new dimension before dimension `dim`.
    ///
    /// # Errors
    /// If there are none, or they differ in shape or dtype.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 1)?.to_vec::<i64>()?, [1, 3, 2, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn stack(tensors: &[&Tensor], dim: impl Dim) -> Result<Tensor> {
        stack_of(tensors, dim.signed())
    }
}

fn stack_of(tensors: &[&Tensor], dim: isize) -> Result<Tensor> {
    let Some(first) = tensors.first() else {
        return Err(Error::new(ErrorKind::Argument, "stack: needs at least one tensor"));
    };
    let dim = Check("stack").new_dim(dim, first.shape())? as isize;
    for x in tensors {
        Check("stack").same_dtype(first, x)?;
        if x.shape() != first.shape() {
            let expected = format!("{:?}, that of the first", first.shape());
            return Err(Error::shape("stack", "a tensor", x.shape(), expected));
        }
    }
    let raised = tensors.iter().map(|x| x.unsqueeze(dim)).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&raised.iter().collect::<Vec<_>>(), dim)
}

/// [`Tensor::cat`] under the name of the operation that asks for it.
pub(in crate::ops) fn join(op: &'static str, tensors: &[&Tensor], dim: isize) -> Result<Tensor> {
    let nothing = |x: &&&Tensor| x.shape() != [0];
    let Some(first) = tensors.iter().find(nothing).or(tensors.first()) else {
        return Err(Error::new(ErrorKind::Argument, format!("{op}: needs at least one tensor")));
    };
    if first.rank() == 0 {
        return Err(Error::shape(op, "a tensor", &[], "at least one dimension; stack makes one"));
    }
    let d = Check(op).dim(dim, first.shape())?;
    let mut shape: Dims = SmallVec::from_slice(first.shape());
    shape[d] = 0;
    let mut lengths = SmallVec::new();
    for x in tensors {
        Check(op).same_dtype(first, x)?;
        let skipped = x.shape() == [0] && first.rank() != 1;
        let fits = x.rank() == first.rank() && (0..x.rank()).all(|k| k == d || x.shape()[k] == first.shape()[k]);
        if !fits && !skipped {
            let expected = format!("{:?} but for dim {d}", first.shape());
            return Err(Error::shape(op, "a tensor", x.shape(), expected));
        }
        lengths.push(if skipped { 0 } else { x.shape()[d] });
        let len: usize = lengths[lengths.len() - 1];
        shape[d] = shape[d].checked_add(len).ok_or_else(|| Error::too_large(op, x.shape()))?;
    }
    let inner: usize = shape[d + 1..].iter().product();
    let parts: Dims = lengths.iter().map(|len| len * inner).collect();
    let packed = tensors.iter().map(|x| x.try_packed(op)).collect::<Result<SmallVec<[_; 4]>>>()?;
    let operands: SmallVec<[&Tensor; 4]> = packed.iter().map(|x| &**x).collect();
    let width = shape[d] * inner;
    let value = for_any!(first.dtype(), T => Tensor::moved_all::<T>(op, &shape, &operands, move |x, y| {
        let mut start = 0;
        for (x, part) in x.iter().zip(&parts).filter(|(x, _)| !x.flat::<T>().is_empty()) {
            put_rows(x.flat::<T>(), *part, y, width, start);
            start += part;
        }
    }))?;
    let skipped = |i: usize| tensors[i].rank() != first.rank();
    let left_out = (0..tensors.len()).filter(|i| skipped(*i)).collect();
    Ok(record(op, value, tensors, |_| Cat { dim: d, lengths, left_out }))
}

struct Cat {
    dim: usize,
    lengths: Dims,
    /// The places of the tensors of shape `[0]` among those of another rank.
    left_out: Dims,
}

impl Pullback for Cat {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, dim) = (at.gy(), self.dim as isize);
        let mut start = 0;
        for (i, len) in self.lengths.iter().enumerate() {
            match self.left_out.binary_search(&i).is_ok() {
                true => at.give(i, || Tensor::zeros(&[0], gy.dtype()))?,
                false => at.give(i, || gy.narrow(dim, start, *len))?,
            }
            start += *len as isize;
        }
        Ok(())
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let two = || vec![Input::real(&[2, 2], -2.0..2.0), Input::real(&[2, 3], -2.0..2.0)];
    let rows =
        |x: &[Vec<f64>]| (0..2).flat_map(|r| [&x[0][r * 2..r * 2 + 2], &x[1][r * 3..r * 3 + 3]].concat()).collect();
    let same = || vec![Input::real(&[2, 2], -2.0..2.0), Input::real(&[2, 2], -2.0..2.0)];
    let pairs = |x: &[Vec<f64>]| x[0].iter().zip(&x[1]).flat_map(|(a, b)| [*a, *b]).collect();
    [
        Case::new("cat", two(), |x| Tensor::cat(&[&x[0], &x[1]], -1))
            .value(rows)
            .refuses(|_| Tensor::cat(&[], 0), "cat: needs at least one tensor")
            .refuses(
                |x| {
                    let long = x[0].sum().expand(&[1 << 59])?;
                    Tensor::cat(&[&long; 40], 0)
                },
                "cat: shape [576460752303423488] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            )
            .refuses(
                |x| Tensor::cat(&[&x[0].sum()], 0),
                "cat: a tensor has shape [], expected at least one dimension; stack makes one",
            )
            .refuses(|x| Tensor::cat(&[&x[0], &x[1]], 2), "cat: dim 2 is out of range for shape [2, 2] (−2 to 1)")
            .refuses(
                |x| Tensor::cat(&[&x[0], &x[1]], 0),
                "cat: a tensor has shape [2, 3], expected [2, 2] but for dim 0",
            )
            .refuses(
                |x| Tensor::cat(&[&x[0], &x[1].to_dtype(DType::F32)], 1),
                "cat: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("stack", same(), |x| Tensor::stack(&[&x[0], &x[1]], -1))
            .value(pairs)
            .refuses(|_| Tensor::stack(&[], 0), "stack: needs at least one tensor")
            .refuses(
                |x| Tensor::stack(&[&x[0], &x[1]], 3),
                "stack: a new dim 3 is out of range for shape [2, 2] (−3 to 2)",
            )
            .refuses(
                |x| Tensor::stack(&[&x[0], &x[1].to_dtype(DType::F32)], 0),
                "stack: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| Tensor::stack(&[&x[0], &x[1].flatten(0, -1)?], 0),
                "stack: a tensor has shape [4], expected [2, 2], that of the first",
            ),
    ]
}];
