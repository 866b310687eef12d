//! Matrices as products of an orthogonal and a triangular one.

use super::matrices::{Block, Each, sizes, turned, with_last};
use super::triangular::{Read, solved};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::decompose::qr::qr;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

/// The size of the factors of [`Tensor::qr`].
///
/// # Examples
/// ```
/// # use autograd_core::{QrMode, Tensor};
/// let a = Tensor::from([[3.0], [4.0]]);
/// let shapes = |mode| a.qr(mode).map(|(q, r)| (q.shape().to_vec(), r.shape().to_vec()));
/// assert_eq!(shapes(QrMode::Reduced)?, (vec![2, 1], vec![1, 1]));
/// assert_eq!(shapes(QrMode::Complete)?, (vec![2, 2], vec![2, 1]));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QrMode {
    /// `[M, K]` and `[K, N]`, with `K = min(M, N)`.
    Reduced,
    /// `[M, M]` and `[M, N]`.
    Complete,
}

impl Tensor {
    /// `A = Q R` of each matrix: the columns of Q are orthogonal and of length 1, R is upper triangular.
    ///
    /// # Shapes
    /// `[.., M, N] → [.., M, K], [.., K, N]`, with `K = min(M, N)`, or `K = M` in [`QrMode::Complete`].
    ///
    /// # Gradient
    /// `ga = (gq + Q S) R⁻ᵀ` where S is symmetric with the upper triangle of `gr Rᵀ − Qᵀ gq`. The columns of a matrix
    /// with more columns than rows that R has beyond its square go through `R = Qᵀ A`. Infinite or NaN where R has a
    /// zero on its diagonal. Saves Q and R.
    ///
    /// # Errors
    /// If there are fewer than two dims, or the dtype is not a float type. The walk, in [`QrMode::Complete`] if there
    /// are more rows than columns: then Q is not determined by A.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{QrMode, Tensor};
    /// let a = Tensor::from([[3.0, 1.0], [4.0, 2.0]]);
    /// let (q, r) = a.qr(QrMode::Reduced)?;
    /// assert!(q.matmul(&r)?.to_f64s().iter().zip(a.to_f64s()).all(|(x, y)| (x - y).abs() < 1e-5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn qr(&self, mode: QrMode) -> Result<(Tensor, Tensor)> {
        let [m, n] = sizes(Check(OP), "the input", self)?;
        let complete = mode == QrMode::Complete;
        if m >= n || m == 0 {
            return factored(self, complete);
        }
        let (q, square) = factored(&self.narrow(-1, 0, m)?, false)?;
        let beside = turned(&q)?.matmul(&self.narrow(-1, m, n - m)?)?;
        let r = Tensor::cat(&[&square, &beside], -1)?;
        Ok((q, r))
    }
}

const OP: &str = "qr";

/// The factors of matrices with as many rows as columns at least.
fn factored(a: &Tensor, complete: bool) -> Result<(Tensor, Tensor)> {
    let [m, n] = sizes(Check(OP), "the input", a)?;
    let k = if complete { m } else { m.min(n) };
    let packed = a.try_packed(OP)?;
    let each = Each::new(k.saturating_mul(m + n), [m, n, 2 * k]);
    let shape = with_last(a, &[each.width]);
    Check(OP).fits_memory(&shape)?;
    let count = each.count(shape.iter().product());
    let y = for_float!(a.float(), T => Tensor::counted::<T, 1>(OP, count, &shape, [&packed], move |[a], y| {
        let a = a.flat::<T>();
        each.run(y, |threads, i, y| qr(threads, (m, n), complete, &a[i * m * n..(i + 1) * m * n], y));
    })?);
    let size = Size { m, n, k };
    let y = record(OP, y, &[a], |y| Qr { y: Saved::output(y), size });
    Ok(size.parts(&y))
}

#[derive(Clone, Copy)]
struct Size {
    m: usize,
    n: usize,
    /// Columns of Q, and rows of R.
    k: usize,
}

impl Size {
    /// Q and R out of what lies packed: both in rows.
    fn parts(self, packed: &Tensor) -> (Tensor, Tensor) {
        let Size { m, n, k } = self;
        (Block::rows(OP, 0, [m, k]).of(packed), Block::rows(OP, k * m, [k, n]).of(packed))
    }
}

struct Qr {
    y: Saved,
    size: Size,
}

impl Pullback for Qr {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let Size { m, n, k } = self.size;
        let (y, gy) = (self.y.get(at), at.gy());
        at.give(0, || {
            if k > n && m * n > 0 {
                let text = format!("{OP}: has no derivative in the mode Complete with {m} rows and {n} columns");
                return Err(Error::new(ErrorKind::NoDerivative, text));
            }
            let ((q, r), (gq, gr)) = (self.size.parts(&y), self.size.parts(gy));
            if m * n == 0 {
                return q.matmul(&r);
            }
            let product = gr.matmul(&turned(&r)?)?.try_sub(&turned(&q)?.matmul(&gq)?)?;
            let symmetric = product.triu(0)?.try_add(&turned(&product.triu(1)?)?)?;
            let inner = gq.try_add(&q.matmul(&symmetric)?)?;
            turned(&solved(OP, &r, &turned(&inner)?, Read { upper: true, unit: false }, false)?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // Columns far from each other's span.
    let heavy = |x: &Tensor| super::matrices::heavier(x, 3.0);
    let input = |s: &[usize]| vec![Input::real(s, -1.0..1.0)];
    // Each factor with weights of its own, so that the derivatives of both are seen.
    let case = move |name: &'static str, s: &[usize], mode: QrMode| {
        let call = move |x: &[Tensor]| {
            let (q, r) = heavy(&x[0])?.qr(mode)?;
            q.square().matmul(&r.sin())
        };
        Case::new(name, input(s), call).not_counting_saved()
    };
    [
        Case::new("qr (product)", input(&[2, 3, 2]), |x| {
            let (q, r) = x[0].qr(QrMode::Reduced)?;
            q.untied().matmul(&r.untied())
        })
        .value(|x| x[0].clone())
        .ends_no_history()
        .refuses(
            |x| Ok(x[0].reshape(&[12])?.qr(QrMode::Reduced)?.0),
            "qr: the input has shape [12], expected [.., M, N]",
        )
        .refuses(
            |x| Ok(x[0].to_dtype(DType::I64).qr(QrMode::Reduced)?.0),
            "qr: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
        case("qr", &[2, 3, 3], QrMode::Reduced),
        case("qr (tall)", &[4, 2], QrMode::Reduced),
        case("qr (wide)", &[2, 4], QrMode::Reduced),
        case("qr (complete)", &[3, 3], QrMode::Complete),
        Case::new("qr (of R alone)", input(&[3, 2]), move |x| Ok(heavy(&x[0])?.qr(QrMode::Reduced)?.1.square()))
            .not_counting_saved(),
    ]
}];
