//! Gradients of eigenvectors and singular vectors.

use super::super::gemm::{Matrix, gemm};
use super::super::real::Real;
use super::{below, epsilon};

fn rows<T>(data: &[T], columns: usize) -> Matrix<'_, T> {
    Matrix::rows(data, columns)
}

fn across<T>(data: &[T], columns: usize) -> Matrix<'_, T> {
    rows(data, columns).transposed()
}

fn is_zero<T: Real>(x: &[T]) -> bool {
    x.iter().all(|x| *x == T::ZERO)
}

/// 1 / x, and 0 where x is not farther from 0 than `least`.
fn inverse<T: Real>(x: T, least: T) -> T {
    if x.abs() <= least { T::ZERO } else { T::ONE / x }
}

/// Numbers that differ by no more than this count as equal, of `n` numbers the largest of which is `largest`.
fn least<T: Real>(n: usize, largest: T) -> T {
    largest * T::of(n as f64 * epsilon::<T>())
}

/// What `k` rows of a matrix are multiplied with, one factor for each.
fn scaled<T: Real>(x: &[T], columns: usize, factor: impl Fn(usize) -> T) -> Vec<T> {
    let scale = |(i, row): (usize, &[T])| {
        let factor = factor(i);
        row.iter().map(|x| *x * factor).collect::<Vec<T>>()
    };
    x.chunks_exact(columns.max(1)).enumerate().flat_map(scale).collect()
}

/// The largest of all absolute values.
fn most<T: Real>(x: &[T]) -> T {
    x.iter().fold(T::ZERO, |most, x| most.larger(x.abs()))
}

/// Whether a loss depends on these values or vectors: a mark says so, or they have a gradient.
fn is_used<T: Real>(mark: T, gradient: &[T]) -> bool {
    mark != T::ZERO || !is_zero(gradient)
}

/// Whether equal numbers, of those that rise or fall, may be moved together by a function of them, of whose slope
/// nothing is known. Of what is symmetric of Vᵀ gV the diagonal is twice the function's value times a weight for each,
/// and the gradients of the numbers are the slope times this weight.
///
/// So there is no slope if the gradients are 0 where weights differ. Where all numbers are equal and no vector has a
/// gradient (`are_silent`), as for log at I, there is a slope if the gradients of the numbers differ, by more than they
/// are off.
fn any_tied<T: Real>(
    values: &[T],
    gradients: &[T],
    least: T,
    are_silent: bool,
    symmetric: impl Fn() -> Vec<T>,
) -> bool {
    let k = values.len();
    let equal = |i: usize, j: usize| (values[i] - values[j]).abs() <= least;
    if !(1..k).any(|i| equal(i - 1, i)) {
        return false;
    }
    let x = symmetric();
    // Roundings of products of k are none.
    let none = most(&x) * T::of(4.0 * k as f64 * epsilon::<T>());
    let has_no_slope = |i: usize, j: usize| {
        let differ = (x[i * (k + 1)] - x[j * (k + 1)]).abs() > none;
        gradients[i] == T::ZERO && gradients[j] == T::ZERO && differ
    };
    let is_moved = |i: usize, j: usize| (x[i * k + j] + x[j * k + i]).abs() > none && !has_no_slope(i, j);
    if are_silent && equal(0, k - 1) {
        let off = most(gradients) * T::of(1e-3);
        return gradients.iter().any(|g| (*g - gradients[0]).abs() > off);
    }
    let mut found = false;
    below(k, |i, j| found |= equal(i, j) && is_moved(i, j));
    found
}

/// Whether the gradients of w and V do not say what that of `A = V diag(w) Vᵀ` is: those of a function `V g(w) Vᵀ` lack
/// the slope of g between equal values, while those of the space of their vectors have all of it. Where a loss depends
/// on values as well as on vectors of equal ones, it may be the one or the other.
pub fn eigh_is_open<T: Real>(n: usize, y: &[T], gy: &[T]) -> bool {
    let ((w, v), (gw, gv)) = (y.split_at(n), gy.split_at(n));
    let ((v, _), (gv, marks)) = (v.split_at(n * n), gv.split_at(n * n));
    if !is_used(marks[0], gw) || !is_used(marks[1], gv) {
        return false;
    }
    any_tied(w, gw, least(n, most(w)), is_zero(gv), || {
        let mut inner = vec![T::ZERO; n * n];
        gemm(usize::MAX, (n, n, n), across(v, n), rows(gv, n), None, &mut inner);
        inner
    })
}

/// The gradient of A, from those of `A = V diag(w) Vᵀ`: `y` and `gy` have w, V in rows, and the marks.
pub fn eigh_pull<T: Real>(threads: usize, n: usize, y: &[T], gy: &[T], ga: &mut [T]) {
    let ((w, v), (gw, gv)) = (y.split_at(n), gy.split_at(n));
    let (v, gv) = (&v[..n * n], &gv[..n * n]);
    let product = |a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T]| gemm(threads, (n, n, n), a, b, None, c);
    let mut left = vec![T::ZERO; n * n];
    if is_zero(gv) {
        for (left, v) in left.chunks_exact_mut(n).zip(v.chunks_exact(n)) {
            left.iter_mut().zip(v.iter().zip(gw)).for_each(|(x, (v, g))| *x = *v * *g);
        }
    } else {
        let mut inner = vec![T::ZERO; n * n];
        product(across(v, n), rows(gv, n), &mut inner);
        let least = least(n, most(w));
        // Only what is antisymmetric moves V: half of the difference to the transposed matrix. So are the inverses, and
        // the products are symmetric.
        below(n, |i, j| {
            let x = T::of(0.5) * (inner[i * n + j] - inner[j * n + i]) * inverse(w[j] - w[i], least);
            (inner[i * n + j], inner[j * n + i]) = (x, x);
        });
        inner.iter_mut().step_by(n + 1).zip(gw).for_each(|(x, gw)| *x = *gw);
        product(rows(v, n), rows(&inner, n), &mut left);
    }
    product(rows(&left, n), across(v, n), ga);
}

