//! Solutions of triangular systems of equations.

use super::matrices::{Each, Places, Triangle, kernel_shape, outer, sizes, square, turned, which};
use super::solve::{is_shared, together};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::triangular;
use crate::ops::check::Check;
use crate::shape::Shape;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

/// The system that [`Tensor::solve_triangular`] solves. By default `A X = B`, and the diagonal of A is read.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, Triangle, TriangularOptions};
/// let (a, b) = (Tensor::from([[2.0, 0.0], [1.0, 4.0]]), Tensor::from([[2.0], [9.0]]));
/// let x = a.solve_triangular(&b, TriangularOptions::new(Triangle::Lower))?;
/// assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0]);
/// let x = a.solve_triangular(&b, TriangularOptions::new(Triangle::Lower).unitriangular(true))?;
/// assert_eq!(x.to_vec::<f32>()?, [2.0, 7.0]);
/// let x = a.solve_triangular(&b.t()?, TriangularOptions::new(Triangle::Lower).left(false))?;
/// assert_eq!(x.to_vec::<f32>()?, [-0.125, 2.25]);
/// let x = a.solve_triangular(&b, TriangularOptions::new(Triangle::Lower).transpose(true))?;
/// assert_eq!(x.to_vec::<f32>()?, [-0.125, 2.25]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TriangularOptions {
    triangle: Triangle,
    left: bool,
    unitriangular: bool,
    transpose: bool,
}

impl TriangularOptions {
    /// With the triangle of A that is read.
    pub fn new(triangle: Triangle) -> TriangularOptions {
        TriangularOptions { triangle, left: true, unitriangular: false, transpose: false }
    }

    /// Whether A stands to the left of X; default true. If not, `X A = B`.
    #[must_use]
    pub fn left(self, left: bool) -> TriangularOptions {
        TriangularOptions { left, ..self }
    }

    /// Whether the diagonal of A counts as ones and is not read; default false.
    #[must_use]
    pub fn unitriangular(self, unitriangular: bool) -> TriangularOptions {
        TriangularOptions { unitriangular, ..self }
    }

    /// Whether Aᵀ stands in the place of A; default false. The triangle is that of A.
    #[must_use]
    pub fn transpose(self, transpose: bool) -> TriangularOptions {
        TriangularOptions { transpose, ..self }
    }
}

/// # Decompositions
impl Tensor {
    /// The X of `A X = B`, where A is triangular: of this tensor one triangle is read.
    ///
    /// # Shapes
    /// `[.., N, N] × [.., N, K] → [.., N, K]`, the leading dims broadcast; with `left(false)`
    /// `[.., N, N] × [.., K, N] → [.., K, N]`.
    ///
    /// # Gradient
    /// `gb = A⁻ᵀ gx`, solved in turn, and `ga = −gb xᵀ` in the triangle that was read, without the diagonal where it
    /// was not. Saves A and X.
    ///
    /// # Errors
    /// If A is not square or has a zero on its diagonal, sizes do not fit, or dtypes differ or are not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Triangle, TriangularOptions};
    /// let (a, b) = (Tensor::from([[2.0, 1.0], [0.0, 4.0]]), Tensor::from([[4.0], [8.0]]));
    /// let x = a.solve_triangular(&b, TriangularOptions::new(Triangle::Upper))?;
    /// assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn solve_triangular(&self, b: &Tensor, options: TriangularOptions) -> Result<Tensor> {
        const OP: &str = "solve_triangular";
        let check = Check(OP);
        let n = square(check, "A", self)?;
        check.same_float(self, b)?;
        let [rows, columns] = sizes(check, "B", b)?;
        if n != if options.left { rows } else { columns } {
            let expected = if options.left { format!("[.., {n}, K]") } else { format!("[.., K, {n}]") };
            return Err(Error::shape(OP, "B", b.shape(), expected));
        }
        check.broadcast(outer(self), outer(b))?;
        if !options.unitriangular {
            regular(OP, self)?;
        }
        let read = Read { upper: options.triangle.is_upper(), unit: options.unitriangular };
        match options.left {
            true => solved(OP, self, b, read, options.transpose),
            false => turned(&solved(OP, self, &turned(b)?, read, !options.transpose)?),
        }
    }
}

/// No element of a diagonal may be 0.
pub(super) fn regular(op: &'static str, a: &Tensor) -> Result<()> {
    let (places, batch) = (Places::new(a, outer(a)), a.rank() > 2);
    let n = a.shape()[a.rank() - 1];
    for_float!(a.float(), T => Tensor::look(op, [a], move |[a]| {
        if n == 0 {
            return Ok(());
        }
        for i in places.distinct() {
            let matrix = places.matrix::<T>(a.strided(), i);
            if let Some(k) = (0..n).find(|k| matrix.data[k * (matrix.row + matrix.column)] == 0.0) {
                let text = format!("{op}: {} is singular: element {k} of its diagonal is 0", which(i, batch));
                return Err(Error::new(ErrorKind::Argument, text));
            }
        }
        Ok(())
    }))
}

/// What is read of A.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) upper: bool,
    pub(super) unit: bool,
}

