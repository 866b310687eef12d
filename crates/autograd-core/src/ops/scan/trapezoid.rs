//! Integrals by the trapezoidal rule.

use super::cumsum::summed;
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::shape::{Dim, Dims};
use crate::tensor::Tensor;

/// The places at which a function is known: a distance, or the places themselves.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// let y = Tensor::from([1.0, 3.0, 2.0]);
/// assert_eq!(y.trapezoid(0.5, 0)?.item::<f32>()?, 2.25);
/// assert_eq!(y.trapezoid(&Tensor::from([0.0, 1.0, 3.0]), 0)?.item::<f32>()?, 7.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Spacing<'a> {
    /// Neighbours have this distance.
    Every(f64),
    /// The places: a vector of the size of the dim, or a tensor that broadcasts to the values.
    At(&'a Tensor),
}

impl From<f64> for Spacing<'_> {
    fn from(distance: f64) -> Self {
        Spacing::Every(distance)
    }
}

impl<'a> From<&'a Tensor> for Spacing<'a> {
    fn from(places: &'a Tensor) -> Self {
        Spacing::At(places)
    }
}

impl Tensor {
    /// `Σ (x[k + 1] − x[k]) (y[k] + y[k + 1]) / 2` along `dim`: the integral of a function with these values.
    ///
    /// # Gradient
    /// Flows to the values and to the places.
    ///
    /// # Errors
    /// If the dim is out of range, the dtypes differ or are no float type, or the places do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[0.0, 1.0, 4.0], [1.0, 1.0, 1.0]]);
    /// assert_eq!(y.trapezoid(1.0, -1)?.to_vec::<f32>()?, [3.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn trapezoid<'a>(&self, x: impl Into<Spacing<'a>>, dim: impl Dim) -> Result<Tensor> {
        trapezoid_of(self, x.into(), dim.signed())
    }

    /// The integrals of [`Tensor::trapezoid`] up to each place but the first.
    ///
    /// # Errors
    /// As for `trapezoid`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0, 4.0]);
    /// assert_eq!(y.cumulative_trapezoid(1.0, 0)?.to_vec::<f32>()?, [0.5, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cumulative_trapezoid<'a>(&self, x: impl Into<Spacing<'a>>, dim: impl Dim) -> Result<Tensor> {
        cumulative_trapezoid_of(self, x.into(), dim.signed())
    }
}

fn trapezoid_of(y: &Tensor, x: Spacing<'_>, dim: isize) -> Result<Tensor> {
    let (areas, d) = areas("trapezoid", y, x, dim)?;
    areas.sum_dim(d)
}

fn cumulative_trapezoid_of(y: &Tensor, x: Spacing<'_>, dim: isize) -> Result<Tensor> {
    let (areas, d) = areas("cumulative_trapezoid", y, x, dim)?;
    summed(&areas, d, false)
}

/// The area between each two neighbours.
fn areas(op: &'static str, y: &Tensor, x: Spacing<'_>, dim: isize) -> Result<(Tensor, usize)> {
    let (d, size) = Check(op).sized_dim(dim, y.shape())?;
    Check(op).float(y)?;
    y.can_be_packed(op)?;
    let steps = size.saturating_sub(1);
    let between = |x: &Tensor, d: usize| Ok::<_, Error>((x.narrow(d, 0, steps)?, x.narrow(d, size - steps, steps)?));
    let (left, right) = between(y, d)?;
    let sums = left.try_add(&right)?;
    let areas = match x {
        Spacing::Every(distance) => sums.mul_scalar(distance / 2.0),
        Spacing::At(x) => {
            Check(op).same_dtype(y, x)?;
            let x = match x.rank() {
                // One place for each entry of the dim, whatever the others are.
                1 => {
                    let mut shape = Dims::from_elem(1, y.rank());
                    shape[d] = x.numel();
                    x.reshape_to(&shape)?
                }
                _ => x.clone(),
            };
            let missing = y.rank().checked_sub(x.rank());
            let at = missing.and_then(|missing| d.checked_sub(missing)).filter(|at| x.shape()[*at] == size);
            let Some(at) = at else {
                let expected = format!("one that broadcasts to {:?} and has size {size} along dim {d}", y.shape());
                return Err(Error::shape(op, "x", x.shape(), expected));
            };
            Check(op).broadcasts_to("x", &x, y.shape())?;
            let (left, right) = between(&x, at)?;
            sums.try_mul(&right.try_sub(&left)?)?.mul_scalar(0.5)
        }
    };
    Ok((areas, d))
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let y = || Input::real(&[2, 3, 2], -2.0..2.0);
    let area = |x: &[Vec<f64>], o: usize, k: usize, i: usize| {
        let at = |k: usize| x[0][(o * 3 + k) * 2 + i];
        (x[1][k + 1] - x[1][k]) * (at(k) + at(k + 1)) / 2.0
    };
    let expected = "expected one that broadcasts to [2, 3, 2] and has size 3 along dim 1";
    [
        Case::new("trapezoid", vec![y(), Input::real(&[3], -2.0..2.0)], |x| x[0].trapezoid(&x[1], 1))
            .value(move |x| (0..4).map(|i| area(x, i / 2, 0, i % 2) + area(x, i / 2, 1, i % 2)).collect())
            .refuses(|x| x[0].trapezoid(1.0, 3), "trapezoid: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)")
            .refuses(
                |x| x[0].trapezoid(&x[1].narrow(0, 0, 2)?, 1),
                format!("trapezoid: x has shape [1, 2, 1], {expected}"),
            )
            .refuses(|x| x[0].trapezoid(&x[1].sum(), 1), format!("trapezoid: x has shape [], {expected}"))
            .refuses(
                |x| x[0].trapezoid(&x[1].to_dtype(DType::F32), 1),
                "trapezoid: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).trapezoid(1.0, 1),
                "trapezoid: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("trapezoid of equal steps", vec![y()], |x| x[0].trapezoid(0.5, -2)).value(move |x| {
            let x = [x[0].clone(), vec![0.0, 0.5, 1.0]];
            (0..4).map(|i| area(&x, i / 2, 0, i % 2) + area(&x, i / 2, 1, i % 2)).collect()
        }),
        Case::new("cumulative_trapezoid", vec![y(), Input::real(&[3, 1], -2.0..2.0)], |x| {
            x[0].cumulative_trapezoid(&x[1], 1)
        })
        .value(move |x| {
            let so_far = |i: usize| (0..=i / 2 % 2).map(move |k| (i / 4, k, i % 2));
            (0..8).map(|i| so_far(i).map(|(o, k, i)| area(x, o, k, i)).sum()).collect()
        })
        .refuses(
            |x| x[0].sum().cumulative_trapezoid(1.0, 0),
            "cumulative_trapezoid: dim 0 is out of range for shape [] (here a scalar has no dim)",
        ),
    ]
}];
