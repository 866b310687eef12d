//! Position of the largest and of the smallest element.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::kernels::reduce::extreme_positions;
use crate::ops::check::Check;
use crate::tape::cut;
use crate::tensor::{DType, Tensor, for_float};

impl Tensor {
    /// Position of the largest element along `dims` as `I64`, in row-major order where they are several: the first of
    /// ties; a NaN counts as the largest.
    ///
    /// # Errors
    /// If the dim is out of range or has no elements, or the tensor is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 4.0, 4.0], [2.0, 0.0, 1.0]]);
    /// assert_eq!(x.argmax(1)?.to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn argmax(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        argmax_of(self, &dims.into())
    }

    /// Position of the smallest element; otherwise like [`Tensor::argmax`].
    ///
    /// # Errors
    /// If the dim is out of range or has no elements, or the tensor is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.argmin(1)?.to_vec::<i64>()?, [0, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn argmin(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        argmin_of(self, &dims.into())
    }
}

fn argmax_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    positions::<false>("argmax", x, dims)
}

fn argmin_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    positions::<true>("argmin", x, dims)
}

pub(super) fn positions<const SMALLEST: bool>(op: &'static str, x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    let along = Along::new(op, x, dims)?.not_empty(op, x)?;
    let rows = along.rows(x);
    cut(op, &[x]);
    if x.dtype() == DType::I64 {
        let count = along.count.max(1);
        return Tensor::compute::<i64, 1>(op, &along.shape, [&rows], move |[rows], y| {
            for (y, row) in y.iter_mut().zip(rows.flat::<i64>().chunks(count)) {
                // Of equal elements the first is chosen: a later index counts as worse.
                let better = |i: &usize| std::cmp::Reverse(*i);
                let places = 0..row.len();
                let best = match SMALLEST {
                    true => places.min_by_key(|i| row[*i]),
                    false => places.max_by_key(|i| (row[*i], better(i))),
                };
                *y = best.unwrap_or_else(|| unreachable!("a run of elements is not empty")) as i64;
            }
        });
    }
    let count = along.count;
    for_float!(Check(op).float(x)?, T => Tensor::compute::<i64, 1>(op, &along.shape, [&rows], move |[rows], y| {
        if count > 0 {
            extreme_positions::<T, SMALLEST>(rows.flat(), count, y);
        }
    }))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let best = |r: &[f64], sign: f64| {
        (0..r.len()).max_by(|i, j| (sign * r[*i]).total_cmp(&(sign * r[*j]))).expect("not empty") as f64
    };
    let x = || vec![Input::distinct(&[3, 4])];
    [
        Case::new("argmax", x(), |x| x[0].argmax(..))
            .value(move |x| vec![best(&x[0], 1.0)])
            .without_gradient()
            .refuses(
                |x| x[0].narrow(0, 0, 0)?.argmax(..),
                "argmax: dims [0, 1] of shape [0, 4] have no elements, and argmax of nothing is undefined",
            )
            .refuses(
                |x| x[0].to_dtype(DType::Bool).argmax(..),
                "argmax: dtype is Bool, expected F32 or F64; to_dtype converts",
            ),
        Case::new("argmin(1)", x(), |x| x[0].argmin(keep(1)))
            .value(move |x| x[0].chunks(4).map(|r| best(r, -1.0)).collect())
            .without_gradient()
            .refuses(|x| x[0].argmin(keep(2)), "argmin: dim 2 is out of range for shape [3, 4] (−2 to 1)"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn integers_are_compared_exactly() {
        let x = Tensor::from([i64::MAX - 1, i64::MAX, i64::MAX, (1 << 53) + 1, 1 << 53, i64::MIN + 1, i64::MIN]);
        let item = |x: Tensor| x.item::<i64>().expect("one integer");
        assert_eq!(item(x.argmax(..).expect("not empty")), 1);
        assert_eq!(item(x.argmin(..).expect("not empty")), 6);
        assert_eq!(item(x.max_dim(0).expect("not empty").0), i64::MAX);
        assert_eq!(item(x.min_dim(0).expect("not empty").0), i64::MIN);
        let near = x.narrow(0, 3, 2).expect("inside");
        assert_eq!(item(near.argmax(..).expect("not empty")), 0);
        assert_eq!(item(near.argmin(..).expect("not empty")), 1);
    }
}
