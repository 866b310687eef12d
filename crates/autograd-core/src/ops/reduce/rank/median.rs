//! Median.

use crate::error::Result;
use crate::kernels::order::rank::median_positions;
use crate::ops::check::Check;
use crate::ops::reduce::along::Along;
use crate::ops::reduce::amax::shared;
use crate::ops::reduce::dims::{ReduceDims, keep};
use crate::tensor::{DType, Tensor, for_any, for_float};

impl Tensor {
    /// The median of all elements: the lower one of two. NaN if there is one. Integers stay integers.
    ///
    /// # Gradient
    /// Shared equally between the elements that are equal to it (between the NaNs, if there are any). Saves x and y.
    ///
    /// # Errors
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([3.0, 1.0, 4.0, 2.0]).median()?.item::<f32>()?, 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn median(&self /* all elements; over dim 1: median_dim(1)? */) -> Result<Tensor> {
        of_all("median", self, false)
    }

    /// The median of all elements that are not NaN; NaN if all are. Otherwise like [`Tensor::median`].
    ///
    /// # Errors
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([3.0, f32::NAN, 1.0]).nanmedian()?.item::<f32>()?, 1.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nanmedian(&self /* all elements; over dim 1: nanmedian_dim(1)? */) -> Result<Tensor> {
        of_all("nanmedian", self, true)
    }

    /// The medians along `dim` and their positions (`I64`): the lower one of two; of equal elements, in their order,
    /// the one in the middle. Where there is a NaN, the first one.
    ///
    /// # Gradient
    /// gy goes to the element chosen. Saves the positions.
    ///
    /// # Errors
    /// If the dim is out of range or has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, indices) = Tensor::from([[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]]).median_dim(1)?;
    /// assert_eq!((values.to_vec::<f32>()?, indices.to_vec::<i64>()?), (vec![2.0, 5.0], vec![2, 2]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn median_dim(&self, dim: impl Into<ReduceDims>) -> Result<(Tensor, Tensor)> {
        chosen("median_dim", self, &dim.into(), false)
    }

    /// The medians along `dim` of what is not NaN, and their positions; otherwise like [`Tensor::median_dim`].
    ///
    /// # Errors
    /// As for `median_dim`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, _) = Tensor::from([[3.0, 1.0, 2.0], [4.0, f32::NAN, 5.0]]).nanmedian_dim(1)?;
    /// assert_eq!(values.to_vec::<f32>()?, [2.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nanmedian_dim(&self, dim: impl Into<ReduceDims>) -> Result<(Tensor, Tensor)> {
        chosen("nanmedian_dim", self, &dim.into(), true)
    }
}

/// The positions of the medians, in rows of what is folded.
fn positions(op: &'static str, x: &Tensor, along: &Along, skip: bool) -> Result<Tensor> {
    let (rows, width) = (along.rows(x), along.count);
    let shape = [along.kept.iter().product(), width];
    if shape[0] == 0 {
        // Of no rows, which may be empty themselves.
        return Tensor::zeros(&along.shape, DType::I64);
    }
    let all = if x.dtype() == DType::I64 {
        Tensor::compute::<i64, 1>(op, &shape, [&rows], move |[rows], y| {
            median_positions(rows.flat::<i64>(), width, skip, y);
        })?
    } else {
        for_float!(Check(op).float(x)?, T => Tensor::compute::<i64, 1>(op, &shape, [&rows], move |[rows], y| {
            median_positions(rows.flat::<T>(), width, skip, y);
        })?)
    };
    // The median is first in its row; the others are not kept.
    all.narrow(1, 0, 1)?.reshape_to(&along.shape).map(|first| first.contiguous())
}

fn of_all(op: &'static str, x: &Tensor, skip: bool) -> Result<Tensor> {
    let along = Along::new(op, x, &(..).into())?.not_empty(op, x)?;
    let position = positions(op, x, &along, skip)?;
    let rows = along.rows(x);
    let value = for_any!(x.dtype(), T => Tensor::moved::<T, 2>(op, &[], [&rows, &position], |[x, at], y| {
        y[0] = x.flat::<T>()[at.flat::<i64>()[0] as usize];
    }))?;
    if !x.dtype().is_float() {
        return Ok(value);
    }
    Ok(shared(op, x, value, along))
}

