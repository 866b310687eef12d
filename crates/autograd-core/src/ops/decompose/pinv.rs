//! Pseudo-inverses, and least squares by them.

use super::matrices::{Triangle, outer, sizes, square, turned};
use super::spectrum::larger;
use super::svd::singular;
use crate::error::{Error, Result};
use crate::kernels::decompose::singular::Vectors;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, cut, record, unrecorded};
use crate::tensor::{DType, Tensor};

/// What [`Tensor::pinv`], [`Tensor::matrix_rank`] and [`Tensor::lstsq`] take for 0: singular values that are not above
/// `max(atol, rtol · the largest one)`.
///
/// # Examples
/// ```
/// # use autograd_core::{RankOptions, Tensor};
/// let a = Tensor::from([[1.0, 0.0], [0.0, 1e-3]]);
/// assert_eq!(a.matrix_rank(RankOptions::new())?.item::<i64>()?, 2);
/// assert_eq!(a.matrix_rank(RankOptions::new().rtol(0.01))?.item::<i64>()?, 1);
/// assert_eq!(a.matrix_rank(RankOptions::new().atol(2.0).hermitian(true))?.item::<i64>()?, 0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RankOptions {
    pub(super) atol: Option<f64>,
    pub(super) rtol: Option<f64>,
    pub(super) hermitian: bool,
}

impl RankOptions {
    /// The defaults.
    pub fn new() -> RankOptions {
        RankOptions::default()
    }

    /// At least 0; default 0.
    #[must_use]
    pub fn atol(self, atol: f64) -> RankOptions {
        RankOptions { atol: Some(atol), ..self }
    }

    /// At least 0; default max(M, N) times the distance from 1 to the next number of the dtype, and 0 if `atol` is
    /// set above 0.
    #[must_use]
    pub fn rtol(self, rtol: f64) -> RankOptions {
        RankOptions { rtol: Some(rtol), ..self }
    }

    /// Whether the matrices are symmetric, and eigenvalues take the place of singular values; default false. Then the
    /// lower triangle is read.
    #[must_use]
    pub fn hermitian(self, hermitian: bool) -> RankOptions {
        RankOptions { hermitian, ..self }
    }

    /// Which of these numbers count; NaN does not.
    pub(super) fn above(self, check: Check, a: &Tensor, s: &Tensor) -> Result<Tensor> {
        let [m, n] = sizes(check, "the input", a)?;
        let of = |name: &str, value: Option<f64>| match value {
            Some(value) => check.require(value >= 0.0, name, value, "at least 0").map(|()| value),
            None => Ok(0.0),
        };
        let (atol, given) = (of("atol", self.atol)?, of("rtol", self.rtol)?);
        let default = m.max(n) as f64 * super::spectrum::epsilon_of(a);
        let rtol = if self.rtol.is_some() || atol > 0.0 { given } else { default };
        if s.numel() == 0 {
            return s.gt(&s.clone());
        }
        let least = s.abs().amax(crate::keep(-1))?.mul_scalar(rtol);
        s.abs().gt(&larger(&least, atol)?)
    }
}

