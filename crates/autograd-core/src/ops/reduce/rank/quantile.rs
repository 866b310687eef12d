//! Quantiles.

use crate::error::{Error, Result};
use crate::kernels::order::rank::sorted_positions;
use crate::ops::check::Check;
use crate::ops::reduce::along::Along;
use crate::ops::reduce::dims::ReduceDims;
use crate::shape::Dims;
use crate::tape::cut;
use crate::tensor::{DType, Float, Tensor, for_float};
use smallvec::SmallVec;

/// The value of a quantile that lies between two elements.
///
/// # Examples
/// ```
/// # use autograd_core::{Interpolation, Quantiles, Tensor};
/// let x = Tensor::from([0.0, 10.0]);
/// let at = |kind| x.quantile(Quantiles::from(0.25).interpolation(kind), 0)?.item::<f32>();
/// assert_eq!((at(Interpolation::Linear)?, at(Interpolation::Midpoint)?), (2.5, 5.0));
/// assert_eq!((at(Interpolation::Lower)?, at(Interpolation::Higher)?, at(Interpolation::Nearest)?), (0.0, 10.0, 0.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// On the line between the two.
    #[default]
    Linear,
    /// The lower one.
    Lower,
    /// The higher one.
    Higher,
    /// The nearer one; of two that are equally near, that of even rank.
    Nearest,
    /// The mean of the two.
    Midpoint,
}

/// One quantile or several, as [`Tensor::quantile`] takes them: numbers, or a tensor of them, from 0 to 1.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// let x = Tensor::from([[1.0, 2.0, 3.0, 4.0, 5.0]]);
/// assert_eq!(x.quantile(0.5, 1)?.shape(), [1]);
/// assert_eq!(x.quantile([0.25, 0.75], 1)?.to_vec::<f32>()?, [2.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Quantiles {
    q: Numbers,
    interpolation: Interpolation,
}

#[derive(Clone, Debug)]
enum Numbers {
    One(f64),
    Several(SmallVec<[f64; 4]>),
    Given(Tensor),
}

impl Quantiles {
    /// The value between two elements; default [`Interpolation::Linear`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Interpolation, Quantiles, Tensor};
    /// let q = Quantiles::from(0.4).interpolation(Interpolation::Higher);
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).quantile(q, 0)?.item::<f32>()?, 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Quantiles {
        self.interpolation = interpolation;
        self
    }
}

impl From<Numbers> for Quantiles {
    fn from(q: Numbers) -> Quantiles {
        Quantiles { q, interpolation: Interpolation::Linear }
    }
}

impl From<f64> for Quantiles {
    fn from(q: f64) -> Quantiles {
        Numbers::One(q).into()
    }
}

impl From<&[f64]> for Quantiles {
    fn from(q: &[f64]) -> Quantiles {
        Numbers::Several(q.into()).into()
    }
}

impl<const N: usize> From<[f64; N]> for Quantiles {
    fn from(q: [f64; N]) -> Quantiles {
        Quantiles::from(&q[..])
    }
}

impl From<&Tensor> for Quantiles {
    fn from(q: &Tensor) -> Quantiles {
        Numbers::Given(q.clone()).into()
    }
}

impl Tensor {
    /// The elements along `dims` of rank `q (n − 1)` of n, counted from 0: q = 0 is the smallest, q = ½ the median, q =
    /// 1 the largest. Several q make a new first dim. NaN where there is a NaN; between two elements of which one is
    /// infinite it is that infinity, and between −∞ and ∞ NaN.
    ///
    /// # Gradient
    /// gy goes to the two elements that the rank lies between, in parts as the value does; and to q, if it is a tensor
    /// that is tracked and the interpolation is linear. Saves the two, and their positions.
    ///
    /// # Errors
    /// If a dim is out of range or named twice or has no elements, a q is not from 0 to 1, or the dtypes differ or are
    /// no float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[3.0, 1.0, 2.0], [6.0, 6.0, 0.0]]);
    /// assert_eq!(x.quantile(0.75, 1)?.to_vec::<f32>()?, [2.5, 6.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn quantile(&self, q: impl Into<Quantiles>, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        quantile("quantile", self, &q.into(), &dims.into(), false)
    }

    /// The quantiles of the elements that are not NaN; NaN if all are. Otherwise like [`Tensor::quantile`].
    ///
    /// # Errors
    /// As for `quantile`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, f32::NAN, 1.0]);
    /// assert_eq!(x.nanquantile(0.5, 0)?.item::<f32>()?, 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nanquantile(&self, q: impl Into<Quantiles>, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        quantile("nanquantile", self, &q.into(), &dims.into(), true)
    }
}

