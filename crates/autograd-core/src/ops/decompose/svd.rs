//! Singular values and singular vectors.

use super::matrices::{Block, Each, sizes, turned, with_last};
use super::spectrum::{MARKS, Mark, determined, found, inverse, marked, nearness};
use crate::error::Result;
use crate::kernels::decompose::orthogonal::{Open, svd_is_open, svd_pull};
use crate::kernels::decompose::singular::{self, Vectors};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Tensor, for_float};

/// The size of the factors of [`Tensor::svd`].
///
/// # Examples
/// ```
/// # use autograd_core::{SvdMode, Tensor};
/// let a = Tensor::from([[3.0], [4.0]]);
/// let shapes = |mode| a.svd(mode).map(|(u, s, vt)| [u, s, vt].map(|x| x.shape().to_vec()));
/// assert_eq!(shapes(SvdMode::Reduced)?, [vec![2, 1], vec![1], vec![1, 1]]);
/// assert_eq!(shapes(SvdMode::Full)?, [vec![2, 2], vec![1], vec![1, 1]]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SvdMode {
    /// `[M, K]` and `[K, N]`, with `K = min(M, N)`.
    Reduced,
    /// `[M, M]` and `[N, N]`.
    Full,
}

impl Tensor {
    /// Singular values s in falling order and singular vectors of each matrix: `A = U diag(s) Vᵀ`, as (U, s, Vᵀ). With
    /// [`SvdMode::Full`], U and V are bases of the whole spaces.
    ///
    /// # Shapes
    /// `[.., M, N] → [.., M, K], [.., K], [.., K, N]` with `K = min(M, N)`; in [`SvdMode::Full`]
    /// `[.., M, M], [.., K], [.., N, N]`.
    ///
    /// # Gradient
    /// With `a = Uᵀ gu`, `b = Vᵀ gv` and `skew(x) = x − xᵀ`, for i ≠ j
    ///
    /// ```text
    /// inner_ij = ½ (skew(a) + skew(b))_ij / (s_j − s_i) + ½ (skew(a) − skew(b))_ij / (s_j + s_i)
    /// ga = U (inner + diag(gs)) Vᵀ + (I − U Uᵀ) gu S⁻¹ Vᵀ + U S⁻¹ gvᵀ (I − V Vᵀ)
    /// ```
    ///
    /// Saves U, s and V. A loss that depends on the vectors that [`SvdMode::Full`] adds is refused.
    ///
    /// Two vectors of U and V may be turned around together, and those of equal singular values mixed together. A loss
    /// that depends on such a choice has no gradient. What is within max(M, N) roundings of the largest singular value
    /// counts as 0, among differences, sums and s itself, and adds nothing: so sums of functions of singular values,
    /// and losses that depend on no choice of vectors, such as those of `U Vᵀ`, have their gradients also where
    /// singular values are equal. That of `U g(s) Vᵀ` has the slope of g in this place, which U, s and V do not tell:
    /// it is refused there, unless g is seen to be constant, and so are second derivatives that need such a slope. A
    /// loss of such values and, apart from that, of `U Vᵀ` has its gradient from two calls; so has one of the values of
    /// some matrices of a batch and of the vectors of others.
    ///
    /// A g is seen to be constant where the loss weighs equal singular values differently. A g that is 0 at equal
    /// singular values leaves the vectors without a gradient: where all are equal the walk refuses if the gradients of
    /// the values differ; where only some are, nothing is seen, and nothing is added. Nor is anything added for a
    /// singular value of 0 with g = 0 if M ≠ N: where U and V have fewer vectors than their spaces, `U diag(s) Vᵀ` of a
    /// matrix of lower rank has a gradient that lacks what leads out of them.
    ///
    /// # Numerics
    /// A matrix is scaled on the way: vectors are finite at any size of numbers, and values beyond the largest number
    /// of the dtype are infinite.
    ///
    /// # Errors
    /// If there are fewer than two dims, a matrix is not finite, or the dtype is not a float type. The walk, if a loss
    /// depends on values and on the vectors of equal ones, or on the vectors that [`SvdMode::Full`] adds.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{SvdMode, Tensor};
    /// let (u, s, vt) = Tensor::from([[0.0, 3.0], [4.0, 0.0], [0.0, 0.0]]).svd(SvdMode::Reduced)?;
    /// assert_eq!((u.shape(), vt.shape()), (&[3, 2][..], &[2, 2][..]));
    /// assert!(s.to_f64s().iter().zip([4.0, 3.0]).all(|(s, exact)| (s - exact).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, whose factors are full unless it is said, and equal singular values give gradients that are
    /// infinite or NaN.
    pub fn svd(&self, mode: SvdMode) -> Result<(Tensor, Tensor, Tensor)> {
        let which = match mode {
            SvdMode::Reduced => Vectors::Reduced,
            SvdMode::Full => Vectors::Full,
        };
        singular("svd", self, which)
    }