/// The X of `A X = B`, or of `Aᵀ X = B`, whose sizes fit. A zero on the diagonal gives what divisions by 0 give.
pub(super) fn solved(op: &'static str, a: &Tensor, b: &Tensor, read: Read, transposed: bool) -> Result<Tensor> {
    if is_shared(a, b) {
        return together(op, b, |b| solved(op, a, b, read, transposed));
    }
    let mut shape: Shape = Check(op).broadcast(outer(a), outer(b))?;
    let [n, k] = [2, 1].map(|from_end| b.shape()[b.rank() - from_end]);
    let (of_a, of_b) = (Places::new(a, &shape), Places::new(b, &shape));
    shape.0.extend([n, k]);
    Check(op).fits_memory(&shape)?;
    let each = Each::new(n * k, [n, n, k]);
    let triangle = kernel_shape(read.upper, read.unit);
    let value = for_float!(a.float(), T => {
        let count = each.count(shape.iter().product());
        Tensor::counted::<T, 2>(op, count, &shape, [a, b], move |[a, b], x| {
            let (a, b) = (a.strided::<T>(), b.strided::<T>());
            each.run(x, |threads, i, x| {
                of_b.copy(b, i, k, x);
                let (matrix, triangle) = match (of_a.matrix(a, i), transposed) {
                    (matrix, false) => (matrix, triangle),
                    (matrix, true) => (matrix.transposed(), triangle.transposed()),
                };
                triangular::solve(threads, triangle, (n, k), matrix, x);
            });
        })?
    });
    let saved = |x: &Tensor| Solved { op, a: Saved::input(0, a), x: Saved::output(x), read, transposed };
    Ok(record(op, value, &[a, b], saved))
}

struct Solved {
    op: &'static str,
    a: Saved,
    x: Saved,
    read: Read,
    transposed: bool,
}

impl Pullback for Solved {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, x) = (self.a.get(at), self.x.get(at));
        let gb = solved(self.op, &a, at.gy(), self.read, !self.transposed)?;
        at.give(0, || {
            let product = if self.transposed { x.matmul(&turned(&gb)?)? } else { gb.matmul(&turned(&x)?)? };
            let beside = self.read.unit as isize;
            let ga = if self.read.upper { product.triu(beside)? } else { product.tril(-beside)? };
            Ok(ga.neg())
        })?;
        at.give(1, || Ok(gb))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.x);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // The reference: substitution, row by row of X.
    fn substitute(a: &[f64], b: &[f64], (n, k): (usize, usize), upper: bool, unit: bool) -> Vec<f64> {
        let mut x = b.to_vec();
        for step in 0..n {
            let i = if upper { n - 1 - step } else { step };
            for c in 0..k {
                let known = if upper { i + 1..n } else { 0..i };
                let sum: f64 = known.map(|j| a[i * n + j] * x[j * k + c]).sum();
                x[i * k + c] = (b[i * k + c] - sum) / if unit { 1.0 } else { a[i * n + i] };
            }
        }
        x
    }
    let inputs = |a: &[usize], b: &[usize]| vec![Input::real(a, 0.5..1.5), Input::real(b, -2.0..2.0)];
    let case = |name: &'static str, a: &[usize], b: &[usize], options: TriangularOptions| {
        Case::new(name, inputs(a, b), move |x| x[0].solve_triangular(&x[1], options))
    };
    let (lower, upper) = (TriangularOptions::new(Triangle::Lower), TriangularOptions::new(Triangle::Upper));
    [
        case("solve_triangular", &[3, 3], &[3, 2], lower)
            .value(|x| substitute(&x[0], &x[1], (3, 2), false, false))
            .refuses(
                |x| x[0].narrow(0, 0, 2)?.solve_triangular(&x[1], TriangularOptions::new(Triangle::Lower)),
                "solve_triangular: A has shape [2, 3], expected [.., N, N]",
            )
            .refuses(
                |x| x[0].solve_triangular(&x[1].t()?, TriangularOptions::new(Triangle::Lower)),
                "solve_triangular: B has shape [2, 3], expected [.., 3, K]",
            )
            .refuses(
                |x| x[0].solve_triangular(&x[1], TriangularOptions::new(Triangle::Lower).left(false)),
                "solve_triangular: B has shape [3, 2], expected [.., K, 3]",
            )
            .refuses(
                |x| x[0].triu(1)?.solve_triangular(&x[1], TriangularOptions::new(Triangle::Upper)),
                "solve_triangular: the matrix is singular: element 0 of its diagonal is 0",
            )
            .refuses(
                |x| {
                    let batch = Tensor::stack(&[&x[0], &x[0].tril(-1)?], 0)?;
                    batch.solve_triangular(&x[1], TriangularOptions::new(Triangle::Upper))
                },
                "solve_triangular: matrix 1 of the batch is singular: element 0 of its diagonal is 0",
            )
            .refuses(
                |x| x[0].solve_triangular(&x[1].to_dtype(DType::F32), TriangularOptions::new(Triangle::Lower)),
                "solve_triangular: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        case("solve_triangular (upper)", &[3, 3], &[3, 2], upper)
            .value(|x| substitute(&x[0], &x[1], (3, 2), true, false)),
        case("solve_triangular (unitriangular)", &[3, 3], &[3, 2], upper.unitriangular(true))
            .value(|x| substitute(&x[0], &x[1], (3, 2), true, true)),
        case("solve_triangular (right)", &[3, 3], &[2, 3], lower.left(false)),
        case("solve_triangular (transposed)", &[3, 3], &[3, 2], lower.transpose(true)),
        case("solve_triangular (of a batch)", &[2, 1, 3, 3], &[4, 3, 2], upper),
        case("solve_triangular (one matrix)", &[3, 3], &[2, 3, 2], lower.unitriangular(true).transpose(true)),
        case("solve_triangular (one matrix of vectors)", &[4, 4], &[2, 4, 1], upper),
        case("solve_triangular (one matrix from the right)", &[4, 4], &[2, 3, 1, 4], lower.left(false)),
    ]
}];
