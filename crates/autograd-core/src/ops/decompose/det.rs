//! Determinants.

use super::factors::factored;
use super::matrices::{Each, outer, square, turned, with_last};
use crate::error::Result;
use crate::kernels::decompose::cofactor::{cofactor, cofactor_pull};
use crate::kernels::decompose::solve::Factors;
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// The determinant of each matrix.
    ///
    /// # Shapes
    /// `[.., N, N] → [..]`; of no rows and columns it is 1.
    ///
    /// # Gradient
    /// `ga = gy C`, where C has the cofactors: `det A · A⁻ᵀ`, and for a singular matrix the same without dividing by a
    /// zero, from its singular values. The first and the second derivative are there for any matrix, the second with
    /// the digits that its singular values have; the third and higher ones need the inverse. Saves A and its factors.
    ///
    /// # Differs from
    /// PyTorch, where the gradient at a singular matrix is 0.
    ///
    /// # Errors
    /// If a matrix is not square, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [2.0, 4.0]]).requires_grad();
    /// let y = a.det()?;
    /// assert_eq!(y.item::<f32>()?, 0.0);
    /// let cofactors = y.backward()?.get(&a).expect("a leaf").to_f64s();
    /// assert!(cofactors.iter().zip([4.0, -2.0, -2.0, 1.0]).all(|(c, exact)| (c - exact).abs() < 1e-5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn det(&self) -> Result<Tensor> {
        const OP: &str = "det";
        let n = square(Check(OP), "the input", self)?;
        let factors = factored(OP, self)?;
        let value = for_float!(self.float(), T => Tensor::compute::<T, 1>(OP, outer(self), [&factors], move |[factors], y| {
            if n == 0 {
                return y.fill(1.0);
            }
            for (y, factors) in y.iter_mut().zip(factors.flat::<T>().chunks_exact(n * n + n)) {
                *y = Factors::new(n, factors).determinant();
            }
        })?);
        let saved = |_: &Tensor| Det { a: Saved::input(0, self), factors: Saved::constant(&factors) };
        Ok(record(OP, value, &[self], saved))
    }

    /// Sign (1, −1, or 0 for a singular matrix) and logarithm of the absolute value of the determinant of each matrix.
    /// The sign is not tracked: its derivative is 0.
    ///
    /// # Shapes
    /// `[.., N, N] → [..], [..]`
    ///
    /// # Gradient
    /// `ga = gy A⁻ᵀ`, from the factors. Saves A and its factors.
    ///
    /// # Errors
    /// If a matrix is not square, or the dtype is not a float type. The walk, if a matrix is singular: there the
    /// logarithm is −∞, and its gradient infinite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (sign, log) = Tensor::from([[0.0, 2.0], [0.5, 0.0]]).slogdet()?;
    /// assert_eq!((sign.item::<f32>()?, log.item::<f32>()?), (-1.0, 0.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn slogdet(&self) -> Result<(Tensor, Tensor)> {
        signed_logarithm("slogdet", self)
    }

    /// The logarithm of the determinant of each matrix; NaN where that is negative.
    ///
    /// # Shapes
    /// `[.., N, N] → [..]`
    ///
    /// # Gradient
    /// As that of [`Tensor::slogdet`]; 0 where the determinant is negative.
    ///
    /// # Errors
    /// As for `slogdet`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[2.0, 0.0], [0.0, 0.5]]).logdet()?.item::<f32>()?, 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logdet(&self) -> Result<Tensor> {
        let (sign, logarithm) = signed_logarithm("logdet", self)?;
        sign.lt_scalar(0.0).where_cond(&sign.full_like(f64::NAN), &logarithm)
    }
}

