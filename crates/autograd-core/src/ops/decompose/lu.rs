//! Matrices as products of triangles with exchanged rows.

use super::factors::factored;
use super::matrices::{Block, Each, Places, eye, outer, sizes, square, turned};
use super::triangular::{Read, solved};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::lu::exchange;
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};

impl Tensor {
    /// `A = P L U` of each matrix: P exchanges rows, L is lower with ones on the diagonal, U is upper.
    ///
    /// # Shapes
    /// `[.., M, N] → [.., M, M], [.., M, K], [.., K, N]` with `K = min(M, N)`
    ///
    /// # Gradient
    /// As that of [`Tensor::lu_factor`]; P has none.
    ///
    /// # Errors
    /// If there are fewer than two dims, the dtype is not a float type, or a matrix in `F32` has more than 2²⁴ rows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (p, l, u) = Tensor::from([[2.0, 4.0], [4.0, 4.0]]).lu()?;
    /// assert_eq!(p.to_vec::<f32>()?, [0.0, 1.0, 1.0, 0.0]);
    /// assert_eq!(l.to_vec::<f32>()?, [1.0, 0.0, 0.5, 1.0]);
    /// assert_eq!(u.to_vec::<f32>()?, [4.0, 4.0, 0.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lu(&self) -> Result<(Tensor, Tensor, Tensor)> {
        const OP: &str = "lu";
        let [m, n] = sizes(Check(OP), "the input", self)?;
        let k = m.min(n);
        let (triangles, pivots) = factors(OP, self)?;
        let l = triangles.narrow(-1, 0, k)?.tril(-1)?.try_add(&eye(m, k, self.dtype())?)?;
        let u = triangles.narrow(-2, 0, k)?.triu(0)?;
        // The identity, its rows exchanged back.
        let p = exchanged(OP, &eye(m, m, self.dtype())?, &pivots, true)?;
        Ok((p, l, u))
    }

    /// The triangles of [`Tensor::lu`] in one matrix, without the ones of L, and the rows that were exchanged: row i
    /// with row `pivots[i]`, counted from 1, for one i after the other (`I64`).
    ///
    /// # Shapes
    /// `[.., M, N] → [.., M, N], [.., min(M, N)]`
    ///
    /// # Gradient
    /// `ga = P L⁻ᵀ (tril(Lᵀ gl) + triu(gu Uᵀ)) U⁻ᵀ` of a square matrix, without the diagonal of the first; the rest of
    /// a matrix that is not square goes through `L U` of its part. Infinite or NaN where U has a zero on its diagonal.
    /// Saves the triangles.
    ///
    /// # Errors
    /// If there are fewer than two dims, the dtype is not a float type, or a matrix in `F32` has more than 2²⁴ rows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (lu, pivots) = Tensor::from([[2.0, 4.0], [4.0, 4.0]]).lu_factor()?;
    /// assert_eq!(lu.to_vec::<f32>()?, [4.0, 4.0, 0.5, 2.0]);
    /// assert_eq!(pivots.to_vec::<i64>()?, [2, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lu_factor(&self) -> Result<(Tensor, Tensor)> {
        sizes(Check("lu_factor"), "the input", self)?;
        factors("lu_factor", self)
    }

    /// The X of `A X = B`, by the triangles and rows of [`Tensor::lu_factor`] of A, this tensor the triangles.
    ///
    /// # Shapes
    /// `[.., N, N] × [.., N] × [.., N, K] → [.., N, K]`, the leading dims broadcast.
    ///
    /// # Gradient
    /// That of [`Tensor::solve_triangular`], for the triangles and for B.
    ///
    /// # Errors
    /// If this tensor is not square, sizes do not fit, dtypes differ, a row is outside the matrix, or U has a zero on
    /// its diagonal.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (lu, pivots) = Tensor::from([[2.0, 1.0], [1.0, 3.0]]).lu_factor()?;
    /// let x = lu.lu_solve(&pivots, &Tensor::from([[3.0], [4.0]]))?;
    /// assert_eq!(x.to_vec::<f32>()?, [1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lu_solve(&self, pivots: &Tensor, b: &Tensor) -> Result<Tensor> {
        const OP: &str = "lu_solve";
        let check = Check(OP);
        let n = square(check, "LU", self)?;
        check.same_float(self, b)?;
        check.dtype(pivots, DType::I64)?;
        if sizes(check, "B", b)?[0] != n {
            return Err(Error::shape(OP, "B", b.shape(), format!("[.., {n}, K]")));
        }
        check.is("pivots", pivots, &self.shape()[..self.rank() - 1])?;
        check.broadcast(outer(self), outer(b))?;
        check_rows(OP, pivots, n)?;
        super::triangular::regular(OP, self)?;
        let b = exchanged(OP, b, pivots, false)?;
        let y = solved(OP, self, &b, Read { upper: false, unit: true }, false)?;
        solved(OP, self, &y, Read { upper: true, unit: false }, false)
    }
}

