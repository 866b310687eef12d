//! Distances between rows in the same places.

use super::distance::distance;
use crate::error::Result;
use crate::kernels::distance::{Metric, Pairs};
use crate::ops::check::Check;
use crate::tensor::Tensor;

/// Options of [`Tensor::pairwise_distance`].
///
/// # Examples
/// ```
/// use autograd_core::{DistanceOptions, Tensor};
/// let (a, b) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, -4.0]]));
/// let options = DistanceOptions::new().p(1.0).eps(0.0).keepdim(true);
/// let y = a.pairwise_distance(&b, options)?;
/// assert_eq!((y.shape(), y.item::<f32>()?), (&[1, 1][..], 7.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DistanceOptions {
    metric: Metric,
    keepdim: bool,
}

impl Default for DistanceOptions {
    fn default() -> DistanceOptions {
        DistanceOptions::new()
    }
}

impl DistanceOptions {
    /// Euclidean distances.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DistanceOptions, Tensor};
    /// let (a, b) = (Tensor::from([0.0, 0.0]), Tensor::from([3.0, 4.0]));
    /// let y = a.pairwise_distance(&b, DistanceOptions::new().eps(0.0))?;
    /// assert_eq!(y.item::<f32>()?, 5.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub const fn new() -> DistanceOptions {
        DistanceOptions { metric: Metric { p: 2.0, eps: 1e-6 }, keepdim: false }
    }

    /// The exponent of the norm, any number: 0 counts what is not 0, ∞ and −∞ are the largest and the smallest
    /// magnitude. Default 2.
    #[must_use]
    pub const fn p(self, p: f64) -> DistanceOptions {
        DistanceOptions { metric: Metric { p, ..self.metric }, ..self }
    }

    /// What is added to each difference; default 1e-6.
    #[must_use]
    pub const fn eps(self, eps: f64) -> DistanceOptions {
        DistanceOptions { metric: Metric { eps, ..self.metric }, ..self }
    }

    /// Whether the last dim stays, with size one; default false.
    #[must_use]
    pub const fn keepdim(self, keepdim: bool) -> DistanceOptions {
        DistanceOptions { keepdim, ..self }
    }
}

impl Tensor {
    /// The distance of rows in the same places: `‖a − b + ε‖ₚ` over the last dim.
    ///
    /// # Shapes
    /// `[.., M] × [.., M] → [..]`; the operands are broadcast.
    ///
    /// # Gradient
    /// gy times the slope of the norm; 0 where the distance is 0. Saves both and the distances.
    ///
    /// # Errors
    /// If an operand is a scalar, the shapes do not broadcast, the dtypes differ or are not a float type, or p or eps
    /// is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DistanceOptions, Tensor};
    /// let (a, b) = (Tensor::from([[0.0, 0.0], [1.0, 1.0]]), Tensor::from([3.0, 4.0]));
    /// let y = a.pairwise_distance(&b, DistanceOptions::new().p(f64::INFINITY).eps(0.0))?;
    /// assert_eq!(y.to_vec::<f32>()?, [4.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pairwise_distance(&self, other: &Tensor, options: DistanceOptions) -> Result<Tensor> {
        let check = Check("pairwise_distance");
        check.same_float(self, other)?;
        let Metric { p, eps } = options.metric;
        check.require(!p.is_nan(), "p", p, "a number")?;
        check.require(!eps.is_nan(), "eps", eps, "a number")?;
        let [_] = check.last("the first operand", self, "[.., M]")?;
        let [_] = check.last("the second operand", other, "[.., M]")?;
        let shape = check.broadcast(self.shape(), other.shape())?;
        let (a, b) = (self.expand_to(&shape)?, other.expand_to(&shape)?);
        let y = distance("pairwise_distance", &a, &b, &shape[..shape.len() - 1], Pairs::Each, options.metric)?;
        if options.keepdim { y.unsqueeze(-1) } else { Ok(y) }
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::distance::norm;
    let x = || vec![Input::real(&[2, 3], -2.0..2.0), Input::real(&[3], -2.0..2.0)];
    let case = move |op: &'static str, p: f64| {
        let options = DistanceOptions::new().p(p).eps(0.25);
        Case::new(op, x(), move |x| x[0].pairwise_distance(&x[1], options))
            .value(move |x| {
                let d = |row: &[f64]| row.iter().zip(&x[1]).map(|(a, b)| a - b + 0.25).collect::<Vec<_>>();
                x[0].chunks(3).map(|row| norm(&d(row), p)).collect()
            })
            .not_counting_saved()
    };
    let default = DistanceOptions::new();
    [
        case("pairwise_distance", 2.0)
            .refuses(
                move |x| x[0].pairwise_distance(&x[1].sum(), default),
                "pairwise_distance: the second operand has shape [], expected [.., M]",
            )
            .refuses(
                move |x| x[0].pairwise_distance(&x[1], default.p(f64::NAN)),
                "pairwise_distance: p is NaN, it must be a number",
            )
            .refuses(
                move |x| x[0].pairwise_distance(&x[1].narrow(0, 0, 2)?, default),
                "pairwise_distance: shapes [2, 3] and [2] do not broadcast: 3 ≠ 2 in dimension −1 (counted from the \
                 end)",
            ),
        case("pairwise_distance (5)", 5.0),
        case("pairwise_distance (-1)", -1.0),
        case("pairwise_distance (infinity)", f64::INFINITY),
        case("pairwise_distance (-infinity)", f64::NEG_INFINITY),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, DistanceOptions, Result, Tensor};

    #[test]
    fn slopes_of_high_powers_have_the_digits_of_the_dtype() -> Result<()> {
        let a = Tensor::from([[0.3, 0.7, -0.65], [1.1, -1.3, 1.25], [2.7, 2.6, 2.5], [-0.9, 0.1, 0.87]]);
        for p in [60.0, -60.0] {
            let slopes = |a: &Tensor| -> Result<Vec<f64>> {
                let a = a.requires_grad();
                let y = a.pairwise_distance(&a.detach().zeros_like(), DistanceOptions::new().p(p).eps(0.0))?;
                Ok(y.sum().backward()?.get(&a).expect("it takes part").to_f64s())
            };
            for (got, want) in slopes(&a)?.iter().zip(slopes(&a.to_dtype(DType::F64))?) {
                assert!((got - want).abs() <= 2e-7 * want.abs() + 1e-37, "{p}: {got:e} and {want:e}");
            }
        }
        Ok(())
    }
}