fn quantile(op: &'static str, x: &Tensor, quantiles: &Quantiles, dims: &ReduceDims, skip: bool) -> Result<Tensor> {
    let float = Check(op).float(x)?;
    let q = numbers(op, x, &quantiles.q)?;
    let along = Along::new(op, x, dims)?.not_empty(op, x)?;
    let (count, of) = (along.kept.iter().product::<usize>(), along.count);
    let rows = along.lines(x)?;
    let packed = rows.try_packed(op)?.untied();
    let order = for_float!(float, T => Tensor::compute::<i64, 1>(op, &[count, of], [&packed], move |[x], y| {
        sorted_positions(x.flat::<T>(), of, y);
    }))?;
    // The rank of each quantile of each row: [rows, Q].
    let many = q.numel();
    // A rank is a product in the dtype of x, as in PyTorch, as far as that tells ranks apart.
    let dtype = if of > 1 << 24 { DType::F64 } else { x.dtype() };
    let last = if skip {
        // Of nothing but NaN, the rank is that of one.
        let numbers = packed.eq(&packed)?.sum_dim(crate::keep(1))?.to_dtype(dtype);
        numbers.add_scalar(-1.0).clamp(0.0, f64::INFINITY)?
    } else {
        Tensor::full(&[count, 1], of as f64 - 1.0, dtype)?
    };
    let rank = last.try_mul(&q.reshape_to(&[1, many])?.to_dtype(dtype))?.to_dtype(DType::F64);
    let places = Places { op, float, x: &packed, order: &order, rank: &rank.untied(), skip };
    let at = |round: fn(f64) -> f64| rows.gather(1, &places.positions(round)?);
    if quantiles.interpolation != Interpolation::Linear {
        cut(op, &[&q]);
    }
    let value = match quantiles.interpolation {
        Interpolation::Lower => at(f64::floor)?,
        Interpolation::Higher => at(f64::ceil)?,
        Interpolation::Nearest => at(f64::round_ties_even)?,
        Interpolation::Midpoint => {
            let (low, high) = (at(f64::floor)?, at(f64::ceil)?);
            between(&low, &high, &Tensor::full(&[], 0.5, x.dtype())?)?
        }
        Interpolation::Linear => {
            let (low, weight) = (at(f64::floor)?, rank.try_sub(&places.floors()?)?.to_dtype(x.dtype()));
            // Nothing flows to the quantile of a row that is NaN.
            let weight = low.untied().eq(&low.untied())?.where_cond(&weight, &Tensor::full(&[], 0.0, x.dtype())?)?;
            between(&low, &at(f64::ceil)?, &weight)?
        }
    };
    let mut shape: Dims = SmallVec::from_slice(&along.shape);
    if q.rank() == 1 {
        shape.insert(0, many);
        Check(op).fits_memory(&shape)?;
    }
    value.transpose(0, 1)?.reshape_to(&shape)
}

/// `low + w (high − low)`, and `(1 − w) low + w high` without the terms of no weight where one of the two is infinite:
/// there the difference, or a product, is no number.
fn between(low: &Tensor, high: &Tensor, w: &Tensor) -> Result<Tensor> {
    let zero = Tensor::full(&[], 0.0, low.dtype())?;
    let far = low.untied().isinf().logical_or(&high.untied().isinf())?;
    let near = |x: &Tensor| far.where_cond(&zero, x);
    let weighted = |x: &Tensor, w: &Tensor| {
        let counts = far.logical_and(&w.untied().gt(&zero)?)?;
        counts.where_cond(x, &zero)?.try_mul(&counts.where_cond(w, &zero)?)
    };
    let ends = weighted(low, &w.ones_like().try_sub(w)?)?.try_add(&weighted(high, w)?)?;
    near(low)?.lerp(&near(high)?, w)?.try_add(&ends)
}

