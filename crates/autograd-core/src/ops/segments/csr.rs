//! Sparse matrices times dense ones.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::entries;
use crate::ops::check::Check;
use crate::ops::indices::Indices;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};

/// The places of the entries of a sparse matrix, in range.
#[derive(Clone)]
pub(crate) struct Entries {
    rows: Saved,
    columns: Saved,
    /// The numbers of rows and columns.
    sizes: [usize; 2],
    /// Whether an entry of 0 is none, also where it meets what is not finite.
    sparse: bool,
}

impl Entries {
    /// Entries with these rows, which are in range and contiguous, and these columns.
    pub(crate) fn new(rows: &Tensor, columns: &Indices, sizes: [usize; 2]) -> Entries {
        Entries { rows: Saved::constant(rows), columns: columns.saved().clone(), sizes, sparse: false }
    }

    /// Those that are 0 are none: 0 times what is not finite is left out, too.
    pub(crate) fn without_zeros(self) -> Entries {
        Entries { sparse: true, ..self }
    }

    fn t(&self) -> Entries {
        let [m, n] = self.sizes;
        Entries { rows: self.columns.clone(), columns: self.rows.clone(), sizes: [n, m], sparse: self.sparse }
    }

    /// The sparse matrix of these values times `x: [N, D]`, recorded.
    pub(crate) fn matmul(&self, op: &'static str, values: &Tensor, x: &Tensor) -> Result<Tensor> {
        let (width, [m, _], sparse) = (x.shape()[1], self.sizes, self.sparse);
        let (v, packed) = (values.try_packed(op)?, x.try_packed(op)?);
        let operands = [&*v, &*packed, self.rows.value(), self.columns.value()];
        let y = for_float!(x.float(), T => {
            Tensor::compute::<T, 4>(op, &[m, width], operands, move |[v, x, rows, columns], y| {
                entries::product::<T>(v.flat(), x.flat(), [rows.flat(), columns.flat()], (width, sparse), y);
            })
        })?;
        Ok(record(op, y, &[values, x], |_| Product {
            op,
            entries: self.clone(),
            values: Saved::input(0, values),
            x: Saved::input(1, x),
        }))
    }

    /// The inner products of the rows of `a` and `b` that meet in the entries: `yₖ = a[rowₖ] · b[columnₖ]`, recorded.
    fn inner(&self, op: &'static str, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let (left, right) = (a.try_packed(op)?, b.try_packed(op)?);
        let (width, n) = (a.shape()[1], self.rows.value().numel());
        let operands = [&*left, &*right, self.rows.value(), self.columns.value()];
        let y = for_float!(a.float(), T => {
            Tensor::compute::<T, 4>(op, &[n], operands, move |[a, b, rows, columns], y| {
                entries::inner::<T>(a.flat(), b.flat(), [rows.flat(), columns.flat()], width, y);
            })
        })?;
        Ok(record(op, y, &[a, b], |_| Inner {
            op,
            entries: self.clone(),
            a: Saved::input(0, a),
            b: Saved::input(1, b),
        }))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.rows);
        see(&self.columns);
    }
}

struct Product {
    op: &'static str,
    entries: Entries,
    values: Saved,
    x: Saved,
}

impl Pullback for Product {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, values, x) = (at.gy(), self.values.get(at), self.x.get(at));
        at.give(1, || self.entries.t().matmul(self.op, &values, gy))?;
        at.give(0, || self.entries.inner(self.op, gy, &x))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.values);
        see(&self.x);
        self.entries.saved(see);
    }
}

struct Inner {
    op: &'static str,
    entries: Entries,
    a: Saved,
    b: Saved,
}

impl Pullback for Inner {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, a, b) = (at.gy(), self.a.get(at), self.b.get(at));
        at.give(1, || self.entries.t().matmul(self.op, gy, &a))?;
        at.give(0, || self.entries.matmul(self.op, gy, &b))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.b);
        self.entries.saved(see);
    }
}

/// Which of the places where runs of `n` entries begin is out of order, if one is: the first is 0, none is below the
/// one before it or above `n`, which is the last one, where the end is one of them.
pub(crate) fn misplaced(ends: &[i64], n: usize, whole: bool) -> Option<String> {
    let Some(last) = ends.len().checked_sub(1) else {
        return (whole || n > 0).then(|| "there are none".to_string());
    };
    let n = n as i64;
    let fits = |i: usize| {
        let at = ends[i];
        let from = if i == 0 { at == 0 } else { at >= ends[i - 1] };
        from && at <= n && (i < last || !whole || at == n)
    };
    (0..=last).find(|i| !fits(*i)).map(|i| format!("number {i} of them is {}", ends[i]))
}

