//! Norms of matrices.

use super::vector::norm;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::decompose::svd::singular_values;
use crate::ops::reduce::along::Along;
use crate::ops::reduce::dims::ReduceDims;
use crate::tensor::Tensor;

/// The norm that [`Tensor::matrix_norm`] takes.
///
/// # Examples
/// ```
/// # use autograd_core::{MatrixNorm, Tensor};
/// let a = Tensor::from([[1.0, -2.0], [3.0, 4.0]]);
/// let norm = |kind| a.matrix_norm(kind, [0, 1])?.item::<f32>();
/// assert_eq!(norm(MatrixNorm::Columns)?, 6.0);
/// assert_eq!(norm(MatrixNorm::Rows)?, 7.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixNorm {
    /// `√(Σ a²)`: "fro".
    Frobenius,
    /// The largest `Σ |a|` of a column: 1.
    Columns,
    /// The smallest `Σ |a|` of a column: −1.
    ColumnsLeast,
    /// The largest `Σ |a|` of a row: ∞.
    Rows,
    /// The smallest `Σ |a|` of a row: −∞.
    RowsLeast,
    /// The largest singular value: 2.
    Spectral,
    /// The smallest singular value: −2.
    SpectralLeast,
    /// The sum of the singular values: "nuc".
    Nuclear,
}

impl Tensor {
    /// A norm of the matrices whose rows lie along the first of the two `dims` and whose columns along the second.
    ///
    /// # Gradient
    /// That of sums, and of [`Tensor::amax`] where the largest is taken: shared equally between ties. Of singular
    /// values it is that of [`Tensor::svdvals`]: `U Vᵀ` for their sum, where those that are 0 have the vectors that
    /// were found.
    ///
    /// # Numerics
    /// A norm beyond the largest number of the dtype is infinite.
    ///
    /// # Errors
    /// If `dims` are not two, are the same or out of range, the dtype is not a float type, there is no row, column or
    /// singular value to take the least of (the largest of none is 0), or, where there are singular values, a matrix is
    /// not finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{MatrixNorm, Tensor};
    /// let a = Tensor::from([[3.0, 0.0], [0.0, 4.0]]);
    /// assert_eq!(a.matrix_norm(MatrixNorm::Frobenius, [-2, -1])?.item::<f32>()?, 5.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn matrix_norm(&self, norm: MatrixNorm, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        matrix_norm(self, norm, &dims.into())
    }
}

const OP: &str = "matrix_norm";

fn matrix_norm(x: &Tensor, kind: MatrixNorm, dims: &ReduceDims) -> Result<Tensor> {
    Check(OP).float(x)?;
    let [rows, columns] = match dims.dims.as_deref() {
        Some([rows, columns]) if x.rank() >= 2 => [*rows, *columns],
        None if x.rank() == 2 => [0, 1],
        _ => {
            let text = format!("{OP}: needs two dims of a tensor that has them (shape {:?})", x.shape());
            return Err(Error::new(ErrorKind::Dim, text));
        }
    };
    let along = Along::new(OP, x, dims)?;
    let (sum, extreme, largest) = match kind {
        MatrixNorm::Frobenius => return norm(OP, "p", x, 2.0, dims),
        MatrixNorm::Columns => (rows, columns, true),
        MatrixNorm::ColumnsLeast => (rows, columns, false),
        MatrixNorm::Rows => (columns, rows, true),
        MatrixNorm::RowsLeast => (columns, rows, false),
        MatrixNorm::Spectral | MatrixNorm::SpectralLeast | MatrixNorm::Nuclear => {
            return of_singular_values(x, kind, [rows, columns])?.reshape_to(&along.shape);
        }
    };
    let sums = x.abs().sum_dim(crate::keep(sum))?;
    let kept = match Along::new(OP, &sums, &extreme.into())?.not_empty(OP, &sums) {
        Ok(_) if largest => sums.amax(crate::keep(extreme)),
        Ok(_) => sums.amin(crate::keep(extreme)),
        // The largest of no absolute values is 0.
        Err(_) if largest => sums.sum_dim(crate::keep(extreme)),
        Err(error) => Err(error),
    };
    kept?.reshape_to(&along.shape)
}