impl Tensor {
    /// The pseudo-inverse of each matrix: the inverse where that exists, and else, of all matrices that bring `A x`
    /// nearest to any b, the one that gives the smallest x.
    ///
    /// # Shapes
    /// `[.., M, N] → [.., N, M]`
    ///
    /// # Gradient
    /// `ga = −yᵀ gy yᵀ + (I − A y) gyᵀ y yᵀ + yᵀ y gyᵀ (I − y A)`, for the rank that A has. Saves A and y. It is that
    /// of a matrix whose rank stays the same, so exact where the singular values that count as 0 are 0 up to rounding;
    /// of larger ones, which a tolerance cuts off, it says nothing.
    ///
    /// # Errors
    /// If there are fewer than two dims, a matrix is not finite (or not square, if `hermitian`), a tolerance is
    /// negative, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RankOptions, Tensor};
    /// let y = Tensor::from([[3.0], [4.0]]).pinv(RankOptions::new())?;
    /// assert!(y.to_f64s().iter().zip([0.12, 0.16]).all(|(y, exact)| (y - exact).abs() < 1e-7));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pinv(&self, options: RankOptions) -> Result<Tensor> {
        inverse("pinv", self, options)
    }

    /// The X for which the columns of `A X − B` are shortest, and of all of them the one whose columns are shortest
    /// themselves: by the pseudo-inverse, for matrices of any rank.
    ///
    /// # Shapes
    /// `[.., M, N] × [.., M, K] → [.., N, K]`, the leading dims broadcast. B is a vector as in [`Tensor::solve`].
    ///
    /// # Gradient
    /// That of [`Tensor::pinv`] and of the product.
    ///
    /// # Errors
    /// As for `pinv`, or if sizes or dtypes do not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RankOptions, Tensor};
    /// // The line through (0, 1), (1, 3) and (2, 5).
    /// let a = Tensor::from([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]);
    /// let x = a.lstsq(&Tensor::from([1.0, 3.0, 5.0]), RankOptions::new())?.solution;
    /// assert!(x.to_f64s().iter().zip([2.0, 1.0]).all(|(x, exact)| (x - exact).abs() < 1e-5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, where residuals are left out unless there are more rows than columns and the rank is full.
    pub fn lstsq(&self, b: &Tensor, options: RankOptions) -> Result<LeastSquares> {
        const OP: &str = "lstsq";
        let check = Check(OP);
        let [m, _] = sizes(check, "A", self)?;
        check.same_float(self, b)?;
        if options.hermitian {
            square(check, "A", self)?;
        }
        let a = if options.hermitian { mirrored(OP, self)? } else { self.clone() };
        let vector = b.rank() == 1 || b.rank() + 1 == self.rank() && b.shape() == &self.shape()[..self.rank() - 1];
        let columns = if vector { b.unsqueeze(-1)? } else { b.clone() };
        if sizes(check, "B", &columns)?[0] != m {
            let expected = if vector { format!("[{m}]") } else { format!("[.., {m}, K]") };
            return Err(Error::shape(OP, "B", b.shape(), expected));
        }
        check.broadcast(outer(self), outer(&columns))?;
        let x = inverse(OP, &a, options)?.matmul(&columns)?;
        let residuals = a.matmul(&x)?.try_sub(&columns)?.square().sum_dim(-2)?;
        // Of the rank and the values, which are not tracked.
        cut(OP, &[self]);
        let singular_values = unrecorded(|| super::svd::singular_values(OP, &a))?;
        let rank = options.above(check, &a, &singular_values)?.to_dtype(DType::I64).sum_dim(-1)?;
        let solution = if vector { x.squeeze(&[-1])? } else { x };
        let residuals = if vector { residuals.squeeze(&[-1])? } else { residuals };
        Ok(LeastSquares { solution, residuals, rank, singular_values })
    }
}

/// The results of [`Tensor::lstsq`].
///
/// # Examples
/// ```
/// # use autograd_core::{LeastSquares, RankOptions, Tensor};
/// let a = Tensor::from([[1.0], [1.0]]);
/// let found: LeastSquares = a.lstsq(&Tensor::from([[1.0], [3.0]]), RankOptions::new())?;
/// assert_eq!(found.rank.item::<i64>()?, 1);
/// assert!((found.residuals.to_f64s()[0] - 2.0).abs() < 1e-5);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LeastSquares {
    /// X
    pub solution: Tensor,
    /// The sum of the squares of each column of `A X − B`.
    pub residuals: Tensor,
    /// How many singular values of A are above the tolerance (`I64`).
    pub rank: Tensor,
    /// The singular values of A, not tracked.
    pub singular_values: Tensor,
}

/// The symmetric matrix whose lower triangle is that of A.
fn mirrored(op: &'static str, a: &Tensor) -> Result<Tensor> {
    let value = unrecorded(|| a.tril(0)?.try_add(&turned(&a.tril(-1)?)?))?;
    Ok(record(op, value, &[a], |_| Mirrored))
}

/// What of a matrix is symmetric: `½ (A + Aᵀ)`.
fn symmetric(a: &Tensor) -> Result<Tensor> {
    Ok(a.try_add(&turned(a)?)?.mul_scalar(0.5))
}

struct Mirrored;

impl Pullback for Mirrored {
    /// Symmetric, as the gradient of eigenvalues is, whichever triangle was read.
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || symmetric(gy))
    }
}

fn inverse(op: &'static str, a: &Tensor, options: RankOptions) -> Result<Tensor> {
    let check = Check(op);
    let value = unrecorded(|| {
        let (u, s, vt) = if options.hermitian {
            let (w, v) = super::eigh::eigen(op, a, Triangle::Lower)?;
            let vt = turned(&v)?;
            (v, w, vt)
        } else {
            singular(op, a, Vectors::Reduced)?
        };
        let above = options.above(check, a, &s)?;
        let inverse = above.where_cond(&s.reciprocal(), &s.zeros_like())?;
        turned(&vt)?.try_mul(&inverse.unsqueeze(-2)?)?.matmul(&turned(&u)?)
    })?;
    let hermitian = options.hermitian;
    Ok(record(op, value, &[a], |y| Pinv { op, a: Saved::input(0, a), y: Saved::output(y), hermitian }))
}