const OP: &str = "csr_matmul";
const CHECK: Check = Check(OP);

/// # Segments and sparse matrices
impl Tensor {
    /// `y = A x` for a sparse matrix A whose entries, row by row, are the elements of this tensor: those of row i are
    /// numbers `crow_indices[i]` to `crow_indices[i + 1]`, and `col_indices` says in which columns.
    ///
    /// # Shapes
    /// `self, col_indices: [E]`, `crow_indices: [M + 1]`, `dense: [N, D] → [M, D]`.
    ///
    /// # Gradient
    /// `gx = Aᵀ gy`; for entry k, of row i and column j, `gy[i] · x[j]`. Saves the entries and x.
    ///
    /// # Errors
    /// If the shapes do not fit, a column is out of range, `crow_indices` does not go up from 0 to E, the indices are
    /// not `I64`, or the dtypes of the floats differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// // [[0, 2], [0, 0], [3, 4]]
    /// let (crow, col) = (Tensor::from([0, 1, 1, 3]), Tensor::from([1, 0, 1]));
    /// let y = Tensor::from([2.0, 3.0, 4.0]).csr_matmul(&crow, &col, &Tensor::from([[1.0], [10.0]]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [20.0, 0.0, 43.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn csr_matmul(&self, crow_indices: &Tensor, col_indices: &Tensor, dense: &Tensor) -> Result<Tensor> {
        CHECK.same_float(self, dense)?;
        let [e] = CHECK.shape("values", self, "[E]")?;
        let [n, _] = CHECK.shape("dense", dense, "[N, D]")?;
        let [ends] = CHECK.shape("crow_indices", crow_indices, "[M + 1]")?;
        CHECK.is("col_indices", col_indices, &[e])?;
        CHECK.dtype(crow_indices, DType::I64)?;
        let columns = CHECK.indices(col_indices, &[n], 0)?;
        let crow = crow_indices.try_packed(OP)?;
        Tensor::look(OP, [&*crow], move |[crow]| {
            let crow = crow.flat::<i64>();
            let Some(at) = misplaced(crow, e, true) else { return Ok(()) };
            let text = format!("{OP}: crow_indices must go up from 0 to {e}, the number of values; {at}");
            Err(Error::new(ErrorKind::Index, text))
        })?;
        let rows = Tensor::moved::<i64, 1>(OP, &[e], [&*crow], |[crow], y| {
            for (row, ends) in crow.flat::<i64>().windows(2).enumerate() {
                y[ends[0] as usize..ends[1] as usize].fill(row as i64);
            }
        })?;
        Entries::new(&rows, &columns, [ends - 1, n]).matmul(OP, self, dense)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // The last row is empty, and column 2 occurs twice in the first.
    let (crow, col) = (|| Tensor::from([0, 3, 4, 4]), || Tensor::from([2, 0, 2, 1]));
    let x = vec![Input::real(&[4], -2.0..2.0), Input::real(&[5, 2], -2.0..2.0)];
    let call = move |x: &[Tensor]| x[0].csr_matmul(&crow(), &col(), &x[1]);
    [Case::new("csr_matmul", x, call)
        .value(|x| {
            let of = |k: usize, column: usize, j: usize| x[0][k] * x[1][column * 2 + j];
            let row = |j: usize| of(0, 2, j) + of(1, 0, j) + of(2, 2, j);
            vec![row(0), row(1), of(3, 1, 0), of(3, 1, 1), 0.0, 0.0]
        })
        .refuses(
            |x| x[0].csr_matmul(&Tensor::from([0, 3]), &Tensor::from([0, 0, 0, 0]), &x[1]),
            "csr_matmul: crow_indices must go up from 0 to 4, the number of values; number 1 of them is 3",
        )
        .refuses(
            |x| x[0].csr_matmul(&Tensor::from([0, 4]), &Tensor::from([0, 0, 5, 0]), &x[1]),
            "csr_matmul: index 5 at position 2 is out of range for dim 0 of shape [5]",
        )
        .refuses(
            |x| x[0].csr_matmul(&Tensor::from([0, 4]), &Tensor::from([0]), &x[1]),
            "csr_matmul: col_indices has shape [1], expected [4]",
        )
        .refuses(
            |x| x[0].csr_matmul(&Tensor::from([0, 4]), &Tensor::from([0, 0, 0, 0]), &x[1].to_dtype(DType::F32)),
            "csr_matmul: dtypes F64 and F32 do not mix; convert one with to_dtype",
        )]
}];
