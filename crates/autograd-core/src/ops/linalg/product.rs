//! One unrecorded matrix product: tensors as strided matrices, transposes as strides.

use crate::error::Result;
use crate::kernels::gemm::{Matrix, gemm};
use crate::kernels::real::Real;
use crate::tensor::operand::Operand;
use crate::tensor::timer::Count;
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

    fn place(self) -> (usize, usize) {
        (self.row, self.column)
    }
}

fn matrix<T: Real>(x: Operand<'_>, (row, column): (usize, usize)) -> Matrix<'_, T> {
    Matrix { data: x.strided(), row, column }
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
    let (left, right) = (a.place(), b.place());
    let count = Count::product(&[a.rows, b.columns], a.columns);
    for_float!(a.tensor.float(), T => match bias {
        None => Tensor::counted::<T, 2>(op, count, shape, [a.tensor, b.tensor], move |[a, b], c| {
            gemm(usize::MAX, size, matrix(a, left), matrix(b, right), None, c);
        }),
        Some(bias) => Tensor::counted::<T, 3>(op, count, shape, [a.tensor, b.tensor, bias], move |[a, b, bias], c| {
            gemm(usize::MAX, size, matrix(a, left), matrix(b, right), Some(bias.flat()), c);
        }),
    })
}
