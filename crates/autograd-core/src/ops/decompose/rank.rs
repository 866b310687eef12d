//! Numbers that say how near matrices are to singular ones.

use super::matrices::{Triangle, sizes, square};
use super::pinv::RankOptions;
use super::spectrum::finite;
use super::svd::singular_values;
use crate::error::Result;
use crate::ops::check::Check;
use crate::ops::reduce::norm::matrix::MatrixNorm;
use crate::tape::{cut, unrecorded};
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The number of singular values of each matrix above `max(atol, rtol · the largest one)` (`I64`; it has no
    /// gradient).
    ///
    /// # Shapes
    /// `[.., M, N] → [..]`
    ///
    /// # Errors
    /// If there are fewer than two dims, a matrix is not finite (or not square, if `hermitian`), a tolerance is
    /// negative, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{RankOptions, Tensor};
    /// let a = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    /// assert_eq!(a.matrix_rank(RankOptions::new())?.item::<i64>()?, 1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn matrix_rank(&self, options: RankOptions) -> Result<Tensor> {
        const OP: &str = "matrix_rank";
        let check = Check(OP);
        cut(OP, &[self]);
        unrecorded(|| {
            let s = if options.hermitian {
                super::eigh::eigenvalues(OP, self, Triangle::Lower)?
            } else {
                singular_values(OP, self)?
            };
            options.above(check, self, &s)?.to_dtype(DType::I64).sum_dim(-1)
        })
    }

    /// The condition of each matrix in a norm: `‖A‖ ‖A⁻¹‖`, which bounds by how much a relative error of b counts in
    /// the solution of `A x = b`. In the spectral norm it is the largest singular value over the smallest one, of
    /// matrices that need not be square. Infinite for a singular matrix, except in the norm
    /// [`MatrixNorm::SpectralLeast`]: that is the smallest singular value over the largest one, 0 for a singular
    /// matrix. Infinite in all for a matrix of zeros.
    ///
    /// # Shapes
    /// `[.., N, N] → [..]`; `[.., M, N] → [..]` in the norms [`MatrixNorm::Spectral`] and
    /// [`MatrixNorm::SpectralLeast`].
    ///
    /// # Gradient
    /// That of the norms and of [`Tensor::inv`], or of the singular values; not a number for a singular matrix.
    ///
    /// # Errors
    /// If a matrix is not square or not finite, has no elements, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MatrixNorm, Tensor};
    /// let a = Tensor::from([[4.0, 0.0], [0.0, 0.5]]);
    /// assert_eq!(a.cond(MatrixNorm::Spectral)?.item::<f32>()?, 8.0);
    /// assert_eq!(a.cond(MatrixNorm::Columns)?.item::<f32>()?, 8.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cond(&self, norm: MatrixNorm) -> Result<Tensor> {
        let cond = condition(self, norm)?;
        // 0 · ∞ or 0 / 0 of a matrix of zeros: nothing that is not finite comes so far.
        cond.untied().isnan().where_cond(&Tensor::full(&[], f64::INFINITY, cond.dtype())?, &cond)
    }
}

