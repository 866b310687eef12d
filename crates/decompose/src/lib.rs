//! Values of the matrix decompositions that faer computes, for f32 and f64, on slices.
//!
//! faer is generic, so whoever calls it compiles it. This crate is the one that does: a change of the core does not
//! compile it again. Each function takes any number of matrices of one size, one after the other, and works on one
//! thread: no bit depends on how many there are.

#![forbid(unsafe_code)]

mod cholesky;
mod eigh;
mod qr;
mod svd;

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::traits::RealField;

/// Eigenvalues and singular values of more rows than so many would be found by halves. faer's halves lose digits, or the
/// order, where many of them are equal or 0; rotations do not. Up to 300 rows they are no slower, of 1,500 they take twice
/// the time.
const HALVES: usize = usize::MAX;

/// A number whose matrices can be decomposed.
pub trait Decompose: Copy + Send + Sync + 'static {
    /// The lower triangles L of `L Lᵀ = A` in the place of A, with zeros above, of as many `n × n` matrices as there
    /// are; only the lower triangle of A is read. A matrix that is not positive definite becomes NaN.
    ///
    /// # Examples
    /// ```
    /// use wengert_decompose::Decompose;
    /// let mut a = [4.0, 9.0, 2.0, 5.0];
    /// f64::cholesky(2, &mut a);
    /// assert_eq!(a, [2.0, 0.0, 1.0, 2.0]);
    /// ```
    fn cholesky(n: usize, a: &mut [Self]);

    /// `A = Q R` of as many `m × n` matrices as there are. Of each, `into` gets Qᵀ and then R, both in rows: with
    /// `k = min(m, n)`, or `k = m` if `complete`, `k m + k n` numbers. A matrix that is not finite gives NaN.
    ///
    /// # Examples
    /// ```
    /// use wengert_decompose::Decompose;
    /// let mut qr = [0.0; 3];
    /// f64::qr(2, 1, false, &[3.0, 4.0], &mut qr);
    /// assert!((qr[0] * qr[2] - 3.0).abs() < 1e-15 && (qr[1] * qr[2] - 4.0).abs() < 1e-15);
    /// ```
    fn qr(m: usize, n: usize, complete: bool, a: &[Self], into: &mut [Self]);

    /// `A = V diag(w) Vᵀ` of as many `n × n` matrices as there are, by their lower triangles. Of each, `into` gets w in
    /// rising order, and then Vᵀ in rows if `vectors`. A matrix that is not finite, or whose rotations do not converge, gives
    /// NaN.
    ///
    /// # Examples
    /// ```
    /// use wengert_decompose::Decompose;
    /// let mut w = [0.0; 2];
    /// f64::eigh(2, false, &[2.0, 0.0, 1.0, 2.0], &mut w);
    /// assert!((w[0] - 1.0).abs() < 1e-15 && (w[1] - 3.0).abs() < 1e-15);
    /// ```
    fn eigh(n: usize, vectors: bool, a: &[Self], into: &mut [Self]);

    /// `A = U diag(s) Vᵀ` of as many `m × n` matrices as there are. Of each, `into` gets s in falling order, and then
    /// Uᵀ and Vᵀ in rows, as `vectors` says. A matrix that is not finite, or whose rotations do not converge, gives NaN.
    ///
    /// # Examples
    /// ```
    /// use wengert_decompose::{Decompose, Vectors};
    /// let mut s = [0.0; 2];
    /// f64::svd(2, 2, Vectors::None, &[0.0, 3.0, 4.0, 0.0], &mut s);
    /// assert!((s[0] - 4.0).abs() < 1e-15 && (s[1] - 3.0).abs() < 1e-15);
    /// ```
    fn svd(m: usize, n: usize, vectors: Vectors, a: &[Self], into: &mut [Self]);
}

/// Which singular vectors are computed: of U, and as many of V.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// None.
    None,
    /// As many as there are singular values.
    Reduced,
    /// Whole bases.
    Full,
}

/// What the functions of this crate ask of f32 and f64.
trait Number: RealField + Copy {
    /// Multiplies numbers with the power of two that brings the largest near 1, so that no square on the way overflows or
    /// vanishes; what gives them back, or nothing if they are not finite.
    fn to_unit(a: &mut [Self]) -> Option<Self>;

    /// The same where the largest is so large or so small that its square is near the ends of the range. Elsewhere it would
    /// take digits of small numbers beside large ones.
    fn to_range(a: &mut [Self]) -> Option<Self>;

