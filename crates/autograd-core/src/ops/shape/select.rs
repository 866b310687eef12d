//! One entry of a dimension, without the dimension.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;
use std::fmt::Debug;

impl Tensor {
    /// Entry `index` of dimension `dim`, which the result does not have: a row of a matrix, a column. A negative index
    /// counts from the end. A view.
    ///
    /// # Gradient
    /// gy in its place, 0 elsewhere. Saves the place.
    ///
    /// # Errors
    /// If the dim or the index is outside the tensor.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.select(0, 1)?.to_vec::<i64>()?, [4, 5, 6]);
    /// assert_eq!(x.select(1, -1)?.to_vec::<i64>()?, [3, 6]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn select(&self, dim: impl Dim, index: impl Dim) -> Result<Tensor> {
        select_of(self, dim.signed(), index.signed(), &index)
    }
}

/// The part at an index that was `written` so.
fn select_of(x: &Tensor, dim: isize, index: isize, written: &dyn Debug) -> Result<Tensor> {
    let (d, size) = Check("select").sized_dim(dim, x.shape())?;
    let from_front = match index {
        back if back < 0 => back.saturating_add_unsigned(size),
        front => front,
    };
    if !usize::try_from(from_front).is_ok_and(|at| at < size) {
        let text = format!("select: index {written:?} is outside dim {d} of size {size}");
        return Err(Error::new(ErrorKind::Index, text));
    }
    x.narrow(d, from_front, 1)?.squeeze(&[d as isize])
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::new("select(1, 2)", vec![Input::real(&[2, 3, 2], -2.0..2.0)], |x| x[0].select(1, 2))
        .value(|x| vec![x[0][4], x[0][5], x[0][10], x[0][11]])
        .refuses(|x| x[0].select(1, 3), "select: index 3 is outside dim 1 of size 3")
        .refuses(|x| x[0].select(0, -3), "select: index -3 is outside dim 0 of size 2")
        .refuses(|x| x[0].select(0, usize::MAX), "select: index 18446744073709551615 is outside dim 0 of size 2")
        .refuses(|x| x[0].select(3, 0), "select: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)"),
    Case::new("select(-1, -2)", vec![Input::real(&[2, 3], -2.0..2.0)], |x| x[0].select(-1, -2))
        .value(|x| vec![x[0][1], x[0][4]]),
];