/// The quantiles as a tensor of x's dtype, checked.
fn numbers(op: &'static str, x: &Tensor, q: &Numbers) -> Result<Tensor> {
    let q = match q {
        Numbers::One(q) => Tensor::full(&[], *q, x.dtype())?,
        Numbers::Several(q) => Tensor::from_slice(q, &[q.len()])?.to_dtype(x.dtype()),
        Numbers::Given(q) => {
            Check(op).same_dtype(x, q)?;
            if q.rank() > 1 {
                return Err(Error::shape(op, "q", q.shape(), "one dimension at most"));
            }
            q.clone()
        }
    };
    let values = q.try_packed(op)?;
    for_float!(x.float(), T => Tensor::look(op, [&*values], move |[q]| {
        let outside = q.flat::<T>().iter().find(|q| !(0.0..=1.0).contains(*q));
        outside.map_or(Ok(()), |q| Err(Error::argument(op, "q", q, "from 0 to 1")))
    })?);
    Ok(q)
}

/// The elements that ranks fall upon.
struct Places<'a> {
    op: &'static str,
    float: Float,
    /// `[rows, n]`
    x: &'a Tensor,
    /// The positions of each row's elements by their size, NaN last.
    order: &'a Tensor,
    /// `[rows, Q]`, in double precision
    rank: &'a Tensor,
    skip: bool,
}

