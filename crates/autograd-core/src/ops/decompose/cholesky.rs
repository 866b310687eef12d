//! Symmetric positive definite matrices as products of a triangle with itself.

use super::matrices::{Each, Triangle, outer, refusal, square, turned, which};
use super::triangular::{Read, solved};
use crate::error::{Error, Result};
use crate::kernels::decompose::cholesky::cholesky;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// The triangle of each symmetric positive definite matrix: L of `L Lᵀ = A`, or U of `Uᵀ U = A`. Of A the same
    /// triangle is read, and the other one stands for its mirror image.
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N, N]`
    ///
    /// # Gradient
    /// `ga = ½ L⁻ᵀ (Φ + Φᵀ) L⁻¹`, where Φ is the lower triangle of `Lᵀ gl` with half its diagonal: symmetric, as A is.
    /// Saves L.
    ///
    /// # Errors
    /// If a matrix is not square or not positive definite, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Triangle};
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky(Triangle::Lower)?;
    /// assert_eq!(l.to_vec::<f32>()?, [2.0, 0.0, 1.0, 2.0]);
    /// let error = Tensor::from([[1.0, 2.0], [2.0, 1.0]]).cholesky(Triangle::Lower).unwrap_err();
    /// assert_eq!(error.to_string(), "cholesky: the matrix is not positive definite");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cholesky(&self, triangle: Triangle) -> Result<Tensor> {
        match triangle {
            Triangle::Lower => lower(self),
            Triangle::Upper => {
                square(Check(OP), "the input", self)?;
                turned(&lower(&turned(self)?)?)
            }
        }
    }

    /// The X of `A X = B`, where this tensor is B, by a triangle of [`Tensor::cholesky`] of A.
    ///
    /// # Shapes
    /// `[.., N, K] × [.., N, N] → [.., N, K]`, the leading dims broadcast.
    ///
    /// # Gradient
    /// That of [`Tensor::solve_triangular`], for B and for the triangle.
    ///
    /// # Differs from
    /// PyTorch, which gives the other triangle a gradient, too, though it does not read it.
    ///
    /// # Errors
    /// If the triangle is not square or has a zero on its diagonal, sizes do not fit, or dtypes differ or are not a
    /// float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Triangle};
    /// let l = Tensor::from([[2.0, 0.0], [1.0, 2.0]]);
    /// let x = Tensor::from([[6.0], [7.0]]).cholesky_solve(&l, Triangle::Lower)?;
    /// assert_eq!(x.to_vec::<f32>()?, [1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cholesky_solve(&self, l: &Tensor, triangle: Triangle) -> Result<Tensor> {
        const OP: &str = "cholesky_solve";
        let check = Check(OP);
        let n = square(check, "L", l)?;
        check.same_float(l, self)?;
        if super::matrices::sizes(check, "B", self)?[0] != n {
            return Err(Error::shape(OP, "B", self.shape(), format!("[.., {n}, K]")));
        }
        check.broadcast(outer(l), outer(self))?;
        super::triangular::regular(OP, l)?;
        by(OP, l, self, triangle)
    }

    /// The inverse of A, where this tensor is a triangle of [`Tensor::cholesky`] of A.
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N, N]`
    ///
    /// # Gradient
    /// That of [`Tensor::cholesky_solve`].
    ///
    /// # Differs from
    /// PyTorch, as `cholesky_solve` does.
    ///
    /// # Errors
    /// If the triangle is not square or has a zero on its diagonal, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Triangle};
    /// let l = Tensor::from([[2.0, 0.0], [0.0, 4.0]]);
    /// assert_eq!(l.cholesky_inverse(Triangle::Lower)?.to_vec::<f32>()?, [0.25, 0.0, 0.0, 0.0625]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cholesky_inverse(&self, triangle: Triangle) -> Result<Tensor> {
        const OP: &str = "cholesky_inverse";
        let n = square(Check(OP), "L", self)?;
        super::triangular::regular(OP, self)?;
        by(OP, self, &Tensor::eye(n, self.dtype())?, triangle)
    }
}

fn by(op: &'static str, l: &Tensor, b: &Tensor, triangle: Triangle) -> Result<Tensor> {
    let read = Read { upper: triangle.is_upper(), unit: false };
    let y = solved(op, l, b, read, triangle.is_upper())?;
    solved(op, l, &y, read, !triangle.is_upper())
}

const OP: &str = "cholesky";

fn lower(a: &Tensor) -> Result<Tensor> {
    let n = square(Check(OP), "the input", a)?;
    let packed = a.try_packed(OP)?;
    let each = Each::new(n * n, [n, n, n.div_ceil(6)]);
    let batch = a.rank() > 2;
    let value = for_float!(a.float(), T => {
        let value = Tensor::counted::<T, 1>(OP, each.count(a.numel()), a.shape(), [&packed], move |[a], l| {
            let a = a.flat::<T>();
            each.run(l, |threads, i, l| {
                l.copy_from_slice(&a[i * n * n..(i + 1) * n * n]);
                cholesky(threads, n, l);
            });
        })?;
        Tensor::look(OP, [&value], move |[l]| {
            let bad = |l: &[T]| l.first().is_some_and(|x| x.is_nan());
            match l.flat::<T>().chunks_exact((n * n).max(1)).position(bad) {
                Some(i) => Err(refusal(OP, &which(i, batch), "not positive definite")),
                None => Ok(()),
            }
        })?;
        value
    });
    Ok(record(OP, value, &[a], |l| Cholesky(Saved::output(l))))
}

