//! Dimensions in another order.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::{Dim, Dims, Layout};
use crate::tape::{Pull, Pullback, record};
use crate::tensor::Tensor;
use smallvec::SmallVec;

impl Tensor {
    /// Dimension `i` of the result is dimension `dims[i]` of this tensor; a view.
    ///
    /// # Gradient
    /// gy with its dimensions put back. Saves the order.
    ///
    /// # Errors
    /// If `dims` does not name every dimension once.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]).permute(&[1, 0])?;
    /// assert_eq!(x.to_vec::<i64>()?, [1, 4, 2, 5, 3, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn permute(&self, dims: &[isize]) -> Result<Tensor> {
        if dims.len() != self.rank() {
            let expected = format!("{} dimensions, one for each of the dims {dims:?}", dims.len());
            return Err(Error::shape("permute", "the tensor", self.shape(), expected));
        }
        if !dims.is_empty() {
            Check("permute").dims(dims, self.shape())?;
        }
        let rank = self.rank() as isize;
        let order: Dims = dims.iter().map(|a| (if *a < 0 { a + rank } else { *a }) as usize).collect();
        Ok(self.permuted(&order))
    }

    fn permuted(&self, order: &[usize]) -> Tensor {
        let shape: Dims = order.iter().map(|d| self.shape()[*d]).collect();
        let strides: Dims = order.iter().map(|d| self.strides()[*d]).collect();
        let value = self.with_layout(Layout::strided(&shape, &strides, self.layout().offset()));
        record("permute", value, &[self], |_| {
            let mut back = SmallVec::from_elem(0, order.len());
            order.iter().enumerate().for_each(|(to, from)| back[*from] = to);
            Permute { back }
        })
    }

    /// Dimensions `a` and `b` exchanged; a view.
    ///
    /// # Errors
    /// If a dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.transpose(0, 1)?.to_vec::<i64>()?, [1, 4, 2, 5, 3, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn transpose(&self, a: impl Dim, b: impl Dim) -> Result<Tensor> {
        transpose_of(self, a.signed(), b.signed())
    }

    /// A matrix transposed; a vector or scalar as it is.
    ///
    /// # Errors
    /// If the tensor has more than two dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.t()?.shape(), [3, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn t(&self) -> Result<Tensor> {
        match self.rank() {
            0 => Ok(self.permuted(&[])),
            1 => Ok(self.permuted(&[0])),
            2 => Ok(self.permuted(&[1, 0])),
            _ => Err(Error::shape("t", "the tensor", self.shape(), "at most two dimensions")),
        }
    }
}

fn transpose_of(x: &Tensor, a: isize, b: isize) -> Result<Tensor> {
    let (a, b) = (Check("transpose").dim(a, x.shape())?, Check("transpose").dim(b, x.shape())?);
    let mut order: Dims = (0..x.rank()).collect();
    if !order.is_empty() {
        order.swap(a, b);
    }
    Ok(x.permuted(&order))
}

struct Permute {
    back: Dims,
}

impl Pullback for Permute {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || Ok(gy.permuted(&self.back)))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let swapped = |x: &[Vec<f64>]| (0..24).map(|i| x[0][i / 3 % 2 * 12 + i % 3 * 4 + i / 6]).collect();
    let last = |x: &[Vec<f64>]| (0..24).map(|i| x[0][i / 12 * 12 + i % 3 * 4 + i / 3 % 4]).collect();
    [
        Case::new("permute", x(), |x| x[0].permute(&[2, 0, 1]))
            .value(swapped)
            .refuses(
                |x| x[0].permute(&[1, 0]),
                "permute: the tensor has shape [2, 3, 4], expected 2 dimensions, one for each of the dims [1, 0]",
            )
            .refuses(|x| x[0].permute(&[0, 1, 0]), "permute: dim 0 is named twice in [0, 1, 0] (shape [2, 3, 4])")
            .refuses(|x| x[0].permute(&[0, 1, 3]), "permute: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("transpose", x(), |x| x[0].transpose(-1, 1))
            .value(last)
            .refuses(|x| x[0].transpose(0, 5), "transpose: dim 5 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("t", vec![Input::real(&[2, 3], -2.0..2.0)], |x| x[0].t())
            .value(|x| (0..6).map(|i| x[0][i % 2 * 3 + i / 2]).collect())
            .refuses(|x| x[0].unsqueeze(0)?.t(), "t: the tensor has shape [1, 2, 3], expected at most two dimensions"),
    ]
}];
