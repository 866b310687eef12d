//! Running maximum and minimum, with their positions.

use super::along::Along;
use crate::error::Result;
use crate::kernels::scan::best_positions;
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::{DType, Tensor, for_float};

impl Tensor {
    /// The largest element up to each place along `dim`, and its position (`I64`): of equal elements the last one. From
    /// the first NaN on, all are NaN.
    ///
    /// # Gradient
    /// gy is added to the element chosen. Saves the positions.
    ///
    /// # Errors
    /// If the dim is out of range, or the tensor is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, indices) = Tensor::from([1.0, 3.0, 2.0, 3.0]).cummax(0)?;
    /// assert_eq!(values.to_vec::<f32>()?, [1.0, 3.0, 3.0, 3.0]);
    /// assert_eq!(indices.to_vec::<i64>()?, [0, 1, 1, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cummax(&self, dim: impl Dim) -> Result<(Tensor, Tensor)> {
        cummax_of(self, dim.signed())
    }

    /// The smallest element up to each place along `dim`, and its position; otherwise like [`Tensor::cummax`].
    ///
    /// # Errors
    /// As for `cummax`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, indices) = Tensor::from([2, 1, 3]).cummin(0)?;
    /// assert_eq!((values.to_vec::<i64>()?, indices.to_vec::<i64>()?), (vec![2, 1, 1], vec![0, 1, 1]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cummin(&self, dim: impl Dim) -> Result<(Tensor, Tensor)> {
        cummin_of(self, dim.signed())
    }
}

fn cummax_of(x: &Tensor, dim: isize) -> Result<(Tensor, Tensor)> {
    best::<false>("cummax", x, dim)
}

fn cummin_of(x: &Tensor, dim: isize) -> Result<(Tensor, Tensor)> {
    best::<true>("cummin", x, dim)
}

fn best<const SMALLEST: bool>(op: &'static str, x: &Tensor, dim: isize) -> Result<(Tensor, Tensor)> {
    let Along { length, inner, .. } = Along::new(op, x, dim)?;
    let packed = x.try_packed(op)?;
    let index = if x.dtype() == DType::I64 {
        let better = |x: i64, best: i64| if SMALLEST { x <= best } else { x >= best };
        Tensor::compute::<i64, 1>(op, x.shape(), [&*packed], move |[x], y| {
            best_positions(better, x.flat::<i64>(), length, inner, y);
        })?
    } else {
        for_float!(Check(op).float(x)?, T => {
            let better = |x: T, best: T| {
                // Most elements lose, by one comparison.
                let loses = if SMALLEST { x > best } else { x < best };
                !loses && (!best.is_nan() || x.is_nan())
            };
            Tensor::compute::<i64, 1>(op, x.shape(), [&*packed], move |[x], y| {
                best_positions(better, x.flat::<T>(), length, inner, y);
            })?
        })
    };
    Ok((x.gather(dim, &index)?, index))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[2, 3, 4])];
    let along = |join: fn(f64, f64) -> f64, start: f64| {
        move |x: &[Vec<f64>]| -> Vec<f64> {
            let so_far = |i: usize| (0..=i / 4 % 3).map(move |j| i / 12 * 12 + j * 4 + i % 4);
            (0..24).map(|i| so_far(i).map(|at| x[0][at]).fold(start, join)).collect()
        }
    };
    [
        Case::new("cummax(1)", x(), |x| Ok(x[0].cummax(1)?.0))
            .value(along(f64::max, f64::NEG_INFINITY))
            .refuses(|x| Ok(x[0].cummax(3)?.0), "cummax: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| Ok(x[0].to_dtype(DType::Bool).cummax(0)?.0),
                "cummax: dtype is Bool, expected F32 or F64; to_dtype converts",
            ),
        Case::new("cummin(1)", x(), |x| Ok(x[0].cummin(-2)?.0))
            .value(along(f64::min, f64::INFINITY))
            .refuses(|x| Ok(x[0].cummin(-4)?.0), "cummin: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("cummin of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| Ok(x[0].cummin(0)?.0))
            .value(|x| x[0].clone()),
        Case::new("cummax (positions)", vec![Input::index(&[6], 3)], |x| Ok(x[0].cummax(0)?.1))
            .value(|x| {
                let best = |i: usize| (0..=i).max_by(|a, b| x[0][*a].total_cmp(&x[0][*b])).expect("one at least");
                (0..6).map(|i| best(i) as f64).collect()
            })
            .without_gradient(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn nan_stays_and_the_last_of_equal_elements_is_chosen() {
        let x = Tensor::from([1.0, 1.0, f32::NAN, 5.0, f32::NAN]);
        for (values, indices) in [x.cummax(0), x.cummin(0)].map(|both| both.expect("a dim")) {
            assert_eq!(indices.to_f64s(), [0.0, 1.0, 2.0, 2.0, 4.0]);
            assert_eq!(
                values.to_f64s().iter().map(|x| x.is_nan()).collect::<Vec<_>>(),
                [false, false, true, true, true]
            );
        }
        let zeros = Tensor::from([0.0, -0.0, 0.0]);
        assert_eq!(zeros.cummax(0).expect("a dim").1.to_f64s(), [0.0, 1.0, 2.0]);
    }
}