impl Places<'_> {
    /// The positions of the elements of these ranks, rounded; `[rows, Q]`.
    fn positions(&self, round: fn(f64) -> f64) -> Result<Tensor> {
        let (n, many, skip) = (self.x.shape()[1], self.rank.shape()[1], self.skip);
        let operands = [self.x, self.order, self.rank];
        for_float!(self.float, T => {
            Tensor::compute::<i64, 3>(self.op, self.rank.shape(), operands, move |[x, order, rank], y| {
                let (x, order, rank) = (x.flat::<T>(), order.flat::<i64>(), rank.flat::<f64>());
                for (i, (y, rank)) in y.iter_mut().zip(rank).enumerate() {
                    let row = i / many * n;
                    let last = order[row + n - 1];
                    let spoiled = !skip && x[row + last as usize].is_nan();
                    // Rounding may lead beyond the last rank.
                    let rank = (round(*rank).max(0.0) as usize).min(n - 1);
                    *y = if spoiled { last } else { order[row + rank] };
                }
            })
        })
    }

    /// The ranks without their fractions.
    fn floors(&self) -> Result<Tensor> {
        Tensor::compute::<f64, 1>(self.op, self.rank.shape(), [self.rank], |[rank], y| {
            y.iter_mut().zip(rank.flat::<f64>()).for_each(|(y, rank)| *y = rank.floor());
        })
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || Input::distinct(&[2, 5, 2]);
    let between = |mut x: Vec<f64>, q: f64| {
        x.sort_by(f64::total_cmp);
        let rank = q * (x.len() - 1) as f64;
        let (low, high) = (x[rank.floor() as usize], x[rank.ceil() as usize]);
        (low, high, rank.fract())
    };
    let linear = move |x: Vec<f64>, q: f64| {
        let (low, high, weight) = between(x, q);
        low + (high - low) * weight
    };
    let column = |x: &[Vec<f64>], k: usize| (0..5).map(|j| x[0][k / 2 * 10 + j * 2 + k % 2]).collect::<Vec<_>>();
    let kind = |kind: Interpolation| Quantiles::from(0.3).interpolation(kind);
    [
        Case::new("quantile", vec![x()], |x| x[0].quantile(0.3, 1))
            .value(move |x| (0..4).map(|k| linear(column(x, k), 0.3)).collect())
            .refuses(|x| x[0].quantile(1.5, 1), "quantile: q is 1.5, it must be from 0 to 1")
            .refuses(|x| x[0].quantile([0.5, f64::NAN], 1), "quantile: q is NaN, it must be from 0 to 1")
            .refuses(|x| x[0].quantile(0.5, 3), "quantile: dim 3 is out of range for shape [2, 5, 2] (−3 to 2)")
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.quantile(0.5, 1),
                "quantile: dims [1] of shape [2, 0, 2] have no elements, and quantile of nothing is undefined",
            )
            .refuses(
                |x| x[0].quantile(&x[0].narrow(1, 0, 1)?, 1),
                "quantile: q has shape [2, 1, 2], expected one dimension at most",
            )
            .refuses(
                |x| x[0].quantile(&Tensor::from([0.5]), 1),
                "quantile: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).quantile(0.5, 1),
                "quantile: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("quantile of all by a tensor", vec![x(), Input::real(&[3], 0.05..0.95)], |x| {
            x[0].quantile(&x[1], keep(..))
        })
        .value(move |x| x[1].iter().map(|q| linear(x[0].clone(), *q)).collect()),
        Case::new("quantile (lower)", vec![x()], move |x| x[0].quantile(kind(Interpolation::Lower), 1))
            .value(move |x| (0..4).map(|k| between(column(x, k), 0.3).0).collect()),
        Case::new("quantile (higher)", vec![x()], move |x| x[0].quantile(kind(Interpolation::Higher), keep(1)))
            .value(move |x| (0..4).map(|k| between(column(x, k), 0.3).1).collect()),
        Case::new("quantile (nearest)", vec![x()], move |x| x[0].quantile(kind(Interpolation::Nearest), 1))
            .value(move |x| (0..4).map(|k| between(column(x, k), 0.3).0).collect()),
        Case::new("quantile (midpoint)", vec![x()], move |x| x[0].quantile(kind(Interpolation::Midpoint), 1)).value(
            move |x| {
                let ends = |k| between(column(x, k), 0.3);
                (0..4).map(|k| f64::midpoint(ends(k).0, ends(k).1)).collect()
            },
        ),
        Case::new("nanquantile by a tensor", vec![x(), Input::real(&[], 0.05..0.95)], |x| x[0].nanquantile(&x[1], 1))
            .value(move |x| (0..4).map(|k| linear(column(x, k), x[1][0])).collect()),
        Case::new("nanquantile", vec![x()], |x| x[0].nanquantile([0.0, 0.6, 1.0], [0, 2]))
            .value(move |x| {
                let column = |j: usize| [0, 1, 10, 11].map(|k| x[0][j * 2 + k]).to_vec();
                [0.0, 0.6, 1.0].into_iter().flat_map(|q| (0..5).map(move |j| linear(column(j), q))).collect()
            })
            .refuses(|x| x[0].nanquantile(-0.1, 0), "nanquantile: q is -0.1, it must be from 0 to 1"),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn infinities_have_quantiles() -> crate::Result<()> {
        let inf = f64::INFINITY;
        let x = Tensor::from([[-inf, -inf, 1.0, 2.0, inf], [0.0, inf, inf, inf, inf]]).requires_grad();
        let expected = [(0.0, [-inf, 0.0]), (0.125, [-inf, inf]), (0.3, [-inf, inf]), (0.625, [1.5, inf])];
        for (q, expected) in expected.into_iter().chain([(0.75, [2.0, inf]), (0.8, [inf, inf]), (1.0, [inf, inf])]) {
            let y = x.quantile(q, 1)?;
            assert_eq!(y.to_f64s(), expected, "{q}");
            let gradient = crate::grad(&y.sum(), &[&x])?[0].to_f64s();
            for row in gradient.chunks(5) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{q}: {row:?}");
            }
        }
        let middle = super::Quantiles::from(0.6).interpolation(super::Interpolation::Midpoint);
        assert_eq!(x.quantile(middle, 1)?.to_f64s(), [1.5, inf]);
        assert!(Tensor::from([-inf, inf]).quantile(0.5, 0)?.item::<f64>()?.is_nan());
        Ok(())
    }

    #[test]
    fn nan_spoils_a_row_unless_it_is_skipped() {
        let nan = f64::NAN;
        let x = Tensor::from_slice(&[1.0, nan, 3.0, 5.0, nan, nan, nan, nan], &[2, 4]).expect("eight");
        let values = |y: crate::Result<Tensor>| y.expect("not empty").to_f64s();
        assert!(values(x.quantile(0.5, 1)).iter().all(|y| y.is_nan()));
        let skipped = values(x.nanquantile([0.5, 1.0], 1));
        assert!(skipped[0] == 3.0 && skipped[1].is_nan() && skipped[2] == 5.0 && skipped[3].is_nan());
    }
}
