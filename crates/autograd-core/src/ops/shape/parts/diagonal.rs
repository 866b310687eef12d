//! The diagonals of planes.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::shape::strided::{Cut, cut};
use crate::shape::{Dim, Dims, Layout};
use crate::tensor::Tensor;

impl Tensor {
    /// The diagonals of the planes of dims `dim1` and `dim2`, `offset` places to the right of the main one (to the
    /// left, if it is negative); their elements lie along a new last dim. A view.
    ///
    /// # Shapes
    /// `[.., M, .., N, ..] → [.., K]`, where K is the number of elements of the diagonal, 0 beyond the plane.
    ///
    /// # Gradient
    /// gy in its place, 0 elsewhere. Saves the place.
    ///
    /// # Errors
    /// If a dim is out of range, or they are the same.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.diagonal(0, 0, 1)?.to_vec::<i64>()?, [1, 5]);
    /// assert_eq!(x.diagonal(1, 0, 1)?.to_vec::<i64>()?, [2, 6]);
    /// assert_eq!(x.diagonal(-1, 0, 1)?.to_vec::<i64>()?, [4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn diagonal(&self, offset: isize, dim1: impl Dim, dim2: impl Dim) -> Result<Tensor> {
        diagonal("diagonal", self, offset, dim1.signed(), dim2.signed())
    }
}

/// [`Tensor::diagonal`] under the name of the operation that asks for it.
pub(in crate::ops) fn diagonal(op: &'static str, x: &Tensor, offset: isize, a: isize, b: isize) -> Result<Tensor> {
    let ((a, _), (b, _)) = (Check(op).sized_dim(a, x.shape())?, Check(op).sized_dim(b, x.shape())?);
    if a == b {
        let text = format!("{op}: dim1 and dim2 are both {a}; a plane has two dims (shape {:?})", x.shape());
        return Err(Error::new(ErrorKind::Dim, text));
    }
    Ok(cut(Diagonal { op, offset, dims: [a, b] }, x))
}

/// The diagonal of the plane of two dims.
#[derive(Clone)]
pub(in crate::ops::shape) struct Diagonal {
    pub(in crate::ops::shape) op: &'static str,
    pub(in crate::ops::shape) offset: isize,
    pub(in crate::ops::shape) dims: [usize; 2],
}

impl Cut for Diagonal {
    fn op(&self) -> &'static str {
        self.op
    }

    fn within(&self, whole: &Layout) -> Layout {
        let [a, b] = self.dims;
        let (down, right) = if self.offset < 0 { (self.offset.unsigned_abs(), 0) } else { (0, self.offset as usize) };
        let left = |dim: usize, from: usize| whole.shape()[dim].saturating_sub(from);
        let len = left(a, down).min(left(b, right));
        let others = || (0..whole.shape().len()).filter(|d| *d != a && *d != b);
        let mut shape: Dims = others().map(|d| whole.shape()[d]).collect();
        let mut strides: Dims = others().map(|d| whole.strides()[d]).collect();
        shape.push(len);
        // In one step of a diagonal both coordinates grow; that matters from two elements on.
        strides.push(if len > 1 { whole.strides()[a] + whole.strides()[b] } else { 1 });
        let start = if shape.contains(&0) { 0 } else { down * whole.strides()[a] + right * whole.strides()[b] };
        Layout::strided(&shape, &strides, whole.offset() + start)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    [
        Case::new("diagonal", x(), |x| x[0].diagonal(1, -2, 2))
            .value(|x| (0..6).map(|i| x[0][i / 3 * 12 + i % 3 * 4 + i % 3 + 1]).collect())
            .refuses(|x| x[0].diagonal(0, 0, 3), "diagonal: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].diagonal(0, 1, -2),
                "diagonal: dim1 and dim2 are both 1; a plane has two dims (shape [2, 3, 4])",
            )
            .refuses(
                |x| x[0].sum().diagonal(0, 0, 0),
                "diagonal: dim 0 is out of range for shape [] (here a scalar has no dim)",
            ),
        Case::new("diagonal below", x(), |x| x[0].diagonal(-1, 2, 0))
            .value(|x| (0..6).map(|i| x[0][i % 2 * 12 + i / 2 * 4 + i % 2 + 1]).collect()),
        Case::new("diagonal beyond", x(), |x| x[0].diagonal(isize::MIN, 0, 1)).value(|_| Vec::new()),
    ]
}];
