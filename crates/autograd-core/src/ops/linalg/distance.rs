//! Distances between all pairs of rows.

use crate::error::{Error, Result};
use crate::kernels::distance::{self, Metric, Pairs, distances, distances_pull};
use crate::ops::check::Check;
use crate::ops::reduce::dims::keep;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// The distance of each row of this tensor to each row of `other`: `‖aᵢ − bⱼ‖ₚ`, from differences, not from
    /// products of rows, in which near rows would lose all digits. For p = 0 the number of elements that differ, for p
    /// = ∞ the largest difference.
    ///
    /// # Shapes
    /// `[.., P, M] × [.., R, M] → [.., P, R]`, the leading dims broadcast.
    ///
    /// # Gradient
    /// gy times the slope of the norm; 0 where a distance is 0, shared equally between ties for p = ∞. Saves both and
    /// the distances.
    ///
    /// # Accuracy
    /// Sums in double precision; for p = 1 and 2 and at least 16 rows of up to 4096 elements in both, in the dtype of
    /// the operands, in parts of 32 terms. Where only one operand has leading dims, all its rows count.
    ///
    /// # Errors
    /// If the shapes do not fit, the dtypes differ or are not a float type, or p is negative or NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, 4.0], [1.0, 0.0]]));
    /// assert_eq!(a.cdist(&b, 2.0)?.to_vec::<f32>()?, [5.0, 1.0]);
    /// assert_eq!(a.cdist(&b, f64::INFINITY)?.to_vec::<f32>()?, [4.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cdist(&self, other: &Tensor, p: f64) -> Result<Tensor> {
        let check = Check("cdist");
        check.same_float(self, other)?;
        check.require(p >= 0.0, "p", p, "at least 0")?;
        let [m, width] = check.last("the first operand", self, "[.., P, M]")?;
        let [n, _] = check.last("the second operand", other, format_args!("[.., R, {width}]"))?;
        if other.shape()[other.rank() - 1] != width {
            return Err(Error::shape("cdist", "the second operand", other.shape(), format_args!("[.., R, {width}]")));
        }
        let leading = |x: &Tensor| x.shape()[..x.rank() - 2].to_vec();
        let batch = check.broadcast(&leading(self), &leading(other))?;
        let of = |last: [usize; 2]| [&batch[..], &last].concat();
        if self.rank() == 2 && other.rank() > 2 && other.numel() > 0 {
            return other.cdist(self, p)?.transpose(-1, -2);
        }
        if self.rank() > 2 && other.rank() == 2 && self.numel() > 0 {
            // All batches have the same partners: their rows are those of one, and no partner is copied for each.
            check.room(&of([m, n]), self.dtype())?;
            return self.reshape_to(&[self.numel() / width, width])?.cdist(other, p)?.reshape_to(&of([m, n]));
        }
        let (a, b) = (self.expand_to(&of([m, width]))?, other.expand_to(&of([n, width]))?);
        distance("cdist", &a, &b, &of([m, n]), Pairs::All { m, n }, Metric { p, eps: 0.0 })
    }

    /// The distance of each row to each one behind it: `‖xᵢ − xⱼ‖ₚ` for i < j, the upper triangle of [`Tensor::cdist`]
    /// with itself, row by row.
    ///
    /// # Shapes
    /// `[N, M] → [N (N − 1) / 2]`.
    ///
    /// # Gradient
    /// As for `cdist`.
    ///
    /// # Errors
    /// If the tensor does not have two dimensions or is not of a float type, or p is negative or NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]).pdist(2.0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [5.0, 3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pdist(&self, p: f64) -> Result<Tensor> {
        let check = Check("pdist");
        check.float(self)?;
        check.require(p >= 0.0, "p", p, "at least 0")?;
        let [n, _] = check.shape("the input", self, "[N, M]")?;
        let pairs = n.checked_mul(n.saturating_sub(1)).ok_or_else(|| Error::too_large("pdist", &[n, n]))? / 2;
        distance("pdist", self, self, &[pairs], Pairs::Upper { n }, Metric { p, eps: 0.0 })
    }
}

