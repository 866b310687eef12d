//! Repetition of dimensions of size one, without copying.

use crate::error::{Error, Result};
use crate::shape::{Dims, Layout, strides_in};
use crate::tape::{Pull, Pullback, record};
use crate::tensor::Tensor;
use smallvec::SmallVec;

impl Tensor {
    /// Dimensions of size one repeated to the sizes asked for, and new ones put in front; −1 keeps a size. A view.
    ///
    /// # Gradient
    /// gy summed over the repetitions. Saves nothing.
    ///
    /// # Errors
    /// If a size differs from the tensor's and that is not 1, or −1 stands for a new dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2]]).expand(&[3, -1])?;
    /// assert_eq!(x.to_vec::<i64>()?, [1, 2, 1, 2, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn expand(&self, shape: &[isize]) -> Result<Tensor> {
        let misfit = || {
            let expected = format!("one that expands to {shape:?} (sizes equal, or 1)");
            Error::shape("expand", "the tensor", self.shape(), expected)
        };
        let missing = shape.len().checked_sub(self.rank()).ok_or_else(misfit)?;
        let mut sizes: Dims = SmallVec::with_capacity(shape.len());
        for (d, size) in shape.iter().enumerate() {
            let old = d.checked_sub(missing).map(|d| self.shape()[d]);
            sizes.push(match (*size, old) {
                (-1, Some(old)) => old,
                (size, None) if size >= 0 => size as usize,
                (size, Some(old)) if size >= 0 && (old == 1 || old == size as usize) => size as usize,
                _ => return Err(misfit()),
            });
        }
        self.expand_to(&sizes)
    }

    /// [`Tensor::expand`] to a shape that `self` is known to broadcast to.
    pub(crate) fn expand_to(&self, shape: &[usize]) -> Result<Tensor> {
        if shape == self.shape() {
            // It is a value of its own all the same: it has its own gradient, and no_grad cuts it off.
            return Ok(record("expand", self.untied(), &[self], |_| Expand));
        }
        if crate::tensor::checked(shape, self.dtype()).is_none() {
            return Err(Error::too_large("expand", shape));
        }
        let layout = Layout::strided(shape, &strides_in(self.layout(), shape), self.layout().offset());
        Ok(record("expand", self.with_layout(layout), &[self], |_| Expand))
    }
}

struct Expand;

impl Pullback for Expand {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || Ok(gy.clone()))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::new("expand", vec![Input::real(&[3, 1], -2.0..2.0)], |x| x[0].expand(&[2, -1, 4]))
            .value(|x| (0..24).map(|i| x[0][i / 4 % 3]).collect())
            .refuses(
                |x| x[0].expand(&[4, 4]),
                "expand: the tensor has shape [3, 1], expected one that expands to [4, 4] (sizes equal, or 1)",
            )
            .refuses(
                |x| x[0].expand(&[3]),
                "expand: the tensor has shape [3, 1], expected one that expands to [3] (sizes equal, or 1)",
            )
            .refuses(
                |x| x[0].expand(&[-1, 3, 1]),
                "expand: the tensor has shape [3, 1], expected one that expands to [-1, 3, 1] (sizes equal, or 1)",
            )
            .refuses(
                |x| x[0].expand(&[1 << 62, 3, 4]),
                "expand: shape [4611686018427387904, 3, 4] is too large (at most 64 dimensions, and no more bytes than memory holds)",
            ),];
