//! One unrecorded matrix product: tensors as strided matrices, transposes as strides.

use crate::error::Result;
use crate::kernels::gemm::{Matrix, gemm};
use crate::kernels::real::Real;
use crate::tensor::{Tensor, for_float};

/// A tensor read as a matrix.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    tensor: &'a Tensor,
    rows: usize,
    columns: usize,
    row: usize,
    column: usize,
}

impl<'a> View<'a> {
    /// The view with all dimensions but the last as rows; the tensor is contiguous or a matrix.
    pub(crate) fn rows_of(tensor: &'a Tensor) -> View<'a> {
        if let ([rows, columns], [row, column]) = (tensor.shape(), tensor.strides()) {
            return View { tensor, rows: *rows, columns: *columns, row: *row, column: *column };
        }
        let columns = tensor.shape().last().copied().unwrap_or(1);
        debug_assert!(tensor.is_contiguous());
        let rows = tensor.shape().iter().rev().skip(1).product();
        View { tensor, rows, columns, row: columns, column: 1 }
    }

    /// The view with rows and columns exchanged.
    pub(crate) fn t(self) -> View<'a> {
        View { rows: self.columns, columns: self.rows, row: self.column, column: self.row, ..self }
    }

    fn matrix<T: Real>(self) -> Matrix<'a, T> {
        Matrix { data: self.tensor.strided(), row: self.row, column: self.column }
    }
}

/// `a b + bias` as a tensor of `shape`; the bias has one element per column and is contiguous.
///
/// # Errors
/// If there is no memory for it.
pub(crate) fn product(
    op: &'static str,
    a: View<'_>,
    b: View<'_>,
    bias: Option<&Tensor>,
    shape: &[usize],
) -> Result<Tensor> {
    let size = (a.rows, a.columns, b.columns);
    for_float!(a.tensor.float(), T => Tensor::try_build::<T>(op, shape, |c| {
        gemm::<T>(usize::MAX, size, a.matrix(), b.matrix(), bias.map(Tensor::flat), c);
    }))
}
