//! The matrix product, batched and broadcast.

use super::product::{View, product};
use crate::error::{Error, Result};
use crate::kernels::gemm::{Matrix, gemm, is_worth_sharing};
use crate::kernels::nest::Nest;
use crate::ops::check::Check;
use crate::shape::{Dims, Shape, strides_in};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::timer::Count;
use crate::tensor::{Tensor, for_float};
use crate::threads::parallel::{share, threads};
use smallvec::SmallVec;

impl Tensor {
    /// Matrix product, by NumPy's rules.
    ///
    /// # Shapes
    /// `[.., M, K] × [.., K, N] → [.., M, N]`, the leading dims broadcast; a vector counts as a row on the left, a
    /// column on the right, and its dim is left out of the result: `[K] × [K]` is a scalar.
    ///
    /// # Gradient
    /// `ga = gy bᵀ`, `gb = aᵀ gy`, summed over broadcast dims. Saves both.
    ///
    /// # Errors
    /// If an operand is a scalar or not a float tensor, the inner sizes differ, the leading dims do not broadcast, or
    /// the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).matmul(&Tensor::from([1.0, 10.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [21.0, 43.0]);
    /// let error = Tensor::from([[1.0, 2.0]]).matmul(&Tensor::from([[1.0, 2.0]])).unwrap_err();
    /// assert_eq!(error.to_string(), "matmul: inner dimensions differ: [1, 2] × [1, 2] (2 ≠ 1)");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn matmul(&self, other: &Tensor) -> Result<Tensor> {
        let check = Check("matmul");
        check.same_float(self, other)?;
        for (what, x) in [("the first operand", self), ("the second operand", other)] {
            let [_] = check.last(what, x, "at least one dimension")?;
        }
        let inner = |t: &Tensor, from_end: usize| t.shape()[t.rank().saturating_sub(from_end)];
        let (left, right) = (inner(self, 1), inner(other, 2));
        if left != right {
            return Err(Error::inner_sizes("matmul", self.shape(), other.shape(), left, right));
        }
        let a = if self.rank() == 1 { self.unsqueeze(0)? } else { self.clone() };
        let b = if other.rank() == 1 { other.unsqueeze(1)? } else { other.clone() };
        let y = matrices(&a, &b)?;
        match (self.rank(), other.rank()) {
            (1, 1) => y.reshape_to(&[]),
            (1, _) => y.squeeze(&[-2]),
            (_, 1) => y.squeeze(&[-1]),
            _ => Ok(y),
        }
    }
}

impl Tensor {
    /// [`Tensor::matmul`] of two matrices, and of nothing else.
    ///
    /// # Errors
    /// If an operand does not have two dimensions, or as for `matmul`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(a.mm(&b)?.to_vec::<f32>()?, [11.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn mm(&self, other: &Tensor) -> Result<Tensor> {
        of_rank("mm", 2, self, other)?;
        self.matmul(other)
    }

    /// [`Tensor::matmul`] of two batches of matrices of the same number, `[B, M, K] × [B, K, N]`.
    ///
    /// # Errors
    /// If an operand does not have three dimensions or the batches differ in size, or as for `matmul`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(a.unsqueeze(0)?.bmm(&b.unsqueeze(0)?)?.shape(), [1, 1, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bmm(&self, other: &Tensor) -> Result<Tensor> {
        of_rank("bmm", 3, self, other)?;
        if self.shape()[0] != other.shape()[0] {
            let expected = format_args!("[{}, .., ..]", self.shape()[0]);
            return Err(Error::shape("bmm", "the second operand", other.shape(), expected));
        }
        self.matmul(other)
    }
}

fn of_rank(op: &'static str, rank: usize, a: &Tensor, b: &Tensor) -> Result<()> {
    for (what, x) in [("the first operand", a), ("the second operand", b)] {
        if x.rank() != rank {
            let expected = format!("{rank} dimensions");
            return Err(Error::shape(op, what, x.shape(), expected));
        }
    }
    Ok(())
}

/// The product of tensors of at least two dimensions whose inner sizes agree.
fn matrices(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (outer_a, m, k) = split(a);
    let (outer_b, _, n) = split(b);
    let mut shape: Shape = Check("matmul").broadcast(outer_a, outer_b)?;
    let outer: Dims = shape.0.clone();
    shape.0.extend([m, n]);
    Check("matmul").fits_memory(&shape)?;
    let value = if b.rank() == 2 && (a.rank() == 2 || a.is_contiguous()) {
        // With one matrix on the right, all matrices on the left are the rows of a single one.
        product("matmul", View::rows_of(a), View::rows_of(b), None, &shape)?
    } else {
        batched(a, b, &outer, (m, k, n), &shape)?
    };
    Ok(record("matmul", value, &[a, b], |_| Matmul { a: Saved::input(0, a), b: Saved::input(1, b) }))
}