    /// The singular values of [`Tensor::svd`].
    ///
    /// # Shapes
    /// `[.., M, N] → [.., min(M, N)]`
    ///
    /// # Gradient
    /// `ga = U diag(gs) Vᵀ`. Saves U, s and V; the vectors are computed only if a gradient may be asked for.
    ///
    /// # Numerics
    /// As for [`Tensor::svd`].
    ///
    /// # Errors
    /// As for `svd`: the second derivative, where singular values are equal and gs depends on them.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let s = Tensor::from([[0.0, 3.0], [4.0, 0.0]]).svdvals()?;
    /// assert!(s.to_f64s().iter().zip([4.0, 3.0]).all(|(s, exact)| (s - exact).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn svdvals(&self) -> Result<Tensor> {
        singular_values("svdvals", self)
    }
}

/// The singular values, recorded.
pub(in crate::ops) fn singular_values(op: &'static str, a: &Tensor) -> Result<Tensor> {
    let vectors = a.is_tracked() && is_recording();
    Ok(singular(op, a, if vectors { Vectors::Reduced } else { Vectors::None })?.1)
}

pub(super) fn singular(op: &'static str, a: &Tensor, which: Vectors) -> Result<(Tensor, Tensor, Tensor)> {
    let size = Size::new(op, sizes(Check(op), "the input", a)?, which);
    let Size { m, n, .. } = size;
    let packed = a.try_packed(op)?;
    let each = Each::new(size.width(), [m, n, 8 * size.k()]);
    let shape = with_last(a, &[each.width]);
    Check(op).fits_memory(&shape)?;
    let (count, batch) = (each.count(shape.iter().product()), a.rank() > 2 && size.k() > 0);
    let y = for_float!(a.float(), T => {
        let y = Tensor::counted::<T, 1>(op, count, &shape, [&packed], move |[a], y| {
            let a = a.flat::<T>();
            each.run(y, |threads, i, y| {
                let (y, marks) = y.split_at_mut(size.width() - size.marks);
                marks.fill(0.0);
                singular::svd(threads, (m, n), which, &a[i * m * n..(i + 1) * m * n], y);
            });
        })?;
        found::<T>(op, &y, each, batch)?;
        y
    });
    let y = record(op, y, &[a], |y| Svd { y: Saved::output(y), size });
    let (u, s, vt) = size.parts(&y);
    if which == Vectors::None {
        return Ok((u, s, vt));
    }
    let vectors = |x: &Tensor| marked(op, Mark::Vectors, x, &y, None);
    Ok((vectors(&u)?, marked(op, Mark::Values, &s, &y, None)?, vectors(&vt)?))
}

/// The sizes of a matrix and of its vectors.
#[derive(Clone, Copy)]
struct Size {
    op: &'static str,
    m: usize,
    n: usize,
    /// How many vectors U and V have.
    left: usize,
    right: usize,
    /// How many marks there are behind them.
    marks: usize,
}

impl Size {
    fn new(op: &'static str, [m, n]: [usize; 2], which: Vectors) -> Size {
        let (left, right) = match which {
            Vectors::None => (0, 0),
            Vectors::Reduced => (m.min(n), m.min(n)),
            Vectors::Full => (m, n),
        };
        Size { op, m, n, left, right, marks: if which == Vectors::None { 0 } else { MARKS } }
    }