fn condition(a: &Tensor, norm: MatrixNorm) -> Result<Tensor> {
    const OP: &str = "cond";
    let [m, n] = sizes(Check(OP), "the input", a)?;
    if !matches!(norm, MatrixNorm::Spectral | MatrixNorm::SpectralLeast) {
        square(Check(OP), "the input", a)?;
    }
    Check(OP).require(m * n > 0, "the number of elements of a matrix", m * n, "at least 1")?;
    finite(OP, a)?;
    let (least, most) = match norm {
        MatrixNorm::Spectral => (n.min(m).saturating_sub(1), 0),
        MatrixNorm::SpectralLeast => (0, n.min(m).saturating_sub(1)),
        MatrixNorm::Nuclear => {
            // The singular values of the inverse are the reciprocals.
            let s = singular_values(OP, a)?;
            return s.sum_dim(-1)?.try_mul(&s.reciprocal().sum_dim(-1)?);
        }
        _ => {
            let inverse = super::inv::inverse(OP, a, true)?;
            return a.matrix_norm(norm, [-2, -1])?.try_mul(&inverse.matrix_norm(norm, [-2, -1])?);
        }
    };
    let s = singular_values(OP, a)?;
    s.select(-1, most)?.try_div(&s.select(-1, least)?)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let heavy = |x: &Tensor| super::matrices::stepped(x, 3.0);
    let input = || vec![Input::real(&[2, 3, 3], -0.5..0.5)];
    let case = move |name: &'static str, norm: MatrixNorm| {
        Case::new(name, input(), move |x| heavy(&x[0])?.cond(norm)).not_counting_saved()
    };
    [
        Case::new("matrix_rank", vec![Input::real(&[2, 3, 1], 0.5..2.0)], |x| {
            Tensor::cat(&[&x[0], &x[0].mul_scalar(2.0)], -1)?.matrix_rank(RankOptions::new().rtol(1e-6))
        })
        .value(|_| vec![1.0, 1.0])
        .without_gradient()
        .refuses(
            |x| x[0].matrix_rank(RankOptions::new().hermitian(true)),
            "matrix_rank: the input has shape [2, 3, 1], expected [.., N, N]",
        )
        .refuses(
            |x| x[0].matrix_rank(RankOptions::new().atol(-1.0)),
            "matrix_rank: atol is -1.0, it must be at least 0",
        ),
        case("cond", MatrixNorm::Spectral)
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.cond(MatrixNorm::Spectral),
                "cond: the number of elements of a matrix is 0, it must be at least 1",
            )
            .refuses(
                |x| x[0].narrow(1, 0, 1)?.cond(MatrixNorm::Frobenius),
                "cond: the input has shape [2, 1, 3], expected [.., N, N]",
            ),
        case("cond (-2)", MatrixNorm::SpectralLeast),
        case("cond (fro)", MatrixNorm::Frobenius),
        case("cond (nuc)", MatrixNorm::Nuclear),
        case("cond (1)", MatrixNorm::Columns),
        Case::new("cond (inf)", vec![Input::real(&[2, 2], -0.5..0.5)], move |x| heavy(&x[0])?.cond(MatrixNorm::Rows))
            .value(|x| {
                let [a, b, c, d] = [x[0][0] + 3.0, x[0][1], x[0][2], x[0][3] + 6.0];
                let rows = |a: f64, b: f64, c: f64, d: f64| (a.abs() + b.abs()).max(c.abs() + d.abs());
                vec![rows(a, b, c, d) * rows(d, b, c, a) / (a * d - b * c).abs()]
            })
            .not_counting_saved(),
    ]
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_matrices_have_no_bound() -> Result<()> {
        let norms = [
            MatrixNorm::Spectral,
            MatrixNorm::SpectralLeast,
            MatrixNorm::Nuclear,
            MatrixNorm::Frobenius,
            MatrixNorm::Columns,
            MatrixNorm::Rows,
        ];
        for norm in norms {
            let of = |a: [[f32; 2]; 2]| Tensor::from(a).cond(norm)?.item::<f32>();
            assert_eq!(of([[0.0; 2]; 2])?, f32::INFINITY, "{norm:?}");
            let one = of([[1.0, 0.0], [0.0, 0.0]])?;
            assert_eq!(one, if norm == MatrixNorm::SpectralLeast { 0.0 } else { f32::INFINITY }, "{norm:?}");
            let text = of([[1.0, 0.0], [0.0, f32::NAN]]).expect_err("not finite").to_string();
            assert_eq!(text, "cond: the matrix is not finite, or its rotations do not converge", "{norm:?}");
            let text = Tensor::zeros(&[0, 0], DType::F32)?.cond(norm).expect_err("empty").to_string();
            assert_eq!(text, "cond: the number of elements of a matrix is 0, it must be at least 1", "{norm:?}");
        }
        Ok(())
    }
}