fn signed_logarithm(op: &'static str, a: &Tensor) -> Result<(Tensor, Tensor)> {
    let n = square(Check(op), "the input", a)?;
    let factors = factored(op, a)?;
    let part = |sign: bool| {
        for_float!(a.float(), T => Tensor::compute::<T, 1>(op, outer(a), [&factors], move |[factors], y| {
            if n == 0 {
                return y.fill(if sign { 1.0 } else { 0.0 });
            }
            for (y, factors) in y.iter_mut().zip(factors.flat::<T>().chunks_exact(n * n + n)) {
                let factors = Factors::new(n, factors);
                *y = if sign {
                    let odd: T = if factors.is_odd() { -1.0 } else { 1.0 };
                    factors.diagonal().fold(odd, |sign, u| if u == 0.0 || u.is_nan() { sign * u } else { sign * u.signum() })
                } else {
                    // Many logarithms are added: in double precision, and rounded once.
                    factors.diagonal().map(|u| u.as_f64().abs().ln()).sum::<f64>() as T
                };
            }
        }))
    };
    let (sign, logarithm) = (part(true)?, part(false)?);
    let saved = |_: &Tensor| LogDet { op, a: Saved::input(0, a), factors: Saved::constant(&factors) };
    Ok((sign, record(op, logarithm, &[a], saved)))
}

struct LogDet {
    op: &'static str,
    a: Saved,
    factors: Saved,
}

impl Pullback for LogDet {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, factors, gy) = (self.a.get(at), self.factors.value(), at.gy());
        at.give(0, || {
            let n = a.shape()[a.rank() - 1];
            super::factors::regular(self.op, factors, n)?;
            let gy = gy.unsqueeze(-1)?.unsqueeze(-1)?;
            super::solve::by(self.op, &a, factors, &gy.try_mul(&Tensor::eye(n, a.dtype())?)?, true)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.factors);
    }
}

struct Det {
    a: Saved,
    factors: Saved,
}

impl Pullback for Det {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, gy) = (self.a.get(at), at.gy());
        at.give(0, || gy.unsqueeze(-1)?.unsqueeze(-1)?.try_mul(&cofactors(&a, self.factors.value())?))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.factors);
    }
}

fn cofactors(a: &Tensor, factors: &Tensor) -> Result<Tensor> {
    const OP: &str = "det";
    let n = a.shape()[a.rank() - 1];
    let each = Each::new(n * n, [n, n, n]);
    let packed = a.try_packed(OP)?;
    let (shape, count) = (with_last(a, &[n, n]), each.count(a.numel()));
    let value = for_float!(a.float(), T => {
        Tensor::counted::<T, 2>(OP, count, &shape, [&packed, factors], move |[a, factors], y| {
            let (a, factors) = (a.flat::<T>(), factors.flat::<T>());
            each.run(y, |threads, i, y| {
                let factors = &factors[i * (n * n + n)..(i + 1) * (n * n + n)];
                cofactor(threads, n, &a[i * n * n..(i + 1) * n * n], factors, y);
            });
        })?
    });
    Ok(record(OP, value, &[a], |_| Cofactors(Saved::input(0, a))))
}

struct Cofactors(Saved);

impl Pullback for Cofactors {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, gy) = (self.0.get(at), at.gy());
        at.give(0, || second(&a, gy))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0);
    }
}

/// The second derivative of the determinant in the directions of `g`, which is symmetric in both arguments.
fn second(a: &Tensor, g: &Tensor) -> Result<Tensor> {
    const OP: &str = "det";
    let n = a.shape()[a.rank() - 1];
    let each = Each::new(n * n, [n, n, n]);
    let (packed, directions) = (a.try_packed(OP)?, g.try_packed(OP)?);
    let (shape, count) = (with_last(a, &[n, n]), each.count(a.numel()));
    let value = for_float!(a.float(), T => {
        Tensor::counted::<T, 2>(OP, count, &shape, [&packed, &directions], move |[a, g], y| {
            let (a, g) = (a.flat::<T>(), g.flat::<T>());
            each.run(y, |threads, i, y| {
                let place = i * n * n..(i + 1) * n * n;
                cofactor_pull(threads, n, &a[place.clone()], &g[place], y);
            });
        })?
    });
    Ok(record(OP, value, &[a, g], |_| Second { a: Saved::input(0, a), g: Saved::input(1, g) }))
}