/// The distances of pairs of rows, recorded. Both operands have the same leading dims, or are one.
pub(super) fn distance(
    op: &'static str,
    a: &Tensor,
    b: &Tensor,
    shape: &[usize],
    pairs: Pairs,
    metric: Metric,
) -> Result<Tensor> {
    let of = distance::Distance { width: a.shape().last().copied().unwrap_or(1), pairs, metric };
    let (left, right) = (a.try_packed(op)?, b.try_packed(op)?);
    let value = for_float!(a.float(), T => {
        Tensor::compute::<T, 2>(op, shape, [&*left, &*right], move |[a, b], y| {
            distances::<T>(of, a.flat(), b.flat(), y);
        })
    })?;
    let same = matches!(pairs, Pairs::Upper { .. });
    let pullback = |y: &Tensor| Distance {
        op,
        a: Saved::input(0, a),
        b: Saved::input(usize::from(!same), b),
        y: Saved::output(y),
        pairs,
        metric,
    };
    Ok(if same { record(op, value, &[a], pullback) } else { record(op, value, &[a, b], pullback) })
}

struct Distance {
    op: &'static str,
    a: Saved,
    b: Saved,
    y: Saved,
    pairs: Pairs,
    metric: Metric,
}

impl Distance {
    /// The gradient of the differences `d` of norms `y`, as differentiable tensor code. What is chosen is chosen last:
    /// others have nothing of an infinite gradient.
    fn slope(&self, d: &Tensor, y: &Tensor, gy: &Tensor) -> Result<Tensor> {
        let none = Tensor::full(&[], 0.0, d.dtype())?;
        let one = Tensor::full(&[], 1.0, d.dtype())?;
        let nowhere = y.eq_scalar(0.0);
        // Where the distance is 0, nothing of it may leak.
        let y = nowhere.where_cond(&one, y)?;
        let slope = match self.metric.p {
            p if p == 0.0 || d.numel() == 0 => d.zeros_like(),
            1.0 => d.sign().try_mul(gy)?,
            2.0 => d.try_div(&y)?.try_mul(gy)?,
            p if p.is_infinite() => {
                let magnitudes = d.untied().abs();
                let extreme = if p > 0.0 { magnitudes.amax(keep(-1))? } else { magnitudes.amin(keep(-1))? };
                let chosen = magnitudes.eq(&extreme)?;
                let count = chosen.to_dtype(d.dtype()).sum_dim(keep(-1))?;
                chosen.where_cond(&d.sign().try_div(&count)?.try_mul(gy)?, &none)?
            }
            p => {
                let flat = d.eq_scalar(0.0);
                let ratio = flat.where_cond(&one, &d.abs().try_div(&y)?)?;
                ratio.powf(p - 1.0).try_mul(&d.sign())?.try_mul(gy)?
            }
        };
        nowhere.where_cond(&none, &slope)
    }

    /// The fused gradient of the first operand, or of the second.
    fn fused(&self, gy: &Tensor, second: bool) -> Result<Tensor> {
        let (rows, others) = if second { (&self.b, &self.a) } else { (&self.a, &self.b) };
        let (rows, others) = (rows.value().try_packed(self.op)?, others.value().try_packed(self.op)?);
        let (y, gy) = (self.y.value().try_packed(self.op)?, gy.try_packed(self.op)?);
        let (pairs, metric) = (self.pairs, self.metric);
        let of = distance::Distance { width: rows.shape().last().copied().unwrap_or(1), pairs, metric };
        let operands = [&*rows, &*others, &*y, &*gy];
        for_float!(rows.float(), T => {
            Tensor::compute::<T, 4>(self.op, rows.shape(), operands, move |[rows, others, y, gy], gx| {
                let (rows, others) = (rows.flat::<T>(), others.flat::<T>());
                distances_pull::<T>(of, second, [rows, others], [y.flat(), gy.flat()], gx);
            })
        })
    }
}

