//! Solutions of systems of equations.

use super::factors::{factored, regular};
use super::matrices::{Each, Places, outer, sizes, square, turned};
use crate::error::{Error, Result};
use crate::kernels::decompose::solve::Factors;
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// The X of `A X = B`, where A is this tensor: by `P A = L U`, each matrix of which is factored once.
    ///
    /// # Shapes
    /// `[.., N, N] × [.., N, K] → [.., N, K]`, the leading dims broadcast. B is a vector, `[.., N, N] × [.., N] →
    /// [.., N]`, if it has one dim, or the sizes that A has without its last one.
    ///
    /// # Gradient
    /// `gb = A⁻ᵀ gx`, by the same factors, and `ga = −gb xᵀ`. Saves A, its factors and X.
    ///
    /// # Errors
    /// If a matrix is not square or is singular (has a pivot of 0), sizes do not fit, or dtypes differ or are not a
    /// float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [1.0, 3.0]]);
    /// assert_eq!(a.solve(&Tensor::from([3.0, 4.0]))?.to_vec::<f32>()?, [1.0, 1.0]);
    /// let error = Tensor::from([[1.0, 2.0], [2.0, 4.0]]).solve(&Tensor::from([1.0, 1.0])).unwrap_err();
    /// assert_eq!(error.to_string(), "solve: the matrix is singular");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn solve(&self, b: &Tensor) -> Result<Tensor> {
        const OP: &str = "solve";
        let check = Check(OP);
        let n = square(check, "A", self)?;
        check.same_float(self, b)?;
        let vector = b.rank() == 1 || b.rank() + 1 == self.rank() && b.shape() == &self.shape()[..self.rank() - 1];
        let columns = if vector { b.unsqueeze(-1)? } else { b.clone() };
        if sizes(check, "B", &columns)?[0] != n {
            let expected = if vector { format!("[{n}]") } else { format!("[.., {n}, K]") };
            return Err(Error::shape(OP, "B", b.shape(), expected));
        }
        check.broadcast(outer(self), outer(&columns))?;
        let x = solved(OP, self, &columns, false)?;
        if vector { x.squeeze(&[-1]) } else { Ok(x) }
    }

    /// The X of `X A = B`, where A is this tensor; otherwise like [`Tensor::solve`]: PyTorch's with `left=False`.
    ///
    /// # Shapes
    /// `[.., N, N] × [.., K, N] → [.., K, N]`, the leading dims broadcast.
    ///
    /// # Gradient
    /// `gb = gx A⁻ᵀ`, by the same factors, and `ga = −xᵀ gb`. Saves A, its factors and X.
    ///
    /// # Errors
    /// As for `solve`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.solve_left(&Tensor::from([[2.0, 9.0]]))?.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn solve_left(&self, b: &Tensor) -> Result<Tensor> {
        const OP: &str = "solve_left";
        let check = Check(OP);
        let n = square(check, "A", self)?;
        check.same_float(self, b)?;
        if sizes(check, "B", b)?[1] != n {
            return Err(Error::shape(OP, "B", b.shape(), format!("[.., K, {n}]")));
        }
        check.broadcast(outer(self), outer(b))?;
        turned(&solved(OP, self, &turned(b)?, true)?)
    }
}

/// The X of `A X = B`, or of `Aᵀ X = B`, whose sizes fit.
fn solved(op: &'static str, a: &Tensor, b: &Tensor, transposed: bool) -> Result<Tensor> {
    let factors = factored(op, a)?;
    regular(op, &factors, a.shape()[a.rank() - 1])?;
    by(op, a, &factors, b, transposed)
}

/// Whether one A is that of several B, whose columns are so few that copies of all B take less than a matrix for each.
pub(super) fn is_shared(a: &Tensor, b: &Tensor) -> bool {
    let [n, k] = [2, 1].map(|from_end| b.shape()[b.rank() - from_end]);
    a.rank() == 2 && b.rank() > 2 && b.numel() > 0 && n / 2 >= k
}

/// The X of all B of one A, by `solved` of one B with the columns of all: A is read once, and its gradient is one
/// product, where there would be a matrix for each B to add up.
pub(super) fn together(op: &'static str, b: &Tensor, solved: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    Check(op).room(b.shape(), b.dtype())?;
    let rows = b.movedim(&[-2], &[0])?;
    let n = rows.shape()[0];
    let x = solved(&rows.reshape_to(&[n, b.numel() / n])?)?;
    x.reshape_to(rows.shape())?.movedim(&[0], &[-2])
}

