//! Elements that stand several times in a row.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::Dims;
use crate::tensor::watch::reads;
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;

const OP: &str = "repeat_interleave";

impl Tensor {
    /// Every entry of `dim` `repeats` times in a row; without a dim, every element, as a vector.
    ///
    /// # Gradient
    /// gy summed over the repetitions. Saves nothing.
    ///
    /// # Errors
    /// If the dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.repeat_interleave(2, Some(1))?.to_vec::<i64>()?, [1, 1, 2, 2, 3, 3, 4, 4]);
    /// assert_eq!(x.repeat_interleave(2, None)?.shape(), [8]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn repeat_interleave(&self, repeats: usize, dim: Option<isize>) -> Result<Tensor> {
        let (x, d) = entries(self, dim)?;
        let mut shape: Dims = SmallVec::from_slice(x.shape());
        shape[d] = shape[d].checked_mul(repeats).ok_or_else(|| Error::too_large(OP, x.shape()))?;
        if repeats > 1 {
            // Copies, unless there is a single entry: then there is more room than needed.
            Check(OP).room(&shape, x.dtype())?;
        }
        Check(OP).fits_memory(&shape)?;
        let mut spread: Dims = SmallVec::from_slice(x.shape());
        spread.insert(d + 1, repeats);
        x.unsqueeze(d + 1)?.expand_to(&spread)?.reshape_to(&shape)
    }

    /// Entry i of `dim` `repeats[i]` times in a row; without a dim, the elements, as a vector. One number of repeats is
    /// that of all entries. `output_size` is the sum of all repeats, if it is known: otherwise the numbers must be
    /// looked at for it, and the call cannot be captured.
    ///
    /// # Gradient
    /// gy summed over the repetitions. Saves an index.
    ///
    /// # Errors
    /// If the dim is out of range; if `repeats` is not a vector of `I64` of its size, or has a negative number; or if
    /// the repeats do not add up to `output_size`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 2, 3]);
    /// let y = x.repeat_interleave_tensor(&Tensor::from([2, 0, 1]), Some(0), None)?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 1, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn repeat_interleave_tensor(
        &self,
        repeats: &Tensor,
        dim: Option<isize>,
        output_size: Option<usize>,
    ) -> Result<Tensor> {
        Check(OP).dtype(repeats, DType::I64)?;
        let (x, d) = entries(self, dim)?;
        let size = x.shape()[d];
        if repeats.rank() > 1 || (repeats.numel() != 1 && repeats.numel() != size) {
            let expected = format!("[{size}], one number for each entry of dim {d}");
            return Err(Error::shape(OP, "repeats", repeats.shape(), expected));
        }
        let repeats = repeats.detach().reshape_to(&[repeats.numel()])?.expand_to(&[size])?;
        let repeats = repeats.try_packed(OP)?;
        if output_size.is_none() {
            reads("repeat_interleave without an output size");
        }
        let sum = |counts: &[i64]| -> Result<usize> {
            let mut sum = 0usize;
            for (i, count) in counts.iter().enumerate() {
                let count = usize::try_from(*count).map_err(|_| {
                    Error::new(ErrorKind::Argument, format!("{OP}: repeats has {count} at {i}, below 0"))
                })?;
                sum = sum.checked_add(count).ok_or_else(|| Error::too_large(OP, &[usize::MAX]))?;
            }
            Ok(sum)
        };
        let total = match output_size {
            Some(total) => total,
            None => sum(repeats.flat::<i64>())?,
        };
        Tensor::look(OP, [&*repeats], move |[repeats]| match sum(repeats.flat::<i64>())? {
            found if found == total => Ok(()),
            found => Err(Error::argument(OP, "output_size", total, format_args!("{found}, the sum of the repeats"))),
        })?;
        let index = Tensor::moved::<i64, 1>(OP, &[total], [&*repeats], |[repeats], y| {
            let entries = repeats.flat::<i64>().iter().enumerate();
            let index = entries.flat_map(|(i, count)| std::iter::repeat_n(i as i64, *count as usize));
            y.iter_mut().zip(index).for_each(|(y, i)| *y = i);
        })?;
        x.index_select(d as isize, &index)
    }
}

/// The tensor, which has the dim that is meant.
fn entries(x: &Tensor, dim: Option<isize>) -> Result<(Tensor, usize)> {
    match dim {
        None => Ok((x.flatten(0, -1)?, 0)),
        Some(dim) => Ok((x.clone(), Check(OP).sized_dim(dim, x.shape())?.0)),
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 2], -2.0..2.0)];
    let counts = || Tensor::from([2, 0, 3]);
    let some = |x: &[Vec<f64>]| {
        let rows = (0..2).flat_map(|o| [0, 0, 2, 2, 2].map(move |r| (o * 3 + r) * 2));
        rows.flat_map(|at| [x[0][at], x[0][at + 1]]).collect()
    };
    [
        Case::new("repeat_interleave", x(), |x| x[0].repeat_interleave(2, Some(1)))
            .value(|x| (0..24).map(|i| x[0][i / 4 * 2 + i % 2]).collect())
            .refuses(
                |x| x[0].repeat_interleave(2, Some(3)),
                "repeat_interleave: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)",
            )
            .refuses(
                |x| x[0].sum().repeat_interleave(2, Some(0)),
                "repeat_interleave: dim 0 is out of range for shape [] (here a scalar has no dim)",
            )
            .refuses(
                |x| x[0].repeat_interleave(usize::MAX, None),
                "repeat_interleave: shape [12] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            ),
        Case::new("repeat_interleave of all", x(), |x| x[0].repeat_interleave(3, None))
            .value(|x| (0..36).map(|i| x[0][i / 3]).collect()),
        Case::new("repeat_interleave by a tensor", x(), move |x| {
            x[0].repeat_interleave_tensor(&counts(), Some(-2), Some(5))
        })
        .value(some)
        .refuses(
            move |x| x[0].repeat_interleave_tensor(&counts(), Some(1), Some(6)),
            "repeat_interleave: output_size is 6, it must be 5, the sum of the repeats",
        )
        .refuses(
            move |x| x[0].repeat_interleave_tensor(&counts(), Some(0), None),
            "repeat_interleave: repeats has shape [3], expected [2], one number for each entry of dim 0",
        )
        .refuses(
            |x| x[0].repeat_interleave_tensor(&Tensor::from([1, -1, 1]), Some(1), None),
            "repeat_interleave: repeats has -1 at 1, below 0",
        )
        .refuses(
            |x| x[0].repeat_interleave_tensor(&x[0], Some(1), None),
            "repeat_interleave: dtype is F64, expected I64; to_dtype converts",
        ),
        Case::new("repeat_interleave by any tensor", vec![Input::real(&[3], -2.0..2.0), Input::index(&[3], 4)], |x| {
            x[0].repeat_interleave_tensor(&x[1], None, None)
        })
        .value(|x| (0..3).flat_map(|i| vec![x[0][i]; x[1][i] as usize]).collect())
        .reads_numbers(),
    ]
}];