impl Pullback for Distance {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, b, y, gy) = (self.a.get(at), self.b.get(at), self.y.get(at), at.gy());
        let (y, gy) = (y.unsqueeze(-1)?, gy.unsqueeze(-1)?);
        match self.pairs {
            Pairs::All { .. } => {
                let d = a.unsqueeze(-2)?.try_sub(&b.unsqueeze(-3)?)?;
                let gd = self.slope(&d, &y, &gy)?;
                at.give(1, || Ok(gd.sum_dim(-3)?.neg()))?;
                at.give(0, || gd.sum_dim(-2))
            }
            Pairs::Each => {
                let d = a.try_sub(&b)?.add_scalar(self.metric.eps);
                let gd = self.slope(&d, &y, &gy)?;
                at.give(1, || Ok(gd.neg()))?;
                at.give(0, || Ok(gd.clone()))
            }
            Pairs::Upper { n } => {
                let pairs = n * n.saturating_sub(1) / 2;
                let [first, second] = [false, true].map(|second| {
                    Tensor::moved::<i64, 0>(self.op, &[pairs], [], move |[], y| {
                        let all = (0..n).flat_map(|i| (i + 1..n).map(move |j| if second { j } else { i }));
                        y.iter_mut().zip(all).for_each(|(y, row)| *y = row as i64);
                    })
                });
                let (first, second) = (first?, second?);
                let d = a.index_select(0, &first)?.try_sub(&a.index_select(0, &second)?)?;
                let gd = self.slope(&d, &y, &gy)?;
                at.give(0, || {
                    let none = Tensor::zeros(a.shape(), a.dtype())?;
                    none.index_add(0, &first, &gd, 1.0)?.index_add(0, &second, &gd, -1.0)
                })
            }
        }
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        if matches!(self.pairs, Pairs::Upper { .. }) {
            return at.give(0, || self.fused(gy, false)?.try_add(&self.fused(gy, true)?));
        }
        at.give(1, || self.fused(gy, true))?;
        at.give(0, || self.fused(gy, false))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.b);
        see(&self.y);
    }
}

