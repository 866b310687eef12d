//! Sum and mean.
//!
//! forward    y = Σ x            y = Σ x / n
//! backward   gx = gy            gx = gy / n, spread over the folded axes    saves the shape

use super::along::Along;
use crate::error::{Error, Result};
use crate::kernels::reduce::{Sum as SumFold, fold};
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, is_recording, record};
use crate::tensor::{DType, Layout, Shape, Tensor, for_float};
use smallvec::smallvec;

impl Tensor {
    /// Sum of all elements; 0 if there are none. Integers and truth values give an `I64`.
    ///
    /// # Gradient
    /// gy for every element; saves the shape.
    ///
    /// # Numerics
    /// Floats are added in a fixed tree; the error grows with the logarithm of the count.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).sum().item::<f32>()?, 10.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sum(&self) -> Tensor {
        // No axes named: nothing to be out of range.
        self.sum_dim(&[], false).unwrap_or_else(|_| self.clone())
    }

    /// Sum along `axes` (all if none is named).
    ///
    /// # Errors
    /// If an axis is out of range or named twice.
    pub fn sum_dim(&self, axes: &[isize], keepdim: bool) -> Result<Tensor> {
        let along = Along::new("sum", self, axes, keepdim)?;
        if !self.dtype().is_float() {
            let rows = along.rows(&self.to_dtype(DType::I64));
            return Ok(Tensor::build::<i64>(DType::I64, &along.shape, |y| {
                let x = rows.flat::<i64>();
                y.iter_mut().enumerate().for_each(|(i, y)| {
                    *y = x[i * along.count..(i + 1) * along.count].iter().fold(0, |sum, x| sum.wrapping_add(*x));
                });
            }));
        }
        let value = along.fold(SumFold, self);
        Ok(record("sum", value, &[self], |_| Sum { from: self.shape().into(), kept: along.kept, divisor: None }))
    }

    /// Mean of all elements; NaN if there are none.
    ///
    /// # Gradient
    /// gy / n for every element; saves the shape.
    ///
    /// # Errors
    /// If the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 6.0]).mean()?.item::<f32>()?, 3.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mean(&self) -> Result<Tensor> {
        self.mean_dim(&[], false)
    }

    /// Mean along `axes` (all if none is named).
    ///
    /// # Errors
    /// If an axis is out of range or named twice, or the dtype is not a float type.
    pub fn mean_dim(&self, axes: &[isize], keepdim: bool) -> Result<Tensor> {
        check::float("mean", self)?;
        let along = Along::new("mean", self, axes, keepdim)?;
        let count = along.count as f64;
        let mut value = along.fold(SumFold, self);
        for_float!(value.dtype(), T => {
            value.elements_mut::<T>().iter_mut().for_each(|y| *y /= count as T);
        }, else ());
        let pullback = |_: &Tensor| Sum { from: self.shape().into(), kept: along.kept, divisor: Some(count) };
        Ok(record("mean", value, &[self], pullback))
    }
}

/// `x` summed down to a shape that broadcasts to its own: the adjoint of broadcasting.
pub(crate) fn sum_to(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let misfit = || Error::broadcast("sum_to", x.shape(), shape, 1);
    let missing = x.rank().checked_sub(shape.len()).ok_or_else(misfit)?;
    let leading_only = x.shape()[missing..] == *shape;
    if leading_only && x.numel() == shape.iter().product::<usize>() {
        let plain = x.is_contiguous() && !is_recording();
        return if plain {
            Ok(x.with_layout(Layout::contiguous_at(shape, x.layout().offset())))
        } else {
            x.reshape_to(shape)
        };
    }
    if leading_only && !is_recording() && x.dtype().is_float() {
        // A bias's gradient, in one go.
        let rows = x.packed();
        let (length, inner) = (x.shape()[..missing].iter().product(), shape.iter().product());
        return Ok(for_float!(x.dtype(), T => Tensor::build::<T>(x.dtype(), shape, |y| {
            fold(SumFold, rows.flat::<T>(), length, inner, y);
        }), else x.clone()));
    }
    let mut axes: smallvec::SmallVec<[isize; 4]> = (0..missing as isize).collect();
    for (d, size) in shape.iter().enumerate() {
        match x.shape()[missing + d] {
            same if same == *size => {}
            _ if *size == 1 => axes.push((missing + d) as isize),
            _ => return Err(misfit()),
        }
    }
    x.sum_dim(&axes, true)?.reshape_to(shape)
}

struct Sum {
    from: Shape,
    kept: Shape,
    divisor: Option<f64>,
}

impl Pullback for Sum {
    fn name(&self) -> &'static str {
        if self.divisor.is_some() { "mean" } else { "sum" }
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        let gy = match self.divisor {
            Some(n) => at.gy().div_scalar(n),
            None => at.gy().clone(),
        };
        if gy.numel() == 1 && !is_recording() {
            return Ok(smallvec![Some(gy.with_layout(Layout::repeated(&self.from, gy.layout().offset())))]);
        }
        Ok(smallvec![Some(gy.reshape_to(&self.kept)?.expand_to(&self.from)?)])
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::ops::cases::{Case, Input};
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let rows = |x: &[Vec<f64>]| -> Vec<f64> { x[0].chunks(4).map(|r| r.iter().sum()).collect() };
    let ends = |x: &[Vec<f64>]| (0..3).map(|j| (0..24).filter(|i| i / 4 % 3 == j).map(|i| x[0][i]).sum()).collect();
    let middle =
        |x: &[Vec<f64>]| (0..8).map(|k| (0..3).map(|j| x[0][k / 4 * 12 + j * 4 + k % 4]).sum::<f64>() / 3.0).collect();
    vec![
        Case::new("sum", x(), |x| Ok(x[0].sum())).value(|x| vec![x[0].iter().sum()]).cannot_fail(),
        Case::new("sum_dim(-1)", x(), |x| x[0].sum_dim(&[-1], true))
            .value(rows)
            .refuses(|x| x[0].sum_dim(&[3], true), "sum: axis 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("sum_dim(0, 2)", x(), |x| x[0].sum_dim(&[0, 2], false))
            .value(ends)
            .refuses(|x| x[0].sum_dim(&[0, -3], false), "sum: axis 0 is named twice in [0, -3] (shape [2, 3, 4])"),
        Case::new("mean", x(), |x| x[0].mean()).value(|x| vec![x[0].iter().sum::<f64>() / 24.0]).refuses(
            |x| x[0].to_dtype(DType::I64).mean(),
            "mean: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
        Case::new("mean_dim(1)", x(), |x| x[0].mean_dim(&[1], false))
            .value(middle)
            .refuses(|x| x[0].mean_dim(&[-4], false), "mean: axis -4 is out of range for shape [2, 3, 4] (−3 to 2)"),
    ]
}
