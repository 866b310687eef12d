//! Eigenvalues and eigenvectors of symmetric matrices.

use super::matrices::{Block, Each, Triangle, square, turned, with_last};
use super::spectrum::{MARKS, Mark, determined, found, inverse, marked, nearness};
use crate::error::Result;
use crate::kernels::decompose::orthogonal::{eigh_is_open, eigh_pull};
use crate::kernels::decompose::symmetric::eigh;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// Eigenvalues w in rising order and eigenvectors V, in columns, of each symmetric matrix: `A = V diag(w) Vᵀ`. Of A
    /// one triangle is read, and the other one stands for its mirror image.
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N], [.., N, N]`
    ///
    /// # Gradient
    /// `ga = V (diag(gw) + ½ (Vᵀ gv − gvᵀ V) ∘ F) Vᵀ` with `F_ij = 1 / (w_j − w_i)` and 0 on the diagonal: symmetric,
    /// as A is. Saves w and V.
    ///
    /// An eigenvector may be turned around, and those of equal eigenvalues may be mixed. A loss that depends on such a
    /// choice has no gradient. Eigenvalues within N roundings of the largest one count as equal, and have `F_ij = 0`:
    /// so sums of functions of eigenvalues, and losses that depend on the space that equal ones span and on no basis of
    /// it, have their gradients also there. The gradient of a function `V g(w) Vᵀ` has the slope of g in this place,
    /// which w and V do not tell: it is refused there, unless g is seen to be constant, and so are second derivatives
    /// that need such a slope. A loss of such values and, apart from that, of such a space has its gradient from two
    /// calls; so has one of the values of some matrices of a batch and of the vectors of others.
    ///
    /// A g is seen to be constant where the loss weighs equal eigenvalues differently. A g that is 0 at equal
    /// eigenvalues leaves V without a gradient: for log at I the walk refuses if the gradients of the eigenvalues
    /// differ. If they do not, as for weights off the diagonal alone, or if only some eigenvalues are equal, nothing is
    /// seen, and nothing is added.
    ///
    /// # Numerics
    /// A matrix is scaled on the way: vectors are finite at any size of numbers, and values beyond the largest number
    /// of the dtype are infinite.
    ///
    /// # Errors
    /// If a matrix is not square or not finite, or the dtype is not a float type. The walk, if a loss depends on values
    /// and on the vectors of equal ones.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Triangle};
    /// let a = Tensor::from([[2.0, 1.0], [1.0, 2.0]]);
    /// let (w, v) = a.eigh(Triangle::Lower)?;
    /// assert!((w.to_f64s()[0] - 1.0).abs() < 1e-6 && (w.to_f64s()[1] - 3.0).abs() < 1e-6);
    /// let back = (&v * &w).matmul(&v.t()?)?;
    /// assert!((back.to_f64s()[1] - 1.0).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, where equal eigenvalues give gradients that are infinite or NaN.
    pub fn eigh(&self, triangle: Triangle) -> Result<(Tensor, Tensor)> {
        eigen("eigh", self, triangle)
    }

    /// The eigenvalues of [`Tensor::eigh`].
    ///
    /// # Shapes
    /// `[.., N, N] → [.., N]`
    ///
    /// # Gradient
    /// `ga = V diag(gw) Vᵀ`. Saves w and V, which are computed only if a gradient may be asked for.
    ///
    /// # Numerics
    /// As for [`Tensor::eigh`].
    ///
    /// # Errors
    /// As for `eigh`: the second derivative, where eigenvalues are equal and gw depends on them.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, Triangle};
    /// let w = Tensor::from([[2.0, 0.0], [0.0, 1.0]]).eigvalsh(Triangle::Lower)?;
    /// assert_eq!(w.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn eigvalsh(&self, triangle: Triangle) -> Result<Tensor> {
        eigenvalues("eigvalsh", self, triangle)
    }
}

/// [`Tensor::eigvalsh`] for an operation.
pub(super) fn eigenvalues(op: &'static str, a: &Tensor, triangle: Triangle) -> Result<Tensor> {
    if a.is_tracked() && is_recording() {
        return Ok(eigen(op, a, triangle)?.0);
    }
    let n = square(Check(op), "the input", a)?;
    Ok(Block::vector(op, 0, n).of(&packed(op, a, triangle, false)?))
}

/// [`Tensor::eigh`] for an operation.
pub(super) fn eigen(op: &'static str, a: &Tensor, triangle: Triangle) -> Result<(Tensor, Tensor)> {
    let n = square(Check(op), "the input", a)?;
    let y = packed(op, a, triangle, true)?;
    let y = record(op, y, &[a], |y| Eigh { op, y: Saved::output(y), n });
    let (w, v) = parts(op, n, &y);
    Ok((marked(op, Mark::Values, &w, &y, None)?, marked(op, Mark::Vectors, &v, &y, None)?))
}

/// w and V out of what lies packed: w, V in rows, and the marks.
fn parts(op: &'static str, n: usize, packed: &Tensor) -> (Tensor, Tensor) {
    (Block::vector(op, 0, n).of(packed), Block::rows(op, n, [n, n]).of(packed))
}

/// What there is of a matrix of n rows: see [`parts`].
fn width(n: usize) -> usize {
    n + n * n + MARKS
}

/// The values, not recorded.
fn packed(op: &'static str, a: &Tensor, triangle: Triangle, vectors: bool) -> Result<Tensor> {
    let n = square(Check(op), "the input", a)?;
    let a = a.untied();
    // The kernel reads the lower triangle.
    let a = if triangle.is_upper() { turned(&a)? } else { a };
    let a = a.try_packed(op)?;
    let each = Each::new(if vectors { width(n) } else { n }, [n, n, 4 * n]);
    let shape = with_last(&a, &[each.width]);
    let (count, batch) = (each.count(shape.iter().product()), a.rank() > 2);
    for_float!(a.float(), T => {
        let y = Tensor::counted::<T, 1>(op, count, &shape, [&a], move |[a], y| {
            let a = a.flat::<T>();
            each.run(y, |threads, i, y| {
                let (y, marks) = y.split_at_mut(if vectors { n + n * n } else { n });
                marks.fill(0.0);
                eigh(threads, n, vectors, &a[i * n * n..(i + 1) * n * n], y);
            });
        })?;
        found::<T>(op, &y, each, batch)?;
        Ok(y)
    })
}

struct Eigh {
    op: &'static str,
    /// w and V.
    y: Saved,
    n: usize,
}

impl Eigh {
    /// The gradient as a kernel reads it; a loss of values and of vectors of equal ones is refused.
    fn packed(&self, gy: &Tensor) -> Result<Tensor> {
        let Eigh { op, n, ref y } = *self;
        let y = y.value();
        let gy = gy.untied().try_packed(op)?.into_owned();
        const WHY: &str = "eigenvalues are equal, and of a loss of values and vectors together, such as of V g(w) Vᵀ, \
                           w and V do not tell the derivative there; a loss of values and, apart from \
                           that, of vectors takes each from a call of its own";
        for_float!(y.float(), T => {
            determined::<T>(op, width(n), [y, &gy], move |y, gy| eigh_is_open(n, y, gy).then_some(WHY))?;
        });
        Ok(gy)
    }
}

impl Pullback for Eigh {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let Eigh { op, n, .. } = *self;
        let (y, gy) = (self.y.get(at), at.gy());
        at.give(0, || {
            drop(self.packed(gy)?);
            let ((w, v), (gw, gv)) = (parts(op, n, &y), parts(op, n, gy));
            let (w, v) = (marked(op, Mark::Values, &w, &y, Some(&gv))?, marked(op, Mark::Vectors, &v, &y, None)?);
            let vt = turned(&v)?;
            if n == 0 {
                return v.matmul(&vt);
            }
            let gaps = w.unsqueeze(-2)?.try_sub(&w.unsqueeze(-1)?)?;
            let product = vt.matmul(&gv)?;
            let skew = product.try_sub(&turned(&product)?)?.mul_scalar(0.5);
            let inner = skew.try_mul(&inverse(&gaps, &nearness(&w, n)?)?)?;
            v.matmul(&inner.try_add(&gw.diag_embed(0, -2, -1)?)?)?.matmul(&vt)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let Eigh { op, n, .. } = *self;
        let (y, gy) = (self.y.value(), at.gy());
        at.give(0, || {
            let (each, width) = (Each::new(n * n, [n, n, 3 * n]), width(n));
            let (shape, gy) = ([&y.shape()[..y.rank() - 1], &[n, n]].concat(), self.packed(gy)?);
            let count = each.count(shape.iter().product());
            for_float!(y.float(), T => Tensor::counted::<T, 2>(op, count, &shape, [y, &gy], move |[y, gy], ga| {
                let (y, gy) = (y.flat::<T>(), gy.flat::<T>());
                each.run(ga, |threads, i, ga| {
                    let place = i * width..(i + 1) * width;
                    eigh_pull(threads, n, &y[place.clone()], &gy[place], ga);
                });
            }))
        })
    }

    fn may_refuse(&self) -> bool {
        true
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // Symmetric, with eigenvalues that are apart: those of a diagonal, turned a little.
    fn apart(x: &Tensor) -> crate::Result<Tensor> {
        let x = x.mul_scalar(0.4);
        super::matrices::stepped(&x.try_add(&turned(&x)?)?, 2.0)
    }
    let two = |x: &[Vec<f64>]| {
        let one = |x: &[f64]| {
            let [a, b, c] = [0.8 * x[0] + 2.0, 0.4 * (x[1] + x[2]), 0.8 * x[3] + 4.0];
            let (mean, half) = ((a + c) / 2.0, ((a - c) * (a - c) / 4.0 + b * b).sqrt());
            [mean - half, mean + half]
        };
        x[0].chunks(4).flat_map(one).collect()
    };
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    // No sign of a vector is seen.
    let weighed = |x: &Tensor, triangle: Triangle| {
        let (w, v) = apart(x)?.eigh(triangle)?;
        let cubes = Tensor::arange(1.0, w.shape()[w.rank() - 1] as f64 + 1.0, 1.0, x.dtype())?;
        v.try_mul(&w.sin().try_add(&cubes)?.unsqueeze(-2)?)?.matmul(&v.transpose(-1, -2)?)
    };
    [
        Case::new("eigh", input(&[2, 2, 2]), |x| Ok(apart(&x[0])?.eigh(Triangle::Lower)?.0))
            .value(two)
            .not_counting_saved()
            .refuses(
                |x| Ok(x[0].narrow(1, 0, 1)?.eigh(Triangle::Lower)?.0),
                "eigh: the input has shape [2, 1, 2], expected [.., N, N]",
            )
            .refuses(
                |x| Ok(x[0].mul_scalar(f64::NAN).eigh(Triangle::Lower)?.0),
                "eigh: matrix 0 of the batch is not finite, or its rotations do not converge",
            )
            .refuses(
                |x| Ok(x[0].to_dtype(DType::I64).eigh(Triangle::Lower)?.0),
                "eigh: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("eigh (vectors)", input(&[2, 3, 3]), move |x| weighed(&x[0], Triangle::Lower)).not_counting_saved(),
        Case::new("eigh (upper)", input(&[3, 3]), move |x| weighed(&x[0], Triangle::Upper)).not_counting_saved(),
        Case::new("eigvalsh", input(&[2, 2, 2]), |x| apart(&x[0])?.eigvalsh(Triangle::Upper))
            .value(two)
            .not_counting_saved()
            .refuses(
                |x| x[0].narrow(1, 0, 1)?.eigvalsh(Triangle::Lower),
                "eigvalsh: the input has shape [2, 1, 2], expected [.., N, N]",
            ),
    ]
}];