fn of_singular_values(x: &Tensor, kind: MatrixNorm, [rows, columns]: [isize; 2]) -> Result<Tensor> {
    let s = singular_values(OP, &x.movedim(&[rows, columns], &[-2, -1])?)?;
    match kind {
        MatrixNorm::Nuclear => s.sum_dim(-1),
        // The largest of none is 0.
        MatrixNorm::Spectral if s.shape().last() == Some(&0) => s.sum_dim(-1),
        MatrixNorm::Spectral => s.amax(-1),
        _ => match Along::new(OP, &s, &(-1).into())?.not_empty(OP, &s) {
            Ok(_) => s.amin(-1),
            Err(error) => Err(error),
        },
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 2], -2.0..2.0).avoiding(&[0.0])];
    // Singular values that are apart.
    let apart = |x: &Tensor| crate::ops::decompose::matrices::stepped(x, 1.0);
    // Of a matrix of two rows and columns, with 1 and 2 added on the diagonal.
    fn singular_of_two(x: &[f64]) -> [f64; 2] {
        let [a, b, c, d] = [x[0] + 1.0, x[1], x[2], x[3] + 2.0];
        let (sum, product) = (a * a + b * b + c * c + d * d, a * d - b * c);
        let root = (sum * sum / 4.0 - product * product).sqrt();
        [(sum / 2.0 + root).sqrt(), (sum / 2.0 - root).sqrt()]
    }
    // Rows along dim 1, columns along dim 2 of each of the two matrices.
    let sums = |x: &[f64], by_row: bool| -> Vec<f64> {
        match by_row {
            true => (0..3).map(|r| (0..2).map(|c| x[r * 2 + c].abs()).sum()).collect(),
            false => (0..2).map(|c| (0..3).map(|r| x[r * 2 + c].abs()).sum()).collect(),
        }
    };
    let largest = |x: Vec<f64>| x.into_iter().fold(0.0, f64::max);
    let least = |x: Vec<f64>| x.into_iter().fold(f64::INFINITY, f64::min);
    let case = |name: &'static str, kind: MatrixNorm| Case::new(name, x(), move |x| x[0].matrix_norm(kind, [1, 2]));
    [
        case("matrix_norm(fro)", MatrixNorm::Frobenius)
            .value(|x| x[0].chunks(6).map(|m| m.iter().map(|x| x * x).sum::<f64>().sqrt()).collect())
            .refuses(
                |x| x[0].matrix_norm(MatrixNorm::Rows, 1),
                "matrix_norm: needs two dims of a tensor that has them (shape [2, 3, 2])",
            )
            .refuses(
                |x| x[0].matrix_norm(MatrixNorm::Rows, [0, 3]),
                "matrix_norm: dim 3 is out of range for shape [2, 3, 2] (−3 to 2)",
            )
            .refuses(
                |x| x[0].narrow(1, 0, 0)?.matrix_norm(MatrixNorm::RowsLeast, [1, 2]),
                "matrix_norm: dims [1] of shape [2, 0, 1] have no elements, and matrix_norm of nothing is undefined",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).matrix_norm(MatrixNorm::Rows, [0, 1]),
                "matrix_norm: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case("matrix_norm(1)", MatrixNorm::Columns)
            .value(move |x| x[0].chunks(6).map(|m| largest(sums(m, false))).collect()),
        case("matrix_norm(-1)", MatrixNorm::ColumnsLeast)
            .value(move |x| x[0].chunks(6).map(|m| least(sums(m, false))).collect()),
        case("matrix_norm(inf)", MatrixNorm::Rows)
            .value(move |x| x[0].chunks(6).map(|m| largest(sums(m, true))).collect()),
        case("matrix_norm(-inf)", MatrixNorm::RowsLeast)
            .value(move |x| x[0].chunks(6).map(|m| least(sums(m, true))).collect()),
        Case::new("matrix_norm(2)", vec![Input::real(&[2, 3, 2], -0.3..0.3)], move |x| {
            apart(&x[0])?.matrix_norm(MatrixNorm::Spectral, [-1, -2])
        })
        .not_counting_saved(),
        Case::new("matrix_norm(-2)", vec![Input::real(&[3, 2, 2], -0.3..0.3)], move |x| {
            apart(&x[0])?.matrix_norm(MatrixNorm::SpectralLeast, [1, 2])
        })
        .value(|x| x[0].chunks(4).map(|x| singular_of_two(x)[1]).collect())
        .not_counting_saved()
        .refuses(
            |x| x[0].narrow(1, 0, 0)?.matrix_norm(MatrixNorm::SpectralLeast, [1, 2]),
            "matrix_norm: dims [1] of shape [3, 0] have no elements, and matrix_norm of nothing is undefined",
        ),
        Case::new("matrix_norm(nuc)", vec![Input::real(&[2, 2, 2], -0.3..0.3)], move |x| {
            apart(&x[0])?.matrix_norm(MatrixNorm::Nuclear, keep([1, 2]))
        })
        .value(|x| x[0].chunks(4).map(|x| singular_of_two(x).iter().sum()).collect())
        .not_counting_saved(),
        Case::new("matrix_norm (all dims)", vec![Input::real(&[2, 3], 0.5..2.0)], |x| {
            x[0].matrix_norm(MatrixNorm::Frobenius, keep(..))
        })
        .value(|x| vec![x[0].iter().map(|x| x * x).sum::<f64>().sqrt()]),
    ]
}];