    /// The largest size of finite numbers, or the smallest normal number.
    fn largest(a: &[Self]) -> Option<Self>;

    /// Multiplies each value with a power of two of its own.
    fn scale_each(values: &mut [Self], powers: &[Self]);

    /// Multiplies values with a power of two.
    fn scale(values: &mut [Self], power: Self);

    /// Whether all are numbers.
    fn are_finite(values: &[Self]) -> bool;
}

macro_rules! decompose {
    ($t:ty, $again:expr) => {
        impl Decompose for $t {
            fn cholesky(n: usize, a: &mut [Self]) {
                cholesky::all(n, a);
            }
            fn qr(m: usize, n: usize, complete: bool, a: &[Self], into: &mut [Self]) {
                qr::all(m, n, complete, a, into);
            }
            fn eigh(n: usize, vectors: bool, a: &[Self], into: &mut [Self]) {
                eigh::all(n, vectors, a, into);
                $again(n * n, a, into, |a: &[f64], into: &mut [f64]| eigh::all(n, vectors, a, into));
            }
            fn svd(m: usize, n: usize, vectors: Vectors, a: &[Self], into: &mut [Self]) {
                svd::all(m, n, vectors, a, into);
                $again(m * n, a, into, |a: &[f64], into: &mut [f64]| svd::all(m, n, vectors, a, into));
            }
        }

        impl Number for $t {
            fn to_unit(a: &mut [Self]) -> Option<Self> {
                let largest = Self::largest(a)?;
                let power = <$t>::from_bits(largest.to_bits() & <$t>::INFINITY.to_bits());
                Self::scale(a, power.recip());
                Some(power)
            }
            fn largest(a: &[Self]) -> Option<Self> {
                Self::are_finite(a).then(|| a.iter().fold(<$t>::MIN_POSITIVE, |most, x| most.max(x.abs())))
            }
            fn to_range(a: &mut [Self]) -> Option<Self> {
                const WIDE: i32 = <$t>::MAX_EXP / 3;
                let largest = Self::largest(a)?;
                if largest > (2.0 as $t).powi(WIDE) || largest < (2.0 as $t).powi(-WIDE) {
                    Self::to_unit(a)
                } else {
                    Some(1.0)
                }
            }
            fn scale_each(values: &mut [Self], powers: &[Self]) {
                values.iter_mut().zip(powers).for_each(|(x, power)| *x *= power);
            }
            fn scale(values: &mut [Self], power: Self) {
                values.iter_mut().for_each(|x| *x *= power);
            }
            fn are_finite(values: &[Self]) -> bool {
                values.iter().all(|x| x.is_finite())
            }
        }
    };
}

decompose!(f32, in_double);
decompose!(f64, |_, _, _, _| ());

/// Does once more in double precision what did not converge in single precision, for each matrix of `size` numbers.
fn in_double(size: usize, a: &[f32], into: &mut [f32], work: impl Fn(&[f64], &mut [f64])) {
    let Some(width) = (into.len() * size).checked_div(a.len()).filter(|width| *width > 0) else { return };
    for (a, into) in a.chunks_exact(size).zip(into.chunks_exact_mut(width)) {
        if into[0].is_nan() && f32::are_finite(a) {
            let wide: Vec<f64> = a.iter().map(|x| f64::from(*x)).collect();
            let mut found = vec![0.0; width];
            work(&wide, &mut found);
            into.iter_mut().zip(found).for_each(|(y, found)| *y = found as f32);
        }
    }
}

/// Runs `work` with memory of the size that faer asks for.
fn with_memory(need: StackReq, work: impl FnOnce(&mut MemStack)) {
    let mut memory = MemBuffer::new(need);
    work(MemStack::new(&mut memory));
}

/// Calls `see(i, j)` for every element below the diagonal of an `n × n` matrix, square by square: the mirror image of a
/// square stays in the first-level cache, too.
///
/// # Examples
/// ```
/// let mut count = 0;
/// wengert_decompose::below(40, |i, j| count += usize::from(j < i));
/// assert_eq!(count, 40 * 39 / 2);
/// ```
#[inline(always)]
pub fn below(n: usize, mut see: impl FnMut(usize, usize)) {
    const SIDE: usize = 16;
    for top in (0..n).step_by(SIDE) {
        for left in (0..=top).step_by(SIDE) {
            for i in top..n.min(top + SIDE) {
                (left..i.min(left + SIDE)).for_each(|j| see(i, j));
            }
        }
    }
}
