//! Batches of matrices: their checks, their parts, and the kernel that goes from one to the next.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::{copy, triangular};
use crate::kernels::gemm::Matrix;
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::ops::shape::strided::{Cut, cut};
use crate::shape::{Dims, Layout};
use crate::tensor::timer::Count;
use crate::tensor::{DType, Tensor};
use crate::threads::parallel::for_rows;
use smallvec::SmallVec;

/// The triangle of a matrix, with its diagonal.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, Triangle};
/// let a = Tensor::from([[4.0, 2.0], [2.0, 5.0]]);
/// assert_eq!(a.cholesky(Triangle::Lower)?.to_vec::<f32>()?, [2.0, 0.0, 1.0, 2.0]);
/// assert_eq!(a.cholesky(Triangle::Upper)?.to_vec::<f32>()?, [2.0, 1.0, 0.0, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// On and below the diagonal.
    Lower,
    /// On and above the diagonal.
    Upper,
}

impl Triangle {
    pub(super) fn is_upper(self) -> bool {
        self == Triangle::Upper
    }
}

/// The size N of square matrices.
pub(super) fn square(check: Check, what: &str, x: &Tensor) -> Result<usize> {
    check.float(x)?;
    let [rows, columns] = check.last(what, x, "[.., N, N]")?;
    if rows == columns { Ok(rows) } else { Err(Error::shape(check.0, what, x.shape(), "[.., N, N]")) }
}

/// The sizes of matrices.
pub(super) fn sizes(check: Check, what: &str, x: &Tensor) -> Result<[usize; 2]> {
    check.float(x)?;
    check.last(what, x, "[.., M, N]")
}

/// The sizes in front of the matrices.
pub(super) fn outer(x: &Tensor) -> &[usize] {
    &x.shape()[..x.rank() - 2]
}

/// The sizes in front of the matrices, and then `last`.
pub(super) fn with_last(x: &Tensor, last: &[usize]) -> Dims {
    let mut shape: Dims = SmallVec::from_slice(outer(x));
    shape.extend_from_slice(last);
    shape
}

/// The matrices with rows and columns exchanged.
pub(super) fn turned(x: &Tensor) -> Result<Tensor> {
    x.transpose(-1, -2)
}

/// A part of numbers that lie packed in the last dim: a vector, or a matrix in rows.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) op: &'static str,
    pub(super) start: usize,
    /// Sizes and strides.
    pub(super) dims: SmallVec<[(usize, usize); 2]>,
}

impl Block {
    pub(super) fn vector(op: &'static str, start: usize, n: usize) -> Block {
        Block { op, start, dims: SmallVec::from_slice(&[(n, 1)]) }
    }

    pub(super) fn rows(op: &'static str, start: usize, [rows, columns]: [usize; 2]) -> Block {
        Block { op, start, dims: SmallVec::from_slice(&[(rows, columns), (columns, 1)]) }
    }

    /// The part, recorded; a view.
    pub(super) fn of(self, packed: &Tensor) -> Tensor {
        cut(self, packed)
    }
}

impl Cut for Block {
    fn op(&self) -> &'static str {
        self.op
    }

    fn within(&self, whole: &Layout) -> Layout {
        let outer = whole.shape().len() - 1;
        let mut shape: Dims = SmallVec::from_slice(&whole.shape()[..outer]);
        let mut strides: Dims = SmallVec::from_slice(&whole.strides()[..outer]);
        let step = whole.strides()[outer];
        shape.extend(self.dims.iter().map(|(size, _)| *size));
        strides.extend(self.dims.iter().map(|(_, stride)| stride * step));
        // A part without elements has no place: its start may lie outside the buffer.
        let start = if shape.contains(&0) { 0 } else { self.start * step };
        Layout::strided(&shape, &strides, whole.offset() + start)
    }
}

/// How a kernel goes through a batch.
#[derive(Clone, Copy)]
pub(super) struct Each {
    /// Elements that the result has of one matrix.
    pub(super) width: usize,
    /// Multiply-adds that it takes.
    pub(super) work: usize,
}

impl Each {
    pub(super) fn new(width: usize, work: [usize; 3]) -> Each {
        Each { width, work: work.iter().fold(1, |product: usize, size| product.saturating_mul(*size)) }
    }

    pub(super) fn count(self, numel: usize) -> Count {
        let matrices = (numel / self.width.max(1)) as u64;
        Count::Of(matrices.saturating_mul(self.work as u64).saturating_mul(2))
    }