fn split(x: &Tensor) -> (&[usize], usize, usize) {
    let (outer, matrix) = x.shape().split_at(x.rank() - 2);
    (outer, matrix[0], matrix[1])
}

fn batched(
    a: &Tensor,
    b: &Tensor,
    outer: &[usize],
    (m, k, n): (usize, usize, usize),
    shape: &[usize],
) -> Result<Tensor> {
    let in_outer = |x: &Tensor| {
        let mut full: Dims = SmallVec::from_slice(outer);
        full.extend_from_slice(&x.shape()[x.rank() - 2..]);
        let mut strides = strides_in(x.layout(), &full);
        let matrix = [x.strides()[x.rank() - 2], x.strides()[x.rank() - 1]];
        strides.truncate(outer.len());
        (strides, matrix)
    };
    let ((a_outer, a_matrix), (b_outer, b_matrix)) = (in_outer(a), in_outer(b));
    let nest = Nest::new(outer, [&a_outer, &b_outer]);
    let count = Count::product(shape, k);
    for_float!(a.float(), T => Tensor::counted::<T, 2>("matmul", count, shape, [a, b], move |[a, b], c| {
        let (a, b) = (a.strided::<T>(), b.strided::<T>());
        let one = |batch: usize, c: &mut [T], threads: usize| {
            // This code walks the nest's innermost dimension itself, for every batch has a start of its own.
            let inner = nest.inner();
            let [i, j] = nest.rows(batch / inner).step();
            let [s, t] = nest.inner_strides();
            let (i, j) = (i + batch % inner * s, j + batch % inner * t);
            let a = Matrix { data: &a[i..], row: a_matrix[0], column: a_matrix[1] };
            let b = Matrix { data: &b[j..], row: b_matrix[0], column: b_matrix[1] };
            gemm(threads, (m, k, n), a, b, None, c);
        };
        if m * n == 0 {
            return;
        }
        if k == 0 {
            // Sums of nothing; the operands have no element to start from.
            return c.fill(0.0);
        }
        if c.len() > m * n && is_worth_sharing((m, k, n), c.len() / (m * n)) {
            let each = threads() / (c.len() / (m * n));
            share(c, m * n, &|batch, c| one(batch, c, each.max(1)));
        } else {
            c.chunks_exact_mut(m * n).enumerate().for_each(|(batch, c)| one(batch, c, usize::MAX));
        }
    }))
}

/// Whether it is one matrix, whatever its rank.
fn is_alone(x: &Tensor) -> bool {
    split(x).0.iter().all(|size| *size == 1)
}

/// The matrices of a batch as the columns of one; not of an empty batch.
fn side_by_side(x: &Tensor) -> Result<Tensor> {
    let rows = x.shape()[x.rank() - 2];
    x.movedim(&[-2], &[0])?.reshape_to(&[rows, x.numel() / rows])
}

struct Matmul {
    a: Saved,
    b: Saved,
}