fn chosen(op: &'static str, x: &Tensor, dims: &ReduceDims, skip: bool) -> Result<(Tensor, Tensor)> {
    let dim = dims.only(op, x.shape())?;
    let along = Along::new(op, x, &keep(dim))?.not_empty(op, x)?;
    let index = positions(op, x, &along, skip)?;
    let values = x.gather(dim, &index)?;
    if dims.keep || x.rank() == 0 {
        return Ok((values, index));
    }
    Ok((values.squeeze(&[dim])?, index.squeeze(&[dim])?))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[2, 4, 3])];
    let lower = |x: &mut Vec<f64>| {
        x.sort_by(f64::total_cmp);
        x[(x.len() - 1) / 2]
    };
    let middle = move |x: &[Vec<f64>]| -> Vec<f64> {
        (0..6).map(|k| lower(&mut (0..4).map(|j| x[0][k / 3 * 12 + j * 3 + k % 3]).collect())).collect()
    };
    let nothing = "have no elements, and";
    [
        Case::new("median", x(), |x| x[0].median()).value(move |x| vec![lower(&mut x[0].clone())]).refuses(
            |x| x[0].narrow(0, 0, 0)?.median(),
            format!("median: dims [0, 1, 2] of shape [0, 4, 3] {nothing} median of nothing is undefined"),
        ),
        Case::new("nanmedian", x(), |x| x[0].nanmedian()).value(move |x| vec![lower(&mut x[0].clone())]).refuses(
            |x| x[0].to_dtype(DType::Bool).nanmedian(),
            "nanmedian: dtype is Bool, expected F32 or F64; to_dtype converts",
        ),
        Case::new("median_dim(1)", x(), |x| Ok(x[0].median_dim(1)?.0))
            .value(middle)
            .refuses(|x| Ok(x[0].median_dim(3)?.0), "median_dim: dim 3 is out of range for shape [2, 4, 3] (−3 to 2)")
            .refuses(|x| Ok(x[0].median_dim([0, 1])?.0), "median_dim: needs one dim, got [0, 1] (shape [2, 4, 3])")
            .refuses(
                |x| Ok(x[0].narrow(1, 0, 0)?.median_dim(1)?.0),
                format!("median_dim: dims [1] of shape [2, 0, 3] {nothing} median_dim of nothing is undefined"),
            ),
        Case::new("nanmedian_dim(1)", x(), |x| Ok(x[0].nanmedian_dim(keep(-2))?.0))
            .value(middle)
            .refuses(|x| Ok(x[0].nanmedian_dim(..)?.0), "nanmedian_dim: needs one dim, got .. (shape [2, 4, 3])"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn ties_share_the_gradient_of_all_and_nan_is_the_median_unless_it_is_skipped() {
        let x = Tensor::from([1.0, 2.0, 2.0, 5.0]).requires_grad();
        let gradient = |y: &Tensor| y.backward_keep().expect("tracked").get(&x).expect("a leaf").to_f64s();
        assert_eq!(gradient(&x.median().expect("not empty")), [0.0, 0.5, 0.5, 0.0]);
        assert_eq!(gradient(&x.median_dim(0).expect("not empty").0), [0.0, 1.0, 0.0, 0.0]);
        let x = Tensor::from([[1.0, f32::NAN, 0.0], [f32::NAN, f32::NAN, f32::NAN]]);
        let (values, indices) = x.median_dim(1).expect("not empty");
        assert!(values.to_f64s().iter().all(|x| x.is_nan()));
        assert_eq!(indices.to_f64s(), [1.0, 0.0]);
        let (values, indices) = x.nanmedian_dim(1).expect("not empty");
        assert!(values.to_f64s()[0] == 0.0 && values.to_f64s()[1].is_nan());
        assert_eq!(indices.to_f64s(), [2.0, 0.0]);
        let nothing = Tensor::zeros(&[0, 0], crate::DType::F32).expect("empty");
        let (values, indices) = nothing.median_dim(1).expect("of no rows");
        assert_eq!((values.shape(), indices.shape()), (&[0][..], &[0][..]));
        assert_eq!(Tensor::from([3, 1, 2, 4]).median().expect("not empty").item::<i64>().expect("one"), 2);
    }
}