/// The norm of the reference.
#[cfg(test)]
pub(super) fn norm(d: &[f64], p: f64) -> f64 {
    let magnitudes = d.iter().map(|d| d.abs());
    match p {
        0.0 => d.iter().filter(|d| **d != 0.0).count() as f64,
        f64::INFINITY => magnitudes.fold(0.0, f64::max),
        f64::NEG_INFINITY => magnitudes.fold(f64::INFINITY, f64::min),
        p => magnitudes.map(|d| d.powf(p)).sum::<f64>().powf(1.0 / p),
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let row = |x: &[f64], i: usize| x[i * 3..i * 3 + 3].to_vec();
    let of = move |a: Vec<f64>, b: Vec<f64>, p: f64| norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>(), p);
    let cdist = move |op: &'static str, p: f64| {
        Case::new(op, vec![x(&[2, 3]), x(&[4, 3])], move |x| x[0].cdist(&x[1], p))
            .value(move |x| (0..8).map(|e| of(row(&x[0], e / 4), row(&x[1], e % 4), p)).collect())
            .not_counting_saved()
    };
    // The pairs of tens of thousands of rows are larger than memory, though they could be taken for possible.
    let few = |x: &Tensor| {
        let rows = x.shape().first().copied().unwrap_or(1);
        Check("pdist").require(rows < 1000, "N", rows, "below 1000")
    };
    let pdist = move |op: &'static str, p: f64| {
        let pairs = || (0..4).flat_map(|i| (i + 1..4).map(move |j| (i, j)));
        Case::new(op, vec![x(&[4, 3])], move |x| few(&x[0]).and_then(|()| x[0].pdist(p)))
            .value(move |x| pairs().map(|(i, j)| of(row(&x[0], i), row(&x[0], j), p)).collect())
    };
    [
        cdist("cdist", 2.0)
            .refuses(|x| x[0].cdist(&x[1], -1.0), "cdist: p is -1.0, it must be at least 0")
            .refuses(|x| x[0].cdist(&x[1].t()?, 2.0), "cdist: the second operand has shape [3, 4], expected [.., R, 3]")
            .refuses(
                |x| x[0].cdist(&x[1].sum_dim(0)?, 2.0),
                "cdist: the second operand has shape [3], expected [.., R, 3]",
            )
            .refuses(
                |x| x[0].cdist(&x[1].to_dtype(DType::F32), 2.0),
                "cdist: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        cdist("cdist (1)", 1.0),
        cdist("cdist (1.5)", 1.5),
        cdist("cdist (3)", 3.0),
        cdist("cdist (infinity)", f64::INFINITY),
        cdist("cdist (0)", 0.0),
        Case::new("cdist (batches)", vec![x(&[1, 2, 3]), x(&[5, 1, 4, 3])], |x| x[0].cdist(&x[1], 2.0))
            .not_counting_saved(),
        Case::new("cdist (of batches with rows)", vec![x(&[2, 2, 3]), x(&[4, 3])], |x| x[0].cdist(&x[1], 1.5))
            .value(move |x| (0..16).map(|e| of(row(&x[0], e / 4), row(&x[1], e % 4), 1.5)).collect())
            .not_counting_saved(),
        Case::new("cdist (of rows with batches)", vec![x(&[2, 2, 3]), x(&[4, 3])], |x| x[1].cdist(&x[0], 1.5))
            .value(move |x| {
                let pair = |e: usize| of(row(&x[1], e / 2 % 4), row(&x[0], e / 8 * 2 + e % 2), 1.5);
                (0..16).map(pair).collect()
            })
            .not_counting_saved(),
        pdist("pdist", 2.0)
            .refuses(|x| x[0].sum_dim(0)?.pdist(2.0), "pdist: the input has shape [3], expected [N, M]")
            .refuses(|x| x[0].pdist(f64::NAN), "pdist: p is NaN, it must be at least 0"),
        pdist("pdist (1)", 1.0),
        pdist("pdist (4)", 4.0),
        pdist("pdist (infinity)", f64::INFINITY),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor, grad, seeded};

    #[test]
    fn at_distance_zero_there_is_no_gradient_of_any_order() {
        for p in [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, f64::INFINITY] {
            let a = Tensor::from([[1.0, 2.0]]).requires_grad();
            let b = Tensor::from([[1.0, 2.0]]);
            let y = a.cdist(&b, p).expect("they fit").sum();
            let first = grad(&y, &[&a]).expect("tracked").remove(0);
            assert_eq!(first.to_f64s(), [0.0, 0.0], "{p}");
            if first.is_tracked() {
                let second = grad(&first.sum(), &[&a]).expect("tracked").remove(0);
                assert_eq!(second.to_f64s(), [0.0, 0.0], "{p}");
            }
            assert_eq!(y.backward().expect("tracked").get(&a).expect("a leaf").to_f64s(), [0.0, 0.0], "{p}");
        }
    }

    #[test]
    fn near_points_and_far_ones_keep_their_digits() {
        let far = Tensor::from_vec(vec![1e8, 3e8], &[1, 2]).expect("small");
        let near = Tensor::from_vec(vec![1e8 + 3e-3, 3e8 + 4e-3], &[1, 2]).expect("small");
        let of = |a: &Tensor, b: &Tensor| a.cdist(b, 2.0).expect("they fit").to_f64s()[0];
        assert!((of(&far, &near) / 5e-3 - 1.0).abs() < 1e-5);
        for scale in [1e200, 1e-200] {
            let (a, b) = (far.zeros_like(), Tensor::from_vec(vec![3.0 * scale, 4.0 * scale], &[1, 2]).expect("small"));
            assert!((of(&a, &b) / (5.0 * scale) - 1.0).abs() < 1e-14);
        }
    }

    /// Rows apart, near, equal, tiny, huge and not finite, all with all, in F32.
    fn rows(count: usize, width: usize, seed: u64) -> Tensor {
        let x = Tensor::randn(&[count, width], DType::F32, &mut seeded(seed)).expect("small");
        let mut x = x.to_vec::<f32>().expect("floats");
        for (i, x) in x.chunks_mut(width).enumerate() {
            let factor = match i {
                3 => 1e-30,
                5 => 1e30,
                _ => 1.0,
            };
            x.iter_mut().for_each(|x| *x *= factor);
            match i {
                7 | 8 => x.fill(0.5),
                9 => x.iter_mut().enumerate().for_each(|(k, x)| *x = 0.5 + k as f32 * 1e-6),
                11 => x[0] = f32::INFINITY,
                _ => {}
            }
        }
        Tensor::from_slice(&x, &[count, width]).expect("small")
    }

    fn near(got: &[f64], expected: &[f64], ulps: f64, scales: &[f64]) {
        assert_eq!((got.len(), scales.len()), (expected.len(), expected.len()));
        for (i, ((got, expected), scale)) in got.iter().zip(expected).zip(scales).enumerate() {
            let allowed = ulps * f64::from(f32::EPSILON) * scale.max(f64::from(f32::MIN_POSITIVE));
            let near = expected.is_finite() && (got - expected).abs() <= allowed;
            let same = got == expected || (got.is_nan() && expected.is_nan()) || near;
            assert!(same, "{i}: {got:e} and {expected:e}");
        }
    }

    #[test]
    fn many_rows_in_single_precision_are_as_near_as_their_sums() {
        for (m, n, width) in [(40, 37, 70), (16, 70, 3), (19, 16, 32)] {
            for p in [1.0, 2.0] {
                let (a, b) = (rows(m, width, 1).requires_grad(), rows(n, width, 2).requires_grad());
                let wide = |x: &Tensor| x.detach().to_dtype(DType::F64).requires_grad();
                let (wide_a, wide_b) = (wide(&a), wide(&b));
                let (y, exact) = (a.cdist(&b, p).expect("fits"), wide_a.cdist(&wide_b, p).expect("fits"));
                let rounded: Vec<f64> = exact.to_f64s().iter().map(|y| f64::from(*y as f32)).collect();
                near(&y.to_f64s(), &rounded, 20.0, &rounded);

                // Without what is not finite, for which no slope is defined.
                let finite = |x: &Tensor| x.narrow(0, 0, 11).expect("enough rows");
                let pull = |a: &Tensor, b: &Tensor| {
                    let (a, b) = (Tensor::cat(&[&finite(a), &finite(a)], 0), Tensor::cat(&[&finite(b), &finite(b)], 0));
                    let y = a.expect("fits").cdist(&b.expect("fits"), p).expect("fits");
                    y.sum().backward().expect("tracked")
                };
                let (grads, wide) = (pull(&a, &b), pull(&wide_a, &wide_b));
                for (x, wide_x) in [(&a, &wide_a), (&b, &wide_b)] {
                    let got = grads.get(x).expect("it takes part").to_f64s();
                    let expected = wide.get(wide_x).expect("it takes part").to_f64s();
                    // Each of the terms is at most 1.
                    near(&got, &expected, 20.0, &vec![44.0; got.len()]);
                }
            }
        }
    }

    #[test]
    fn near_rows_have_their_distance() {
        let x = Tensor::full(&[20, 64], 1000.0, DType::F32).expect("small");
        let y = x.add_scalar(2f64.powi(-10));
        let distances = x.cdist(&y, 2.0).expect("fits").to_f64s();
        assert!(distances.iter().all(|d| *d == 8.0 * 2f64.powi(-10)), "{distances:?}");
    }
}
