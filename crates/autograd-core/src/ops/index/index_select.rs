//! Whole rows by index.
//!
//! forward    y[.., k, ..] = x[.., index[k], ..]
//! backward   gx[.., index[k], ..] += gy[.., k, ..]: repeated indices add up    saves the index and the shape

use crate::error::{Error, Result};
use crate::kernels::select::{add_rows, take_rows};
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, record};
use crate::tensor::{Shape, Tensor, for_any, for_float};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

impl Tensor {
    /// The slices number `index[0]`, `index[1]`, .. along `axis`.
    ///
    /// # Shapes
    /// `index: [K]` (or a scalar, as `[1]`); the result has size K along `axis`.
    ///
    /// # Gradient
    /// Repeated indices add up. Saves the index.
    ///
    /// # Errors
    /// If an index is out of range, or `index` is not `I64` or has more than one dimension.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).index_select(0, &Tensor::from([1, 1, 0]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [3, 4, 3, 4, 1, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn index_select(&self, axis: isize, index: &Tensor) -> Result<Tensor> {
        let d = check::axis("index_select", axis, self.shape())?;
        if index.rank() > 1 {
            let expected = "one dimension";
            return Err(Error::shape("index_select", "index", index.shape(), expected));
        }
        let rows: Arc<[i64]> = check::indices("index_select", index, self.shape(), d)?.into();
        Ok(self.rows(d, rows))
    }

    fn rows(&self, axis: usize, rows: Arc<[i64]>) -> Tensor {
        let mut shape: SmallVec<[usize; 4]> = SmallVec::from_slice(self.shape());
        if let Some(size) = shape.get_mut(axis) {
            *size = rows.len();
        }
        let x = self.packed();
        let (size, inner) = around(self.shape(), axis);
        let value = for_any!(self.dtype(), T => Tensor::build::<T>(self.dtype(), &shape, |y| {
            take_rows(x.flat::<T>(), size, inner, &rows, y);
        }));
        record("index_select", value, &[self], |_| Take { axis, rows, from: self.shape().into() })
    }

    /// Zeros of `shape` to which the slices of `self` are added at `rows`: the adjoint of taking them.
    fn added_at(&self, axis: usize, rows: Arc<[i64]>, shape: &Shape) -> Result<Tensor> {
        let mut value = Tensor::full(shape, 0.0, self.dtype())?;
        let x = self.packed();
        let (size, inner) = around(shape, axis);
        for_float!(self.dtype(), T => add_rows(x.flat::<T>(), size, inner, &rows, value.elements_mut()), else ());
        Ok(record("index_add", value, &[self], |_| Add { axis, rows }))
    }
}

/// The size of an axis and the number of elements of one slice of it.
fn around(shape: &[usize], axis: usize) -> (usize, usize) {
    match shape.get(axis..) {
        Some([size, inner @ ..]) => (*size, inner.iter().product()),
        _ => (1, 1),
    }
}

struct Take {
    axis: usize,
    rows: Arc<[i64]>,
    from: Shape,
}

impl Pullback for Take {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok(smallvec![Some(at.gy().added_at(self.axis, Arc::clone(&self.rows), &self.from)?)])
    }
}

struct Add {
    axis: usize,
    rows: Arc<[i64]>,
}

impl Pullback for Add {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok(smallvec![Some(at.gy().rows(self.axis, Arc::clone(&self.rows)))])
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::ops::cases::{Case, Input};
    let index = || Tensor::from([2, 0, 2, 2]);
    let x = || vec![Input::real(&[2, 3, 2], -2.0..2.0)];
    let picked = |x: &[Vec<f64>]| {
        let rows = (0..2).flat_map(|o| [2, 0, 2, 2].map(move |r| o * 3 + r));
        rows.flat_map(|r| [x[0][r * 2], x[0][r * 2 + 1]]).collect()
    };
    vec![
        Case::new("index_select", x(), move |x| x[0].index_select(1, &index()))
            .value(picked)
            .refuses(
                |x| x[0].index_select(-4, &Tensor::from([0])),
                "index_select: axis -4 is out of range for shape [2, 3, 2] (−3 to 2)",
            )
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([[0]])),
                "index_select: index has shape [1, 1], expected one dimension",
            )
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([2, 3])),
                "index_select: index 3 at position 1 is out of range for axis 1 of shape [2, 3, 2]",
            )
            // Negative indices do not count from the end.
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([-1])),
                "index_select: index -1 at position 0 is out of range for axis 1 of shape [2, 3, 2]",
            )
            .refuses(
                |x| x[0].index_select(1, &Tensor::from([0.0])),
                "index_select: dtype is F32, expected I64; to_dtype converts",
            ),
    ]
}
