//! Whole tensors side by side.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::Dims;
use crate::tensor::Tensor;

impl Tensor {
    /// The tensor `repeats[d]` times along each dim d, one after the other; repeats in front of those for its dims make
    /// new dims.
    ///
    /// # Gradient
    /// gy summed over the repetitions. Saves nothing.
    ///
    /// # Errors
    /// If there are fewer repeats than dims.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([1, 2]);
    /// assert_eq!(x.repeat(&[2])?.to_vec::<i64>()?, [1, 2, 1, 2]);
    /// assert_eq!(x.repeat(&[3, 2])?.shape(), [3, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn repeat(&self, repeats: &[usize]) -> Result<Tensor> {
        if repeats.len() < self.rank() {
            let expected = format!("at most {} dimensions, one for each of the repeats {repeats:?}", repeats.len());
            return Err(Error::shape("repeat", "the tensor", self.shape(), expected));
        }
        repeated("repeat", self, repeats)
    }

    /// Like [`Tensor::repeat`], but repeats that are missing in front are 1.
    ///
    /// # Errors
    /// If the result is larger than a tensor can be.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.tile(&[2])?.to_vec::<i64>()?, [1, 2, 1, 2, 3, 4, 3, 4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tile(&self, dims: &[usize]) -> Result<Tensor> {
        let missing = self.rank().saturating_sub(dims.len());
        let repeats: Dims = std::iter::repeat_n(1, missing).chain(dims.iter().copied()).collect();
        repeated("tile", self, &repeats)
    }
}

/// At least as many repeats as dims.
fn repeated(op: &'static str, x: &Tensor, repeats: &[usize]) -> Result<Tensor> {
    let missing = repeats.len() - x.rank();
    let (mut raised, mut spread, mut shape) = (Dims::new(), Dims::new(), Dims::new());
    for (d, times) in repeats.iter().enumerate() {
        let size = d.checked_sub(missing).map_or(1, |d| x.shape()[d]);
        shape.push(size.checked_mul(*times).ok_or_else(|| Error::too_large(op, repeats))?);
        if size != 1 && *times != 1 {
            raised.push(1);
            spread.push(*times);
        }
        raised.push(size);
        spread.push(if size == 1 { *times } else { size });
    }
    Check(op).fits_memory(&shape)?;
    if spread.len() > crate::shape::MAX_RANK {
        return Err(Error::too_large(op, &shape));
    }
    if spread.len() > shape.len() {
        // The repetitions are copies.
        Check(op).room(&shape, x.dtype())?;
    }
    x.reshape_to(&raised)?.expand_to(&spread)?.reshape_to(&shape)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3], -2.0..2.0)];
    let large =
        "shape [2305843009213693952, 3] is too large (at most 64 dimensions, and no more bytes than memory holds)";
    [
        Case::new("repeat", x(), |x| x[0].repeat(&[2, 1, 3]))
            .value(|x| (0..36).map(|i| x[0][i / 9 % 2 * 3 + i % 3]).collect())
            .refuses(
                |x| x[0].repeat(&[2]),
                "repeat: the tensor has shape [2, 3], expected at most 1 dimensions, one for each of the repeats [2]",
            )
            .refuses(|x| x[0].repeat(&[1 << 60, 1]), format!("repeat: {large}")),
        Case::new("repeat no times", x(), |x| x[0].repeat(&[2, 0])).value(|_| Vec::new()),
        Case::new("repeat of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].repeat(&[2, 3]))
            .value(|x| vec![x[0][0]; 6]),
        Case::new("repeat of rows", vec![Input::real(&[3, 1], -2.0..2.0)], |x| x[0].repeat(&[1, 2]))
            .value(|x| (0..6).map(|i| x[0][i / 2]).collect()),
        Case::new("tile", x(), |x| x[0].tile(&[2]))
            .value(|x| (0..12).map(|i| x[0][i / 6 * 3 + i % 3]).collect())
            .refuses(|x| x[0].tile(&[1 << 60, 1]), format!("tile: {large}")),
    ]
}];
