//! Largest and smallest element.

use super::along::Along;
use super::dims::{ReduceDims, keep};
use crate::error::Result;
use crate::kernels::reduce::{Fold, Largest, Smallest};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor};

/// # Reductions
impl Tensor {
    /// The largest of all elements; NaN if there is one. Integers stay integers.
    ///
    /// # Gradient
    /// Shared equally between ties (between the NaNs, if there are any); saves x and y.
    ///
    /// # Errors
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 3.0]).requires_grad();
    /// let grads = x.max()?.backward()?;
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>()?, [0.5, 0.0, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max(&self /* all elements; over dim 1: amax(1)? */) -> Result<Tensor> {
        extreme("max", self, &(..).into(), Largest, i64::max, Nan::Shares)
    }

    /// The smallest of all elements; otherwise like [`Tensor::max`].
    ///
    /// # Errors
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.min()?.item::<f32>()?, 1.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn min(&self /* all elements; over dim 1: amin(1)? */) -> Result<Tensor> {
        extreme("min", self, &(..).into(), Smallest, i64::min, Nan::Shares)
    }

    /// The largest elements along `dims`.
    ///
    /// # Gradient
    /// Shared equally between ties; NaN where the result is. Saves x and y. For the gradient of a chosen index see
    /// [`Tensor::max_dim`].
    ///
    /// # Errors
    /// If a dim is out of range, named twice or has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.amax(1)?.to_vec::<f32>()?, [5.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn amax(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        amax_of(self, &dims.into())
    }

    /// The smallest elements along `dims`; otherwise like [`Tensor::amax`].
    ///
    /// # Errors
    /// If a dim is out of range, named twice or has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.amin(0)?.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn amin(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        amin_of(self, &dims.into())
    }
}

fn amax_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    extreme("amax", x, dims, Largest, i64::max, Nan::Spreads)
}

fn amin_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    extreme("amin", x, dims, Smallest, i64::min, Nan::Spreads)
}

/// The place that the gradient goes to if the extreme is NaN.
#[derive(Clone, Copy, PartialEq)]
enum Nan {
    /// It is shared between the NaNs.
    Shares,
    /// No element is equal to the extreme: every gradient is NaN.
    Spreads,
}

fn extreme<F: Fold + Send + 'static>(
    op: &'static str,
    x: &Tensor,
    dims: &ReduceDims,
    fold: F,
    fold_integers: fn(i64, i64) -> i64,
    nan: Nan,
) -> Result<Tensor> {
    let along = Along::new(op, x, dims)?.not_empty(op, x)?;
    if x.dtype() == DType::I64 {
        let rows = along.rows(x);
        let count = along.count.max(1);
        return Tensor::compute::<i64, 1>(op, &along.shape, [&rows], move |[rows], y| {
            y.iter_mut().zip(rows.flat::<i64>().chunks(count)).for_each(|(y, x)| {
                let best = x.iter().copied().reduce(fold_integers);
                *y = best.unwrap_or_else(|| unreachable!("a run of elements is not empty"));
            });
        });
    }
    Check(op).float(x)?;
    let value = along.fold(op, fold, x)?;
    Ok(record(op, value, &[x], |y| Extreme { x: Saved::input(0, x), y: Saved::output(y), along, nan }))
}

/// A value that is one of the elements, whose gradient is shared between those that are equal to it, or between the
/// NaNs.
pub(super) fn shared(op: &'static str, x: &Tensor, value: Tensor, along: Along) -> Tensor {
    let extreme = |y: &Tensor| Extreme { x: Saved::input(0, x), y: Saved::output(y), along, nan: Nan::Shares };
    record(op, value, &[x], extreme)
}

struct Extreme {
    x: Saved,
    y: Saved,
    along: Along,
    nan: Nan,
}

impl Pullback for Extreme {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || {
            // The choice of elements has no derivative, so it is not recorded.
            let (x, y) = (self.x.value(), self.along.spread(self.y.value())?);
            let mut chosen = x.eq(&y)?;
            if self.nan == Nan::Shares {
                let nan = |t: &Tensor| t.ne(t);
                chosen = chosen.logical_or(&nan(x)?.logical_and(&nan(&y)?)?)?;
            }
            let ones = chosen.to_dtype(x.dtype());
            let dims = self.along.folded();
            let count = if dims.is_empty() { ones } else { ones.sum_dim(keep(&dims[..]))? };
            // Chosen, not multiplied by 0 and 1: others have nothing of an infinite gradient.
            let none = Tensor::full(&[], 0.0, x.dtype())?;
            let share = chosen.where_cond(&self.along.spread(gy)?.try_div(&count)?, &none)?;
            match self.nan {
                Nan::Shares => Ok(share),
                Nan::Spreads => y.ne(&y)?.where_cond(&Tensor::full(&[], f64::NAN, x.dtype())?, &share),
            }
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[2, 3, 4])];
    let ends = |x: &[Vec<f64>]| {
        let column = |j: usize| (0..24).filter(move |i| i / 4 % 3 == j);
        (0..3).map(|j| column(j).map(|i| x[0][i]).fold(f64::NEG_INFINITY, f64::max)).collect()
    };
    let rows = |x: &[Vec<f64>]| x[0].chunks(4).map(|r| r.iter().copied().fold(f64::INFINITY, f64::min)).collect();
    [
        Case::new("max", x(), |x| x[0].max())
            .value(|x| vec![x[0].iter().copied().fold(f64::NEG_INFINITY, f64::max)])
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.max(),
                "max: dims [0, 1, 2] of shape [2, 0, 4] have no elements, and max of nothing is undefined",
            ),
        Case::new("min", x(), |x| x[0].min())
            .value(|x| vec![x[0].iter().copied().fold(f64::INFINITY, f64::min)])
            .refuses(
                |x| x[0].to_dtype(DType::Bool).min(),
                "min: dtype is Bool, expected F32 or F64; to_dtype converts",
            ),
        Case::new("amax(0, 2)", x(), |x| x[0].amax([0, 2]))
            .value(ends)
            .refuses(|x| x[0].amax(3), "amax: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.amax(1),
                "amax: dims [1] of shape [2, 0, 4] have no elements, and amax of nothing is undefined",
            ),
        Case::new("amin(-1)", x(), |x| x[0].amin(keep(-1)))
            .value(rows)
            .refuses(|x| x[0].amin(keep([2, -1])), "amin: dim 2 is named twice in [2, -1] (shape [2, 3, 4])"),
    ]
}];