    /// Calls `one(threads, i, part of y)` for every matrix: each on a thread of its own, or one after the other on all.
    pub(super) fn run<T: Real>(self, y: &mut [T], one: impl Fn(usize, usize, &mut [T]) + Sync) {
        if self.width == 0 || y.is_empty() {
            return;
        }
        if y.len() == self.width {
            return one(usize::MAX, 0, y);
        }
        // A multiply-add of a product takes a sixteenth of an elementwise one.
        for_rows(y, self.width, (self.work / 16).max(self.width), |range, y| {
            for (i, y) in range.zip(y.chunks_exact_mut(self.width)) {
                one(1, i, y);
            }
        });
    }
}

/// The matrix of a batch by its number, in a sentence.
pub(super) fn which(i: usize, batch: bool) -> String {
    if batch { format!("matrix {i} of the batch") } else { "the matrix".into() }
}

pub(super) fn refusal(op: &str, which: &str, is: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("{op}: {which} is {is}"))
}

/// The strides of matrices, so that a kernel finds them in memory.
#[derive(Clone)]
pub(super) struct Places {
    /// The sizes in front of those of matrices, and the strides there.
    outer: SmallVec<[(usize, usize); 4]>,
    row: usize,
    column: usize,
}

impl Places {
    /// Those of each matrix of `x`, for a batch of the sizes `outer`, to which x broadcasts.
    pub(super) fn new(x: &Tensor, outer: &[usize]) -> Places {
        let mut full: Dims = SmallVec::from_slice(outer);
        full.extend_from_slice(&x.shape()[x.rank() - 2..]);
        let strides = crate::shape::strides_in(x.layout(), &full);
        let [row, column] = [2, 1].map(|from_end| x.strides()[x.rank() - from_end]);
        Places { outer: outer.iter().copied().zip(strides).collect(), row, column }
    }

    /// Where the matrix of this number begins, counted in row-major order. There is no list of them: of an expanded
    /// batch there may be more than memory holds.
    fn start(&self, i: usize) -> usize {
        let mut rest = i;
        let mut start = 0;
        for (size, stride) in self.outer.iter().rev() {
            start += rest % size * stride;
            rest /= size;
        }
        start
    }

    /// The numbers of all matrices, of those in the same place only the first.
    pub(super) fn distinct(&self) -> impl Iterator<Item = usize> + '_ {
        let once = |(size, stride): &(usize, usize)| if *stride == 0 { (*size).min(1) } else { *size };
        let count = self.outer.iter().map(once).product::<usize>();
        (0..count).map(move |i| {
            let (mut rest, mut number, mut step) = (i, 0, 1);
            for of_dim in self.outer.iter().rev() {
                number += rest % once(of_dim) * step;
                rest /= once(of_dim);
                step *= of_dim.0;
            }
            number
        })
    }

    /// Matrix `i`.
    pub(super) fn matrix<'a, T>(&self, x: &'a [T], i: usize) -> Matrix<'a, T> {
        Matrix { data: &x[self.start(i)..], row: self.row, column: self.column }
    }

    /// Copies matrix `i` of `[.., columns]` in rows.
    pub(super) fn copy<T: Copy>(&self, x: &[T], i: usize, columns: usize, to: &mut [T]) {
        if !to.is_empty() {
            copy(self.matrix(x, i), columns, to);
        }
    }
}

/// Ones on the diagonal and zeros beside it.
pub(super) fn eye(rows: usize, columns: usize, dtype: DType) -> Result<Tensor> {
    let square = Tensor::eye(rows.min(columns), dtype)?;
    if rows == columns {
        return Ok(square);
    }
    let (dim, shape) = if rows > columns { (0, [rows - columns, columns]) } else { (1, [rows, columns - rows]) };
    Tensor::cat(&[&square, &Tensor::zeros(&shape, dtype)?], dim)
}

/// Matrices with this much more on the diagonal.
#[cfg(test)]
pub(in crate::ops) fn heavier(x: &Tensor, by: f64) -> Result<Tensor> {
    let [m, n] = sizes(Check("heavier"), "the input", x)?;
    x.try_add(&eye(m, n, x.dtype())?.mul_scalar(by))
}

/// Matrices with once, twice, three times this much more on the diagonal: what they are made of is apart.
#[cfg(test)]
pub(in crate::ops) fn stepped(x: &Tensor, by: f64) -> Result<Tensor> {
    let [m, n] = sizes(Check("stepped"), "the input", x)?;
    let steps = Tensor::arange(1.0, n as f64 + 1.0, 1.0, x.dtype())?.mul_scalar(by);
    x.try_add(&eye(m, n, x.dtype())?.try_mul(&steps)?)
}

/// The shape of a triangular matrix as kernels know it.
pub(super) fn kernel_shape(upper: bool, unit: bool) -> triangular::Shape {
    triangular::Shape { upper, unit }
}