/// The triangles in one matrix, recorded, and the rows that were exchanged.
fn factors(op: &'static str, a: &Tensor) -> Result<(Tensor, Tensor)> {
    let [m, n] = sizes(Check(op), "the input", a)?;
    let packed = factored(op, a)?;
    let pivots = Block::vector(op, m * n, m.min(n)).of(&packed).to_dtype(DType::I64);
    let triangles = Block::rows(op, 0, [m, n]).of(&packed);
    let saved = |y: &Tensor| Factored { op, y: Saved::output(y), pivots: Saved::constant(&pivots) };
    Ok((record(op, triangles, &[a], saved), pivots))
}

/// Rows must be those of matrices of `n`.
fn check_rows(op: &'static str, pivots: &Tensor, n: usize) -> Result<()> {
    Tensor::look(op, [&*pivots.try_packed(op)?], move |[pivots]| {
        match pivots.flat::<i64>().iter().find(|row| !(1..=n as i64).contains(*row)) {
            None => Ok(()),
            Some(row) => {
                let text = format!("{op}: pivot {row} is no row of {n}, counted from 1");
                Err(Error::new(ErrorKind::Index, text))
            }
        }
    })
}

/// The rows of matrices exchanged as a factorization did, or back.
fn exchanged(op: &'static str, x: &Tensor, pivots: &Tensor, back: bool) -> Result<Tensor> {
    let mut shape: Shape = Check(op).broadcast(outer(x), &pivots.shape()[..pivots.rank() - 1])?;
    let [rows, columns] = [2, 1].map(|from_end| x.shape()[x.rank() - from_end]);
    let (of_x, of_pivots) = (Places::new(x, &shape), Places::new(&pivots.unsqueeze(-2)?, &shape));
    shape.0.extend([rows, columns]);
    Check(op).fits_memory(&shape)?;
    let (each, k) = (Each::new(rows * columns, [rows, columns, 1]), pivots.shape()[pivots.rank() - 1]);
    let value = for_float!(x.float(), T => Tensor::compute::<T, 2>(op, &shape, [x, pivots], move |[x, pivots], y| {
        let (x, pivots) = (x.strided::<T>(), pivots.strided::<i64>());
        each.run(y, |_, i, y| {
            of_x.copy(x, i, columns, y);
            let mut of_this = vec![0; k];
            of_pivots.copy(pivots, i, k, &mut of_this);
            exchange(&of_this.iter().map(|row| *row as T).collect::<Vec<T>>(), back, columns, y);
        });
    })?);
    let saved = |_: &Tensor| Exchanged { op, pivots: Saved::constant(pivots), back };
    Ok(record(op, value, &[x], saved))
}

struct Exchanged {
    op: &'static str,
    pivots: Saved,
    back: bool,
}

impl Pullback for Exchanged {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || exchanged(self.op, gy, self.pivots.value(), !self.back))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.pivots);
    }
}

struct Factored {
    op: &'static str,
    y: Saved,
    pivots: Saved,
}