    fn k(self) -> usize {
        self.m.min(self.n)
    }

    fn width(self) -> usize {
        let (left, right) = (self.left.saturating_mul(self.m), self.right.saturating_mul(self.n));
        self.k().saturating_add(left).saturating_add(right).saturating_add(self.marks)
    }

    /// U, s and Vᵀ out of what lies packed: s, U in rows, Vᵀ in rows, and the marks.
    fn parts(self, packed: &Tensor) -> (Tensor, Tensor, Tensor) {
        let Size { op, m, n, left, right, .. } = self;
        let k = self.k();
        let u = Block::rows(op, k, [m, left]).of(packed);
        let vt = Block::rows(op, k + left * m, [right, n]).of(packed);
        (u, Block::vector(op, 0, k).of(packed), vt)
    }
}

struct Svd {
    /// U, s and V.
    y: Saved,
    size: Size,
}

impl Svd {
    /// The gradient as a kernel reads it; a loss of values and of vectors of equal ones is refused, and one of vectors
    /// beside the first ones.
    fn packed(&self, gy: &Tensor) -> Result<Tensor> {
        let (size @ Size { op, m, n, left, .. }, y) = (self.size, self.y.value());
        let gy = gy.untied().try_packed(op)?.into_owned();
        if size.k() == 0 {
            return Ok(gy);
        }
        for_float!(y.float(), T => {
            determined::<T>(op, size.width(), [y, &gy], move |y, gy| {
                Some(match svd_is_open((m, n, left), y, gy)? {
                    Open::Equal => {
                        "singular values are equal, and of a loss of values and vectors together, such as of U g(s) Vᵀ, \
                         U, s and V do not tell the derivative there; a loss of values and, apart from \
                         that, of vectors takes each from a call of its own"
                    }
                    Open::Added => "the vectors that Full adds to the first min(M, N) have no derivative",
                })
            })?;
        });
        Ok(gy)
    }
}