/// Why the gradients of U, s and V do not say what that of `A = U diag(s) Vᵀ` is.
#[derive(Clone, Copy, PartialEq)]
pub enum Open {
    /// As for [`eigh_is_open`].
    Equal,
    /// A loss depends on vectors that the whole bases have beside the first min(m, n).
    Added,
}

/// Whether and why the gradient of A is not determined; `y` and `gy` as for [`svd_pull`].
pub fn svd_is_open<T: Real>((m, n, left): (usize, usize, usize), y: &[T], gy: &[T]) -> Option<Open> {
    let k = m.min(n);
    let (start, marks) = (k + left * m, y.len() - 2);
    let [s, u, v] = [&y[..k], &y[k..start], &y[start..start + k * n]];
    let [gs, gu, gv] = [&gy[..k], &gy[k..start], &gy[start..start + k * n]];
    // A NaN says that something else went wrong before.
    let is_given = |x: &[T]| x.iter().any(|x| x.abs() > T::ZERO);
    if left > k && gu.chunks_exact(left).any(|row| is_given(&row[k..])) || is_given(&gy[start + k * n..marks]) {
        return Some(Open::Added);
    }
    let [of_values, of_vectors] = [gy[marks], gy[marks + 1]];
    if !is_used(of_values, gs) || !is_used(of_vectors, gu) && is_zero(gv) {
        return None;
    }
    let tied = any_tied(s, gs, least(m.max(n), s[0]), is_zero(gu) && is_zero(gv), || {
        let mut sum = vec![T::ZERO; k * k];
        gemm(usize::MAX, (k, m, k), across(u, left), rows(gu, left), None, &mut sum);
        let mut b = vec![T::ZERO; k * k];
        gemm(usize::MAX, (k, n, k), rows(v, n), across(gv, n), None, &mut b);
        sum.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        sum
    });
    tied.then_some(Open::Equal)
}

/// The gradient of A, `[m, n]`, from those of `A = U diag(s) Vᵀ`: `y` and `gy` have s, the rows of U, each of `left`
/// elements, the rows of Vᵀ, and the marks. Of both the first min(m, n) vectors count.
pub fn svd_pull<T: Real>(threads: usize, (m, n, left): (usize, usize, usize), y: &[T], gy: &[T], ga: &mut [T]) {
    let k = m.min(n);
    let start = k + left * m;
    let (s, gs) = (&y[..k], &gy[..k]);
    let ((u, v), (gu, gv)) = ((&y[k..start], &y[start..start + k * n]), (&gy[k..start], &gy[start..start + k * n]));
    let (no_u, no_v) = (is_zero(gu), is_zero(gv));
    let product = |size, a: Matrix<'_, T>, b: Matrix<'_, T>| {
        let (rows, _, columns) = size;
        let mut c = vec![T::ZERO; rows * columns];
        gemm(threads, size, a, b, None, &mut c);
        c
    };
    let least = least(m.max(n), s.first().copied().unwrap_or(T::ZERO));
    let by_s = |i: usize| inverse(s[i], least);
    let mut right = if no_u && no_v {
        scaled(v, n, |i| gs[i])
    } else {
        let square = |none: bool, depth: usize, x: Matrix<'_, T>, gx: Matrix<'_, T>| match none {
            true => vec![T::ZERO; k * k],
            false => product((k, depth, k), x, gx),
        };
        let (a, b) = (square(no_u, m, across(u, left), rows(gu, left)), square(no_v, n, rows(v, n), across(gv, n)));
        let half = T::of(0.5);
        let one = |i: usize, j: usize| {
            let (p, q) = (a[i * k + j] - a[j * k + i], b[i * k + j] - b[j * k + i]);
            let mut x = match i == j {
                true => gs[i],
                false => half * ((p + q) * inverse(s[j] - s[i], least) + (p - q) * inverse(s[j] + s[i], least)),
            };
            if m > k {
                x -= a[i * k + j] * by_s(j);
            }
            if n > k {
                x -= b[j * k + i] * by_s(i);
            }
            x
        };
        let mut inner = vec![T::ZERO; k * k];
        below(k, |i, j| (inner[i * k + j], inner[j * k + i]) = (one(i, j), one(j, i)));
        (0..k).for_each(|i| inner[i * (k + 1)] = one(i, i));
        product((k, k, n), rows(&inner, k), rows(v, n))
    };
    if n > k && !no_v {
        right.iter_mut().zip(scaled(gv, n, by_s)).for_each(|(x, more)| *x += more);
    }
    gemm(threads, (m, k, n), rows(u, left), rows(&right, n), None, ga);
    if m > k && !no_u {
        let more = product((m, k, n), rows(gu, left), rows(&scaled(v, n, by_s), n));
        ga.iter_mut().zip(more).for_each(|(x, more)| *x += more);
    }
}