impl Pullback for Factored {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (y, gy) = (self.y.get(at), at.gy());
        at.give(0, || {
            let [m, n] = [2, 1].map(|from_end| y.shape()[y.rank() - from_end]);
            let k = m.min(n);
            let square = |x: &Tensor| x.narrow(-2, 0, k)?.narrow(-1, 0, k);
            let (triangles, g) = (square(&y)?, square(gy)?);
            let one = eye(k, k, y.dtype())?;
            let (l, u) = (triangles.tril(-1)?.try_add(&one)?, triangles.triu(0)?);
            let (mut by_l, mut by_u) = (turned(&l)?.matmul(&g.tril(-1)?)?, g.triu(0)?.matmul(&turned(&u)?)?);
            let mut rest = None;
            if n > m {
                let (u, g) = (y.narrow(-1, k, n - k)?, gy.narrow(-1, k, n - k)?);
                by_l = by_l.try_sub(&g.matmul(&turned(&u)?)?)?;
                rest = Some(g);
            } else if m > n {
                let (l, g) = (y.narrow(-2, k, m - k)?, gy.narrow(-2, k, m - k)?);
                by_u = by_u.try_sub(&turned(&l)?.matmul(&g)?)?;
                rest = Some(g);
            }
            let inner = by_l.tril(-1)?.try_add(&by_u.triu(0)?)?;
            let (lower, upper) = (Read { upper: false, unit: true }, Read { upper: true, unit: false });
            // `x U⁻ᵀ` and `L⁻ᵀ x`
            let by_upper = |x: &Tensor| turned(&solved(self.op, &triangles, &turned(x)?, upper, false)?);
            let by_lower = |x: &Tensor| solved(self.op, &triangles, x, lower, true);
            let ga = match &rest {
                None => by_lower(&by_upper(&inner)?)?,
                Some(g) if n > m => by_lower(&Tensor::cat(&[&by_upper(&inner)?, g], -1)?)?,
                Some(g) => by_upper(&Tensor::cat(&[&by_lower(&inner)?, g], -2)?)?,
            };
            exchanged(self.op, &ga, self.pivots.value(), true)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
        see(&self.pivots);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // So heavy on a diagonal beside the main one that the rows to exchange are the same near by.
    fn mixed(x: &Tensor) -> crate::Result<Tensor> {
        let [m, n] = sizes(Check("mixed"), "the input", x)?;
        let heavy = eye(m, n, x.dtype())?.mul_scalar(4.0).flip(&[0])?;
        x.try_add(&heavy)
    }
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    let whole = |x: &Tensor| {
        let (p, l, u) = x.lu()?;
        p.matmul(&l)?.matmul(&u)
    };
    // Each factor with weights of its own, so that the derivatives of both are seen.
    let weighed = |x: &Tensor| {
        let (triangles, _) = mixed(x)?.lu_factor()?;
        let [m, n] = sizes(Check("weighed"), "the input", x)?;
        let (l, u) = (triangles.narrow(-1, 0, m.min(n))?.tril(-1)?, triangles.narrow(-2, 0, m.min(n))?.triu(0)?);
        l.square().matmul(&u.sin())
    };
    let case = move |s: &[usize]| Case::new("lu_factor", input(s), move |x| weighed(&x[0])).not_counting_saved();
    [
        Case::new("lu (product)", input(&[2, 3, 3]), move |x| whole(&x[0]))
            .value(|x| x[0].clone())
            .not_counting_saved()
            .refuses(|x| Ok(x[0].reshape(&[18])?.lu()?.1), "lu: the input has shape [18], expected [.., M, N]"),
        Case::new("lu", input(&[2, 3, 3]), |x| {
            let (_, l, u) = mixed(&x[0])?.lu()?;
            l.square().matmul(&u.sin())
        })
        .not_counting_saved(),
        case(&[2, 3, 3]),
        case(&[2, 4]),
        case(&[4, 2]),
        Case::new("lu_factor", input(&[3, 3]), |x| Ok(mixed(&x[0])?.lu_factor()?.0))
            .not_counting_saved()
            .refuses(
                |x| Ok(x[0].to_dtype(DType::I64).lu_factor()?.0),
                "lu_factor: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                |_| Ok(Tensor::zeros(&[16_777_217, 0], DType::F32)?.lu_factor()?.0),
                "lu_factor: 16777217 rows are more than 16777216, up to which F32 has their numbers; to_dtype converts",
            ),
        Case::new("lu_factor (pivots)", input(&[3, 3]), |x| Ok(mixed(&x[0])?.lu_factor()?.1))
            .value(|_| vec![3.0, 2.0, 3.0])
            .ends_no_history(),
        Case::new("lu_solve", [input(&[2, 3, 3]), input(&[3, 2])].concat(), |x| {
            let (lu, pivots) = mixed(&x[0])?.lu_factor()?;
            lu.lu_solve(&pivots, &x[1])
        })
        .not_counting_saved()
        .refuses(
            |x| x[0].lu_solve(&Tensor::zeros(&[2, 3], DType::I64)?, &x[1]),
            "lu_solve: pivot 0 is no row of 3, counted from 1",
        )
        .refuses(
            |x| x[0].lu_solve(&Tensor::zeros(&[3], DType::I64)?, &x[1]),
            "lu_solve: pivots has shape [3], expected [2, 3]",
        )
        .refuses(
            |x| x[0].lu_solve(&Tensor::ones(&[2, 3], DType::I64)?, &x[1].t()?),
            "lu_solve: B has shape [2, 3], expected [.., 3, K]",
        )
        .refuses(
            |x| x[0].tril(-1)?.lu_solve(&Tensor::ones(&[2, 3], DType::I64)?, &x[1]),
            "lu_solve: matrix 0 of the batch is singular: element 0 of its diagonal is 0",
        ),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor};

    #[test]
    fn systems_whose_rows_are_exchanged_are_solved() -> Result<()> {
        // Its columns are largest in the third, the first and the second row, so the exchanges are no swap of two.
        let a = Tensor::from([[1.0, 4.0, 2.0], [2.0, 1.0, 5.0], [8.0, 1.0, 1.0]]).to_dtype(crate::DType::F64);
        let x = Tensor::from([[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0]]).to_dtype(crate::DType::F64);
        let (lu, pivots) = a.lu_factor()?;
        assert_eq!(pivots.to_vec::<i64>()?, [3, 3, 3]);
        let solved = lu.lu_solve(&pivots, &a.matmul(&x)?)?;
        assert!(solved.try_sub(&x)?.to_f64s().iter().all(|d| d.abs() < 1e-14), "{solved}");
        Ok(())
    }
}