impl Pullback for Svd {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let size @ Size { m, n, .. } = self.size;
        let (y, gy) = (self.y.get(at), at.gy());
        let k = size.k();
        at.give(0, || {
            drop(self.packed(gy)?);
            let ((u, s, vt), (gu, gs, gvt)) = (size.parts(&y), size.parts(gy));
            let vectors = |x: &Tensor| marked(size.op, Mark::Vectors, x, &y, None);
            let (u, vt) = (vectors(&u)?, vectors(&vt)?);
            let (u, gu) = (u.narrow(-1, 0, k)?, gu.narrow(-1, 0, k)?);
            let (vt, gvt) = (vt.narrow(-2, 0, k)?, gvt.narrow(-2, 0, k)?);
            if k == 0 {
                return u.matmul(&vt);
            }
            let by = gu
                .untied()
                .abs()
                .amax(crate::keep([-2, -1]))?
                .try_add(&gvt.untied().abs().amax(crate::keep([-2, -1]))?)?;
            let s = marked(size.op, Mark::Values, &s, &y, Some(&by))?;
            let (a, b) = (turned(&u)?.matmul(&gu)?, vt.matmul(&turned(&gvt)?)?);
            let skew = |x: &Tensor| x.try_sub(&turned(x)?);
            let (p, q) = (skew(&a)?, skew(&b)?);
            let (row, column) = (s.unsqueeze(-2)?, s.unsqueeze(-1)?);
            let least = nearness(&s, m.max(n))?;
            let by_gap = inverse(&row.try_sub(&column)?, &least)?.mul_scalar(0.5);
            let by_sum = inverse(&row.try_add(&column)?, &least)?.mul_scalar(0.5);
            let mut inner = p.try_add(&q)?.try_mul(&by_gap)?.try_add(&p.try_sub(&q)?.try_mul(&by_sum)?)?;
            inner = inner.try_add(&gs.diag_embed(0, -2, -1)?)?;
            let mut ga = u.matmul(&inner)?.matmul(&vt)?;
            if m > k {
                let beyond = gu.try_sub(&u.matmul(&a)?)?.try_mul(&inverse(&row, &least)?)?;
                ga = ga.try_add(&beyond.matmul(&vt)?)?;
            }
            if n > k {
                let beyond = gvt.try_sub(&turned(&b)?.matmul(&vt)?)?.try_mul(&inverse(&column, &least)?)?;
                ga = ga.try_add(&u.matmul(&beyond)?)?;
            }
            Ok(ga)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let size @ Size { op, m, n, left, .. } = self.size;
        let (y, gy) = (self.y.value(), at.gy());
        at.give(0, || {
            let (each, width) = (Each::new(m * n, [m.max(n), m.max(n), 4 * size.k()]), size.width());
            let (shape, gy) = ([&y.shape()[..y.rank() - 1], &[m, n]].concat(), self.packed(gy)?);
            let count = each.count(shape.iter().product());
            for_float!(y.float(), T => Tensor::counted::<T, 2>(op, count, &shape, [y, &gy], move |[y, gy], ga| {
                let (y, gy) = (y.flat::<T>(), gy.flat::<T>());
                each.run(ga, |threads, i, ga| {
                    let place = i * width..(i + 1) * width;
                    svd_pull(threads, (m, n, left), &y[place.clone()], &gy[place], ga);
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
    // Singular values that are apart.
    fn apart(x: &Tensor) -> crate::Result<Tensor> {
        super::matrices::stepped(&x.mul_scalar(0.5), 2.0)
    }
    let two = |x: &[Vec<f64>]| {
        let one = |x: &[f64]| {
            let [a, b, c, d] = [0.5 * x[0] + 2.0, 0.5 * x[1], 0.5 * x[2], 0.5 * x[3] + 4.0];
            let (sum, product) = (a * a + b * b + c * c + d * d, a * d - b * c);
            let root = (sum * sum / 4.0 - product * product).sqrt();
            [(sum / 2.0 + root).sqrt(), (sum / 2.0 - root).sqrt()]
        };
        x[0].chunks(4).flat_map(one).collect()
    };
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    // No sign of a vector is seen.
    let weighed = |x: &Tensor, mode: SvdMode| {
        let (u, s, vt) = apart(x)?.svd(mode)?;
        let k = s.shape()[s.rank() - 1];
        let steps = s.sin().try_add(&Tensor::arange(1.0, k as f64 + 1.0, 1.0, x.dtype())?)?.unsqueeze(-2)?;
        let (u, vt) = (u.narrow(-1, 0, k)?, vt.narrow(-2, 0, k)?);
        u.try_mul(&steps)?.matmul(&vt)
    };
    let case = move |name: &'static str, s: &[usize], mode: SvdMode| {
        Case::new(name, input(s), move |x| weighed(&x[0], mode)).not_counting_saved()
    };
    [
        Case::new("svd", input(&[2, 2, 2]), |x| Ok(apart(&x[0])?.svd(SvdMode::Reduced)?.1))
            .value(two)
            .not_counting_saved()
            .refuses(
                |x| Ok(x[0].reshape(&[8])?.svd(SvdMode::Reduced)?.1),
                "svd: the input has shape [8], expected [.., M, N]",
            )
            .refuses(
                |x| Ok(x[0].mul_scalar(f64::INFINITY).svd(SvdMode::Reduced)?.1),
                "svd: matrix 0 of the batch is not finite, or its rotations do not converge",
            )
            .refuses(
                |x| Ok(x[0].to_dtype(DType::I64).svd(SvdMode::Full)?.1),
                "svd: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        case("svd (vectors)", &[2, 3, 3], SvdMode::Reduced),
        case("svd (tall)", &[4, 2], SvdMode::Reduced),
        case("svd (wide)", &[2, 3], SvdMode::Reduced),
        case("svd (full)", &[3, 3], SvdMode::Full),
        Case::new("svdvals", input(&[2, 2, 2]), |x| apart(&x[0])?.svdvals())
            .value(two)
            .not_counting_saved()
            .refuses(|x| x[0].reshape(&[8])?.svdvals(), "svdvals: the input has shape [8], expected [.., M, N]"),
    ]
}];
