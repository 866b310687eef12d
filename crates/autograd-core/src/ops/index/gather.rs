//! Single elements by index along one axis.
//!
//! forward    y[i, j, k] = x[i, index[i, j, k], k]    (axis 1)
//! backward   gx[i, index[i, j, k], k] += gy[i, j, k]: repeated indices add up    saves where, and the shape

use crate::error::{Error, Result};
use crate::kernels::select::gather_offsets;
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, record};
use crate::tensor::{Shape, Tensor, for_any, for_float};
use smallvec::smallvec;
use std::sync::Arc;

impl Tensor {
    /// For each element of `index`, the element of this tensor at its coordinates, with that along `axis` replaced by the
    /// index.
    ///
    /// # Shapes
    /// `index` has as many dimensions as `self` and is no larger, but along `axis`; the result has its shape.
    ///
    /// # Gradient
    /// Repeated indices add up. Saves the index.
    ///
    /// # Errors
    /// If the shapes do not fit, an index is out of range, or `index` is not `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1, 2], [3, 4]]).gather(1, &Tensor::from([[0, 0], [1, 0]]))?;
    /// assert_eq!(y.to_vec::<i64>()?, [1, 1, 4, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gather(&self, axis: isize, index: &Tensor) -> Result<Tensor> {
        let d = check::axis("gather", axis, self.shape())?;
        let fits = |k: usize| k == d || index.shape()[k] <= self.shape()[k];
        let same_rank = index.rank().max(1) == self.rank().max(1);
        if !same_rank || !(0..index.rank().min(self.rank())).all(fits) {
            let expected = format!("as many dimensions as {:?}, none larger but axis {d}", self.shape());
            return Err(Error::shape("gather", "index", index.shape(), expected));
        }
        let rows = check::indices("gather", index, self.shape(), d)?;
        let offsets: Arc<[usize]> = if self.rank() == 0 || index.rank() == 0 {
            rows.iter().map(|i| *i as usize).collect()
        } else {
            gather_offsets(&rows, index.shape(), self.shape(), d).collect()
        };
        Ok(self.picked(offsets, index.shape()))
    }

    fn picked(&self, offsets: Arc<[usize]>, shape: &[usize]) -> Tensor {
        let x = self.packed();
        let value = for_any!(self.dtype(), T => Tensor::build::<T>(self.dtype(), shape, |y| {
            let x = x.flat::<T>();
            y.iter_mut().zip(&*offsets).for_each(|(y, at)| *y = x[*at]);
        }));
        record("gather", value, &[self], |_| Gather { offsets, from: self.shape().into() })
    }

    /// Zeros of `shape` to which the elements of `self` are added at `offsets`: the adjoint of picking them.
    fn dropped_at(&self, offsets: Arc<[usize]>, shape: &Shape) -> Result<Tensor> {
        let mut value = Tensor::full(shape, 0.0, self.dtype())?;
        let x = self.packed();
        for_float!(self.dtype(), T => {
            let y = value.elements_mut::<T>();
            x.flat::<T>().iter().zip(&*offsets).for_each(|(x, at)| y[*at] += *x);
        }, else ());
        Ok(record("scatter_add", value, &[self], |_| ScatterAdd { offsets, from: self.shape().into() }))
    }
}

struct Gather {
    offsets: Arc<[usize]>,
    from: Shape,
}

impl Pullback for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok(smallvec![Some(at.gy().dropped_at(Arc::clone(&self.offsets), &self.from)?)])
    }
}

struct ScatterAdd {
    offsets: Arc<[usize]>,
    from: Shape,
}

impl Pullback for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        Ok(smallvec![Some(at.gy().picked(Arc::clone(&self.offsets), &self.from))])
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::ops::cases::{Case, Input};
    let index = || Tensor::from([[2, 2, 0], [1, 1, 1]]);
    let x = || vec![Input::real(&[2, 4], -2.0..2.0)];
    let picked = |x: &[Vec<f64>]| [2, 2, 0, 5, 5, 5].map(|i| x[0][i]).to_vec();
    vec![
        Case::new("gather", x(), move |x| x[0].gather(1, &index()))
            .value(picked)
            .refuses(
                |x| x[0].gather(2, &Tensor::from([[0]])),
                "gather: axis 2 is out of range for shape [2, 4] (−2 to 1)",
            )
            .refuses(
                |x| x[0].gather(1, &Tensor::from([0, 1])),
                "gather: index has shape [2], expected as many dimensions as [2, 4], none larger but axis 1",
            )
            .refuses(
                |x| x[0].gather(1, &Tensor::from([[0], [0], [0]])),
                "gather: index has shape [3, 1], expected as many dimensions as [2, 4], none larger but axis 1",
            )
            .refuses(
                |x| x[0].gather(1, &Tensor::from([[0], [9]])),
                "gather: index 9 at position 1 is out of range for axis 1 of shape [2, 4]",
            )
            .refuses(|x| x[0].gather(1, &x[0]), "gather: dtype is F64, expected I64; to_dtype converts"),
    ]
}