struct Second {
    a: Saved,
    g: Saved,
}

impl Pullback for Second {
    /// With `X = A⁻ᵀ` and `d = det A`, y is `d (⟨g, X⟩ X − X gᵀ X)`.
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, g, gy) = (self.a.get(at), self.g.get(at), at.gy());
        at.give(1, || second(&a, gy))?;
        at.give(0, || {
            let x = turned(&super::inv::inverse("det", &a, false)?)?;
            let scalar = |x: Tensor| x.sum_dim([-2, -1])?.unsqueeze(-1)?.unsqueeze(-1);
            let through = |g: &Tensor| x.matmul(&turned(g)?)?.matmul(&x);
            let (by_g, by_gy) = (through(&g)?, through(gy)?);
            let (of_g, of_gy) = (scalar(g.try_mul(&x)?)?, scalar(gy.try_mul(&x)?)?);
            let both = scalar(gy.try_mul(&by_g)?)?;
            let of_x = of_g.try_mul(&of_gy)?.try_sub(&both)?.try_mul(&x)?;
            let single = of_gy.try_mul(&by_g)?.try_add(&of_g.try_mul(&by_gy)?)?;
            let twice = by_g.matmul(&turned(gy)?)?.matmul(&x)?.try_add(&by_gy.matmul(&turned(&g)?)?.matmul(&x)?)?;
            let det = a.det()?.unsqueeze(-1)?.unsqueeze(-1)?;
            of_x.try_sub(&single)?.try_add(&twice)?.try_mul(&det)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.g);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // By the first row.
    fn determinant(a: &[f64], n: usize) -> f64 {
        if n == 0 {
            return 1.0;
        }
        let minor = |c: usize| {
            let rest: Vec<f64> = (n..n * n).filter(|e| e % n != c).map(|e| a[e]).collect();
            determinant(&rest, n - 1) * if c.is_multiple_of(2) { a[c] } else { -a[c] }
        };
        (0..n).map(minor).sum()
    }
    let x = |s: &[usize]| vec![Input::real(s, -1.5..1.5)];
    let heavy = |x: &Tensor| super::matrices::heavier(x, 4.0);
    let of = |x: &[f64], shift: f64| {
        let a: Vec<f64> = (0..9).map(|e| x[e] + if e % 4 == 0 { shift } else { 0.0 }).collect();
        determinant(&a, 3)
    };
    [
        Case::new("det", x(&[2, 3, 3]), |x| x[0].det())
            .value(|x| x[0].chunks(9).map(|a| determinant(a, 3)).collect())
            .refuses(|x| x[0].narrow(1, 0, 2)?.det(), "det: the input has shape [2, 2, 3], expected [.., N, N]"),
        Case::new("det (of 4)", x(&[4, 4]), |x| x[0].det()).value(|x| vec![determinant(&x[0], 4)]),
        Case::new("slogdet", x(&[2, 3, 3]), move |x| Ok(heavy(&x[0])?.slogdet()?.1))
            .value(move |x| x[0].chunks(9).map(|a| of(a, 4.0).abs().ln()).collect())
            .not_counting_saved()
            .refuses(
                |x| Ok(x[0].narrow(1, 0, 2)?.slogdet()?.1),
                "slogdet: the input has shape [2, 2, 3], expected [.., N, N]",
            ),
        Case::new("slogdet (sign)", x(&[2, 3, 3]), |x| Ok(x[0].slogdet()?.0))
            .value(|x| x[0].chunks(9).map(|a| determinant(a, 3).signum()).collect())
            .ends_no_history(),
        Case::new("logdet", x(&[2, 3, 3]), move |x| heavy(&x[0])?.logdet())
            .value(move |x| x[0].chunks(9).map(|a| of(a, 4.0).ln()).collect())
            .not_counting_saved()
            .refuses(|x| x[0].narrow(1, 0, 2)?.logdet(), "logdet: the input has shape [2, 2, 3], expected [.., N, N]"),
    ]
}];