/// The same by the factors of A.
pub(super) fn by(op: &'static str, a: &Tensor, factors: &Tensor, b: &Tensor, transposed: bool) -> Result<Tensor> {
    if is_shared(a, b) {
        return together(op, b, |b| by(op, a, factors, b, transposed));
    }
    let mut shape: Shape = Check(op).broadcast(outer(a), outer(b))?;
    let [n, k] = [2, 1].map(|from_end| b.shape()[b.rank() - from_end]);
    let of_b = Places::new(b, &shape);
    // Each matrix of A has its factors as one row.
    let of_a = Places::new(&factors.unsqueeze(-2)?, &shape);
    shape.0.extend([n, k]);
    Check(op).fits_memory(&shape)?;
    let each = Each::new(n * k, [n, n, k]);
    let count = each.count(shape.iter().product());
    let value = for_float!(a.float(), T => {
        Tensor::counted::<T, 2>(op, count, &shape, [factors, b], move |[factors, b], x| {
            let (factors, b) = (factors.strided::<T>(), b.strided::<T>());
            each.run(x, |threads, i, x| {
                of_b.copy(b, i, k, x);
                let packed = &of_a.matrix(factors, i).data[..n * n + n];
                Factors::new(n, packed).solve(threads, transposed, k, x);
            });
        })?
    });
    let saved = |x: &Tensor| Solved {
        op,
        a: Saved::input(0, a),
        factors: Saved::constant(factors),
        x: Saved::output(x),
        transposed,
    };
    Ok(record(op, value, &[a, b], saved))
}

struct Solved {
    op: &'static str,
    a: Saved,
    /// Those of A.
    factors: Saved,
    x: Saved,
    transposed: bool,
}

impl Pullback for Solved {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, x) = (self.a.get(at), self.x.get(at));
        let gb = by(self.op, &a, self.factors.value(), at.gy(), !self.transposed)?;
        at.give(0, || {
            let ga = if self.transposed { x.matmul(&turned(&gb)?)? } else { gb.matmul(&turned(&x)?)? };
            Ok(ga.neg())
        })?;
        at.give(1, || Ok(gb))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.factors);
        see(&self.x);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // Far from singular.
    let heavy = |x: &Tensor| super::matrices::heavier(x, 4.0);
    // Cramer's rule.
    let two = |x: &[Vec<f64>]| {
        let [a, b, c, d] = [x[0][0] + 4.0, x[0][1], x[0][2], x[0][3] + 4.0];
        let det = a * d - b * c;
        vec![(d * x[1][0] - b * x[1][1]) / det, (a * x[1][1] - c * x[1][0]) / det]
    };
    let inputs = |a: &[usize], b: &[usize]| vec![Input::real(a, -1.0..1.0), Input::real(b, -2.0..2.0)];
    let case = move |name: &'static str, a: &[usize], b: &[usize]| {
        Case::new(name, inputs(a, b), move |x| heavy(&x[0])?.solve(&x[1])).not_counting_saved()
    };
    [
        case("solve", &[2, 2], &[2])
            .value(two)
            .refuses(|x| x[0].narrow(0, 0, 1)?.solve(&x[1]), "solve: A has shape [1, 2], expected [.., N, N]")
            .refuses(|x| x[0].solve(&x[1].narrow(0, 0, 1)?), "solve: B has shape [1], expected [2]")
            .refuses(|x| x[0].solve(&x[1].unsqueeze(0)?), "solve: B has shape [1, 2], expected [.., 2, K]")
            .refuses(|x| x[0].mul_scalar(0.0).solve(&x[1]), "solve: the matrix is singular")
            .refuses(
                |x| Tensor::stack(&[&x[0], &x[0], &x[0].mul_scalar(0.0)], 0)?.solve(&x[1]),
                "solve: matrix 2 of the batch is singular",
            )
            .refuses(
                |x| x[0].solve(&x[1].to_dtype(DType::F32)),
                "solve: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).solve(&x[1].to_dtype(DType::I64)),
                "solve: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case("solve (matrix)", &[3, 3], &[3, 2]),
        // As many vectors as matrices.
        Case::new("solve (vectors)", vec![Input::real(&[2, 3, 3], -1.0..1.0)], move |x| {
            heavy(&x[0])?.solve(&x[0].select(-1, 0)?)
        })
        .not_counting_saved(),
        case("solve (of a batch)", &[2, 1, 2, 2], &[1, 3, 2, 2]),
        case("solve (one matrix)", &[2, 2], &[3, 2, 1]),
        case("solve (one matrix of a batch)", &[4, 4], &[2, 3, 4, 2]),
        Case::new("solve_left", inputs(&[3, 3], &[2, 3]), move |x| heavy(&x[0])?.solve_left(&x[1]))
            .not_counting_saved()
            .refuses(|x| x[0].solve_left(&x[1].t()?), "solve_left: B has shape [3, 2], expected [.., K, 3]")
            .refuses(|x| x[0].mul_scalar(0.0).solve_left(&x[1]), "solve_left: the matrix is singular"),
    ]
}];
