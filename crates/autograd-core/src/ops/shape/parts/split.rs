//! Neighbouring parts along a dimension: of one size, of given sizes, a given number of them.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::shape::slice::Slice;
use crate::ops::shape::strided::cut;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// Parts of `split_size` along `dim`; the last is smaller where the size does not divide. Views.
    ///
    /// # Gradient
    /// That of [`Tensor::narrow`], for each part.
    ///
    /// # Errors
    /// If the dim is out of range, or `split_size` is 0 and the dim is not empty.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([1, 2, 3, 4, 5]).split(2, 0)?;
    /// assert_eq!(parts.iter().map(|part| part.numel()).collect::<Vec<_>>(), [2, 2, 1]);
    /// assert_eq!(parts[1].to_vec::<i64>()?, [3, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn split(&self, split_size: usize, dim: impl Dim) -> Result<Vec<Tensor>> {
        split_of(self, split_size, dim.signed())
    }

    /// Parts of these sizes along `dim`. Views.
    ///
    /// # Gradient
    /// That of [`Tensor::narrow`], for each part.
    ///
    /// # Errors
    /// If the dim is out of range, or the sizes do not add up to its size.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([1, 2, 3, 4, 5]).split_with_sizes(&[1, 0, 4], 0)?;
    /// assert_eq!(parts[2].to_vec::<i64>()?, [2, 3, 4, 5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn split_with_sizes(&self, sizes: &[usize], dim: impl Dim) -> Result<Vec<Tensor>> {
        split_with_sizes_of(self, sizes, dim.signed())
    }

    /// At most `chunks` parts of one size along `dim`, the last of which may be smaller: those of [`Tensor::split`]
    /// with the smallest size that makes no more. Views.
    ///
    /// # Errors
    /// If the dim is out of range or `chunks` is 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let parts = Tensor::from([1, 2, 3, 4, 5]).chunk(4, 0)?;
    /// assert_eq!(parts.iter().map(|part| part.numel()).collect::<Vec<_>>(), [2, 2, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn chunk(&self, chunks: usize, dim: impl Dim) -> Result<Vec<Tensor>> {
        chunk_of(self, chunks, dim.signed())
    }
}

fn split_of(x: &Tensor, split_size: usize, dim: isize) -> Result<Vec<Tensor>> {
    let (d, size) = Check("split").sized_dim(dim, x.shape())?;
    Check("split").require(split_size > 0 || size == 0, "split_size", split_size, "at least 1")?;
    // An empty dim has one part, too.
    let count = size.div_ceil(split_size.max(1)).max(1);
    Check("split").list(count)?;
    Ok(neighbours("split", x, d, (0..count).map(|i| split_size.min(size - i * split_size))))
}

fn split_with_sizes_of(x: &Tensor, sizes: &[usize], dim: isize) -> Result<Vec<Tensor>> {
    let (d, size) = Check("split_with_sizes").sized_dim(dim, x.shape())?;
    if sizes.iter().try_fold(0usize, |sum, size| sum.checked_add(*size)) != Some(size) {
        let text = format!("split_with_sizes: sizes {sizes:?} do not add up to {size}, the size of dim {d}");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    Ok(neighbours("split_with_sizes", x, d, sizes.iter().copied()))
}

fn chunk_of(x: &Tensor, chunks: usize, dim: isize) -> Result<Vec<Tensor>> {
    let (d, size) = Check("chunk").sized_dim(dim, x.shape())?;
    Check("chunk").require(chunks > 0, "chunks", chunks, "at least 1")?;
    if size == 0 {
        Check("chunk").list(chunks)?;
        return Ok(neighbours("chunk", x, d, std::iter::repeat_n(0, chunks)));
    }
    let each = size.div_ceil(chunks);
    Check("chunk").list(size.div_ceil(each))?;
    Ok(neighbours("chunk", x, d, (0..size.div_ceil(each)).map(|i| each.min(size - i * each))))
}

/// One part after the other along `dim`; the sizes do not add up to more than that of the dim.
pub(super) fn neighbours(op: &'static str, x: &Tensor, dim: usize, sizes: impl Iterator<Item = usize>) -> Vec<Tensor> {
    let mut start = 0;
    let parts = sizes.map(|len| {
        let part = cut(Slice { op, dim, start, step: 1, len }, x);
        start += len;
        part
    });
    parts.collect()
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 5], -2.0..2.0)];
    // The parts in reverse order, joined again.
    let turned = |parts: Vec<Tensor>| Tensor::cat(&parts.iter().rev().collect::<Vec<_>>(), 1);
    let columns = |order: [usize; 5]| move |x: &[Vec<f64>]| (0..10).map(|i| x[0][i / 5 * 5 + order[i % 5]]).collect();
    [
        Case::new("split", x(), move |x| turned(x[0].split(2, 1)?))
            .value(columns([4, 2, 3, 0, 1]))
            .refuses(move |x| turned(x[0].split(0, 1)?), "split: split_size is 0, it must be at least 1")
            .refuses(
                move |x| turned(x[0].sum().expand(&[1 << 50])?.split(1, 0)?),
                "split: 1125899906842624 parts are more than memory holds",
            )
            .refuses(move |x| turned(x[0].split(1, 2)?), "split: dim 2 is out of range for shape [2, 5] (−2 to 1)")
            .refuses(
                move |x| turned(x[0].sum().split(1, 0)?),
                "split: dim 0 is out of range for shape [] (here a scalar has no dim)",
            ),
        Case::new("split_with_sizes", x(), move |x| turned(x[0].split_with_sizes(&[2, 0, 3], -1)?))
            .value(columns([2, 3, 4, 0, 1]))
            .refuses(
                move |x| turned(x[0].split_with_sizes(&[2, 2], 1)?),
                "split_with_sizes: sizes [2, 2] do not add up to 5, the size of dim 1",
            )
            .refuses(
                move |x| turned(x[0].split_with_sizes(&[usize::MAX, 6], 1)?),
                "split_with_sizes: sizes [18446744073709551615, 6] do not add up to 5, the size of dim 1",
            ),
        Case::new("chunk", x(), move |x| turned(x[0].chunk(3, 1)?))
            .value(columns([4, 2, 3, 0, 1]))
            .refuses(move |x| turned(x[0].chunk(0, 1)?), "chunk: chunks is 0, it must be at least 1")
            .refuses(
                move |x| turned(x[0].narrow(1, 0, 0)?.chunk(1 << 50, 1)?),
                "chunk: 1125899906842624 parts are more than memory holds",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor};

    #[test]
    fn what_does_not_divide_and_what_is_empty_has_the_parts_of_pytorch() {
        let x = Tensor::zeros(&[2, 7], DType::F32).expect("small");
        let sizes = |parts: crate::Result<Vec<Tensor>>| -> Vec<usize> {
            parts.expect("in range").iter().map(|part| part.shape()[1]).collect()
        };
        assert_eq!(sizes(x.split(9, 1)), [7]);
        assert_eq!(sizes(x.chunk(5, 1)), [2, 2, 2, 1]);
        assert_eq!(sizes(x.chunk(100, 1)), [1; 7]);
        let nothing = x.narrow(1, 0, 0).expect("inside");
        assert_eq!(sizes(nothing.split(0, 1)), [0]);
        assert_eq!(sizes(nothing.split(3, 1)), [0]);
        assert_eq!(sizes(nothing.chunk(3, 1)), [0; 3]);
        assert_eq!(sizes(nothing.split_with_sizes(&[0, 0], 1)), [0; 2]);
        assert!(nothing.split_with_sizes(&[], 1).expect("adds up").is_empty());
    }
}