struct Pinv {
    op: &'static str,
    a: Saved,
    y: Saved,
    hermitian: bool,
}

impl Pullback for Pinv {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, y, gy) = (self.a.get(at), self.y.get(at), at.gy());
        at.give(0, || {
            // What was read is the lower triangle, for both.
            let a = if self.hermitian { mirrored(self.op, &a)? } else { a.into_owned() };
            let (yt, g) = (turned(&y)?, turned(gy)?);
            let [m, n] = [2, 1].map(|from_end| a.shape()[a.rank() - from_end]);
            // Whichever of the products of three has the smaller one between.
            let three = |x: &Tensor, y: &Tensor, z: &Tensor| match m <= n {
                true => x.matmul(y)?.matmul(z),
                false => x.matmul(&y.matmul(z)?),
            };
            let (inside, by_y, y_by) = (three(&yt, gy, &yt)?, three(&g, &y, &yt)?, three(&yt, &y, &g)?);
            let (left, right) = (by_y.try_sub(&three(&a, &y, &by_y)?)?, y_by.try_sub(&three(&y_by, &y, &a)?)?);
            let ga = left.try_add(&right)?.try_sub(&inside)?;
            if self.hermitian { symmetric(&ga) } else { Ok(ga) }
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let heavy = |x: &Tensor| super::matrices::heavier(x, 3.0);
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    let case = move |name: &'static str, s: &[usize]| {
        Case::new(name, input(s), move |x| heavy(&x[0])?.pinv(RankOptions::new())).not_counting_saved()
    };
    let vector = |x: &[Vec<f64>]| {
        let sum: f64 = x[0].iter().map(|x| x * x).sum();
        x[0].iter().map(|x| x / sum).collect()
    };
    let outer_product = |x: &[Tensor]| x[0].matmul(&x[1])?.pinv(RankOptions::new().rtol(1e-6));
    let two = |a: &[usize], b: &[usize]| vec![Input::real(a, 0.5..2.0), Input::real(b, 0.5..2.0)];
    [
        Case::new("pinv", vec![Input::real(&[3, 1], 0.5..2.0)], |x| x[0].pinv(RankOptions::new()))
            .value(vector)
            .refuses(|x| x[0].sum().pinv(RankOptions::new()), "pinv: the input has shape [], expected [.., M, N]")
            .refuses(
                |x| x[0].pinv(RankOptions::new().hermitian(true)),
                "pinv: the input has shape [3, 1], expected [.., N, N]",
            )
            .refuses(|x| x[0].pinv(RankOptions::new().rtol(-1.0)), "pinv: rtol is -1.0, it must be at least 0")
            .refuses(|x| x[0].pinv(RankOptions::new().atol(f64::NAN)), "pinv: atol is NaN, it must be at least 0"),
        case("pinv (square)", &[2, 2, 2]).refuses(
            |x| x[0].mul_scalar(f64::NAN).pinv(RankOptions::new().hermitian(true)),
            "pinv: matrix 0 of the batch is not finite, or its rotations do not converge",
        ),
        case("pinv (tall)", &[3, 2]),
        case("pinv (wide)", &[2, 3]),
        Case::new("pinv (of rank 1)", two(&[3, 1], &[1, 2]), outer_product).not_counting_saved(),
        Case::new("pinv (symmetric)", input(&[3, 3]), move |x| {
            let x = heavy(&x[0])?;
            x.try_add(&x.t()?)?.pinv(RankOptions::new().hermitian(true))
        })
        .not_counting_saved(),
        Case::new("lstsq", [input(&[2, 3, 2]), input(&[1, 3, 2])].concat(), move |x| {
            Ok(heavy(&x[0])?.lstsq(&x[1], RankOptions::new())?.solution)
        })
        .not_counting_saved()
        .refuses(
            |x| Ok(x[0].lstsq(&turned(&x[1])?, RankOptions::new())?.solution),
            "lstsq: B has shape [1, 2, 3], expected [.., 3, K]",
        )
        .refuses(
            |x| Ok(x[0].lstsq(&x[1].narrow(1, 0, 1)?.reshape(&[2])?, RankOptions::new())?.solution),
            "lstsq: B has shape [2], expected [3]",
        ),
        Case::new("lstsq (residuals)", [input(&[3, 2]), input(&[3])].concat(), move |x| {
            Ok(heavy(&x[0])?.lstsq(&x[1], RankOptions::new())?.residuals)
        })
        .not_counting_saved(),
        Case::new("lstsq (rank)", two(&[3, 1], &[1, 2]), |x| {
            let found = x[0].matmul(&x[1])?.lstsq(&x[0], RankOptions::new().rtol(1e-6))?;
            found.singular_values.narrow(0, 1, 1)?.gt_scalar(1e-6).to_dtype(crate::DType::I64).try_add(&found.rank)
        })
        .value(|_| vec![1.0])
        .without_gradient(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{DType, RankOptions, Result, Tensor, grad};

    #[test]
    fn least_squares_of_a_symmetric_matrix_read_one_triangle() -> Result<()> {
        let a = Tensor::from_slice(&[2.0, 9.0, 1.0, 2.0], &[2, 2])?.requires_grad();
        let b = Tensor::from_slice(&[1.0, 1.0], &[2])?;
        let found = a.lstsq(&b, RankOptions::new().hermitian(true))?;
        assert!(found.solution.to_f64s().iter().all(|x| (x - 1.0 / 3.0).abs() < 1e-14));
        assert!(found.residuals.to_f64s()[0] < 1e-28, "{:?}", found.residuals);
        assert!(found.singular_values.to_f64s().iter().zip([3.0, 1.0]).all(|(s, exact)| (s - exact).abs() < 1e-14));
        // x = (2 − l, 2 − l) / (4 − l²), of l below the diagonal: the sum of x falls by 2 / (2 + l)² with it.
        let ga = grad(&found.solution.sum(), &[&a])?[0].to_f64s();
        assert!((ga[1] + ga[2] + 2.0 / 9.0).abs() < 1e-14, "{ga:?}");
        Ok(())
    }

    /// The other triangle is not read, by the gradient neither.
    #[test]
    fn a_symmetric_inverse_is_that_of_the_lower_triangle() -> Result<()> {
        let options = || RankOptions::new().hermitian(true);
        let wide = |x: [[f64; 2]; 2]| Tensor::from(x).to_dtype(DType::F64).requires_grad();
        for other in [1.0, 0.0, -7.5] {
            let a = wide([[2.0, other], [1.0, 2.0]]);
            let gradient = grad(&a.pinv(options())?.sum(), &[&a])?[0].to_f64s();
            assert!(gradient.iter().all(|g| (g + 1.0 / 9.0).abs() < 1e-12), "{gradient:?}");
            // As eigenvalues have it: symmetric, whatever the weights of the result are.
            let weights = Tensor::from([[1.0, 2.0], [-1.0, 0.5]]).to_dtype(DType::F64);
            let ga = grad(&a.pinv(options())?.try_mul(&weights)?.sum(), &[&a])?[0].to_f64s();
            assert_eq!(ga[1], ga[2]);
        }
        Ok(())
    }

    #[test]
    fn gradients_of_a_symmetric_matrix_are_symmetric_in_both_orders() -> Result<()> {
        let wide = |x: &[f64], shape: &[usize]| Tensor::from_slice(x, shape);
        // What stands above the diagonal is not read.
        let a = wide(&[3.0, 7.0, -8.0, 0.5, 2.0, 9.0, -0.25, 1.0, 4.0], &[3, 3])?.requires_grad();
        let (b, weights) = (wide(&[1.0, -2.0, 0.5], &[3])?, wide(&[0.3, 1.0, -1.5], &[3])?);
        let direction = wide(&[1.0, 0.2, -0.4, 0.7, -1.0, 0.1, 0.9, 0.6, 0.5], &[3, 3])?;
        let options = || RankOptions::new().hermitian(true);
        let both = |x: Tensor| -> Result<[Vec<f64>; 2]> {
            let [first] = grad(&x.try_mul(&weights)?.sum(), [&a])?;
            let [second] = grad(&first.try_mul(&direction)?.sum(), [&a])?;
            Ok([first.to_f64s(), second.to_f64s()])
        };
        let (solved, product) = (both(a.lstsq(&b, options())?.solution)?, both(a.pinv(options())?.matmul(&b)?)?);
        for (g, other) in solved.iter().zip(&product) {
            assert!(g.iter().zip(other).all(|(g, other)| (g - other).abs() < 1e-13), "{g:?} and {other:?}");
            assert!([(1, 3), (2, 6), (5, 7)].iter().all(|(i, j)| (g[*i] - g[*j]).abs() < 1e-13), "{g:?}");
        }
        Ok(())
    }
}