impl Pullback for Matmul {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, b, gy) = (self.a.get(at), self.b.get(at), at.gy());
        let [m, k] = [2, 1].map(|from_end| a.shape()[a.rank() - from_end]);
        let n = gy.shape()[gy.rank() - 1];
        let is_empty = [&*a, &*b, gy].iter().any(|x| x.numel() == 0);
        at.give(1, || {
            if a.rank() == 2 || !is_alone(&b) {
                return matrices(&a.transpose(-1, -2)?, gy);
            }
            if is_empty {
                return Ok(b.zeros_like());
            }
            // With one matrix on the right, the product itself sums over the batch.
            let (a, gy) = (a.reshape(&[-1, k as isize])?, gy.reshape(&[-1, n as isize])?);
            matrices(&a.t()?, &gy)?.reshape_to(b.shape())
        })?;
        at.give(0, || {
            // So it does with one on the left and all others side by side. These are copies: where they are larger than
            // a product for each matrix of the batch, those are added up.
            if b.rank() == 2 || !is_alone(&a) || !is_empty && n * (m + k) > m * k {
                return matrices(gy, &b.transpose(-1, -2)?);
            }
            if is_empty {
                return Ok(a.zeros_like());
            }
            matrices(&side_by_side(gy)?, &side_by_side(&b)?.t()?)?.reshape_to(a.shape())
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, b, gy) = (self.a.value(), self.b.value(), at.gy());
        if a.rank() > 2 || b.rank() > 2 {
            return self.pull(at);
        }
        at.give(1, || product("matmul", View::rows_of(a).t(), View::rows_of(gy), None, b.shape()))?;
        at.give(0, || product("matmul", View::rows_of(gy), View::rows_of(b).t(), None, a.shape()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.b);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let input = |s: &[usize]| Input::real(s, -2.0..2.0);
    // The reference for equal batches; `shared`: whether b has no batch.
    let reference = |batch: usize, m: usize, k: usize, n: usize, shared: bool| {
        move |x: &[Vec<f64>]| {
            let at = |o: usize, i: usize, j: usize| {
                let b = if shared { 0 } else { o * k * n };
                (0..k).map(|p| x[0][(o * m + i) * k + p] * x[1][b + p * n + j]).sum::<f64>()
            };
            (0..batch * m * n).map(|e| at(e / (m * n), e / n % m, e % n)).collect()
        }
    };
    let case = |a: &[usize], b: &[usize]| Case::new("matmul", vec![input(a), input(b)], |x| x[0].matmul(&x[1]));
    [
        case(&[2, 3, 0], &[2, 0, 4]).value(|_| vec![0.0; 24]),
        case(&[2, 3, 4], &[2, 4, 0]).value(|_| Vec::new()),
        case(&[2, 0, 4], &[2, 4, 3]).value(|_| Vec::new()),
        case(&[2, 3], &[4, 3, 0]).value(|_| Vec::new()),
        case(&[2, 3], &[3, 4])
            .value(reference(1, 2, 3, 4, false))
            .refuses(|x| x[0].matmul(&x[0]), "matmul: inner dimensions differ: [2, 3] × [2, 3] (3 ≠ 2)")
            .refuses(
                |x| x[0].sum().matmul(&x[1]),
                "matmul: the first operand has shape [], expected at least one dimension",
            )
            .refuses(
                |x| x[0].matmul(&x[1].sum()),
                "matmul: the second operand has shape [], expected at least one dimension",
            )
            .refuses(
                |x| x[0].matmul(&x[1].to_dtype(DType::F32)),
                "matmul: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).matmul(&x[1].to_dtype(DType::I64)),
                "matmul: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case(&[3], &[3]).value(reference(1, 1, 3, 1, false)),
        case(&[2, 3], &[3]).value(reference(1, 2, 3, 1, false)),
        case(&[3], &[3, 2]).value(reference(1, 1, 3, 2, false)),
        case(&[2, 2, 3], &[2, 3, 2]).value(reference(2, 2, 3, 2, false)).refuses(
            |x| x[0].matmul(&Tensor::cat(&[&x[1], &x[1]], 0)?),
            "matmul: shapes [2] and [4] do not broadcast: 2 ≠ 4 in dimension −1 (counted from the end)",
        ),
        case(&[2, 2, 3], &[3, 2]).value(reference(2, 2, 3, 2, true)),
        case(&[2, 1, 2, 3], &[2, 3, 2]),
        case(&[1, 3, 2], &[4, 2, 1]),
        case(&[4, 3], &[2, 3, 1]),
        case(&[3, 4], &[2, 2, 4, 1]),
        case(&[1, 1, 4, 3], &[2, 3, 1]),
        case(&[2, 3], &[2, 3, 4]),
        case(&[2, 3, 4], &[1, 4, 2]),
        Case::new("mm", vec![input(&[2, 3]), input(&[3, 4])], |x| x[0].mm(&x[1]))
            .value(reference(1, 2, 3, 4, false))
            .refuses(
                |x| x[0].mm(&x[1].unsqueeze(0)?),
                "mm: the second operand has shape [1, 3, 4], expected 2 dimensions",
            ),
        Case::new("bmm", vec![input(&[2, 2, 3]), input(&[2, 3, 2])], |x| x[0].bmm(&x[1]))
            .value(reference(2, 2, 3, 2, false))
            .refuses(|x| x[0].sum_dim(0)?.bmm(&x[1]), "bmm: the first operand has shape [2, 3], expected 3 dimensions")
            .refuses(
                |x| x[0].bmm(&x[1].narrow(0, 0, 1)?),
                "bmm: the second operand has shape [1, 3, 2], expected [2, .., ..]",
            ),
    ]
}];