struct Cholesky(Saved);

impl Pullback for Cholesky {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (l, gy) = (self.0.get(at), at.gy());
        at.give(0, || {
            let read = Read { upper: false, unit: false };
            let product = turned(&l)?.matmul(&gy.tril(0)?)?;
            // ½ (Φ + Φᵀ): half of each side, and half of the diagonal once.
            let below = product.tril(-1)?;
            let diagonal = product.tril(0)?.try_sub(&below)?;
            let inner = below.try_add(&turned(&below)?)?.try_add(&diagonal)?.mul_scalar(0.5);
            let half = solved(OP, &l, &inner, read, true)?;
            solved(OP, &l, &turned(&half)?, read, true)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // Symmetric and positive definite.
    let positive = |x: &Tensor| super::matrices::heavier(&x.matmul(&turned(x)?)?, 1.0);
    let two = |x: &[f64]| {
        let a = x[0] * x[0] + x[1] * x[1] + 1.0;
        let b = x[0] * x[2] + x[1] * x[3];
        let c = x[2] * x[2] + x[3] * x[3] + 1.0;
        [a.sqrt(), b / a.sqrt(), (c - b * b / a).sqrt()]
    };
    let triangle = |x: &[Tensor]| super::matrices::heavier(&x[0].tril(0)?, 3.0);
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    let both = |a: &[usize], b: &[usize]| [input(a), input(b)].concat();
    [
        Case::new("cholesky", input(&[2, 2, 2]), move |x| positive(&x[0])?.cholesky(Triangle::Lower))
            .value(move |x| x[0].chunks(4).map(two).flat_map(|[a, b, c]| [a, 0.0, b, c]).collect())
            .not_counting_saved()
            .refuses(
                |x| x[0].narrow(1, 0, 1)?.cholesky(Triangle::Lower),
                "cholesky: the input has shape [2, 1, 2], expected [.., N, N]",
            )
            .refuses(
                |x| x[0].narrow(1, 0, 1)?.cholesky(Triangle::Upper),
                "cholesky: the input has shape [2, 1, 2], expected [.., N, N]",
            )
            .refuses(
                |x| x[0].square().neg().cholesky(Triangle::Lower),
                "cholesky: matrix 0 of the batch is not positive definite",
            ),
        Case::new("cholesky (upper)", input(&[2, 2, 2]), move |x| positive(&x[0])?.cholesky(Triangle::Upper))
            .value(move |x| x[0].chunks(4).map(two).flat_map(|[a, b, c]| [a, b, 0.0, c]).collect())
            .not_counting_saved(),
        Case::new("cholesky (of 3)", input(&[3, 3]), move |x| positive(&x[0])?.cholesky(Triangle::Lower))
            .not_counting_saved(),
        Case::new("cholesky_solve", both(&[3, 3], &[2, 3, 2]), move |x| {
            x[1].cholesky_solve(&triangle(x)?, Triangle::Lower)
        })
        .not_counting_saved()
        .refuses(
            |x| x[1].transpose(-1, -2)?.cholesky_solve(&x[0], Triangle::Lower),
            "cholesky_solve: B has shape [2, 2, 3], expected [.., 3, K]",
        )
        .refuses(
            |x| x[1].cholesky_solve(&x[0].tril(-1)?, Triangle::Lower),
            "cholesky_solve: the matrix is singular: element 0 of its diagonal is 0",
        )
        .refuses(
            |x| x[1].cholesky_solve(&x[0].to_dtype(DType::F32), Triangle::Lower),
            "cholesky_solve: dtypes F32 and F64 do not mix; convert one with to_dtype",
        ),
        Case::new("cholesky_solve (upper)", both(&[2, 2], &[2, 1]), move |x| {
            x[1].cholesky_solve(&triangle(x)?.t()?, Triangle::Upper)
        })
        .value(|x| {
            // L Lᵀ x = b
            let [a, b, c] = [x[0][0] + 3.0, x[0][2], x[0][3] + 3.0];
            let y = [x[1][0] / a, (x[1][1] - b * x[1][0] / a) / c];
            let last = y[1] / c;
            vec![(y[0] - b * last) / a, last]
        })
        .not_counting_saved(),
        Case::new("cholesky_inverse", input(&[2, 3, 3]), move |x| triangle(x)?.cholesky_inverse(Triangle::Lower))
            .not_counting_saved()
            .refuses(
                |x| x[0].tril(-1)?.cholesky_inverse(Triangle::Lower),
                "cholesky_inverse: matrix 0 of the batch is singular: element 0 of its diagonal is 0",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use super::Triangle;
    use crate::{DType, Result, Tensor};

    #[test]
    fn the_inverse_is_that_of_the_product_of_the_factor_and_its_transpose() -> Result<()> {
        let lower = Tensor::from([[2.0, 0.0, 0.0], [1.0, 4.0, 0.0], [-3.0, 0.5, 1.0]]).to_dtype(DType::F64);
        for (triangle, factor) in [(Triangle::Lower, lower.clone()), (Triangle::Upper, lower.t()?)] {
            let whole = lower.matmul(&lower.t()?)?;
            let one = whole.matmul(&factor.cholesky_inverse(triangle)?)?;
            let eye = Tensor::eye(3, DType::F64)?;
            assert!(one.try_sub(&eye)?.to_f64s().iter().all(|d| d.abs() < 1e-13), "{triangle:?}: {one}");
        }
        Ok(())
    }
}
