//! Cofactors: the derivatives of a determinant, also of singular matrices.

use super::super::gemm::{Matrix, gemm};
use super::super::real::Real;
use super::super::wide::products_of_others;
use super::singular::{Vectors, svd};
use super::solve::Factors;
use super::{epsilon, lu, transpose};

/// Singular values and vectors, in rows, and `det U · det V`, which is 1 or −1.
struct Turned<T> {
    n: usize,
    s: Vec<T>,
    u: Vec<T>,
    v: Vec<T>,
    sign: T,
}

impl<T: Real> Turned<T> {
    fn new(threads: usize, n: usize, a: &[T]) -> Turned<T> {
        let mut packed = vec![T::ZERO; n + 2 * n * n];
        svd(threads, (n, n), Vectors::Reduced, a, &mut packed);
        let v = packed.split_off(n + n * n);
        let mut u = packed.split_off(n);
        transpose(n, &mut u);
        let sign = |q: &[T]| {
            let mut factors = q.to_vec();
            factors.resize(n * n + n, T::ZERO);
            let (triangles, pivots) = factors.split_at_mut(n * n);
            lu::factor(1, (n, n), triangles, pivots);
            T::ONE.copysign(Factors::new(n, &factors).determinant())
        };
        let sign = sign(&u) * sign(&v);
        Turned { n, s: packed, u, v, sign }
    }

    /// `± U x Vᵀ`
    fn back(&self, threads: usize, x: &[T], into: &mut [T]) {
        let size = (self.n, self.n, self.n);
        let mut half = vec![T::ZERO; x.len()];
        gemm(threads, size, Matrix::rows(x, self.n), Matrix::rows(&self.v, self.n), None, &mut half);
        gemm(threads, size, Matrix::rows(&self.u, self.n).transposed(), Matrix::rows(&half, self.n), None, into);
        into.iter_mut().for_each(|x| *x = *x * self.sign);
    }

    /// `Uᵀ x V`
    fn forth(&self, threads: usize, x: &[T]) -> Vec<T> {
        let size = (self.n, self.n, self.n);
        let (mut half, mut turned) = (vec![T::ZERO; x.len()], vec![T::ZERO; x.len()]);
        gemm(threads, size, Matrix::rows(&self.u, self.n), Matrix::rows(x, self.n), None, &mut half);
        gemm(threads, size, Matrix::rows(&half, self.n), Matrix::rows(&self.v, self.n).transposed(), None, &mut turned);
        turned
    }
}

/// The cofactors C of A, `[n, n]`: `det A · A⁻ᵀ`, and where the determinant is not a normal number, or the inverse is
/// none, from the singular values.
pub fn cofactor<T: Real>(threads: usize, n: usize, a: &[T], factors: &[T], c: &mut [T]) {
    let factors = Factors::new(n, factors);
    let determinant = factors.determinant();
    // Neither 0 nor ∞ can be multiplied with the inverse, nor what has few digits, since it is below the normal
    // numbers.
    let normal = T::FAINT * T::of(epsilon::<T>());
    if determinant.abs() >= normal && determinant.abs() < T::INFINITY {
        c.fill(T::ZERO);
        c.iter_mut().step_by(n + 1).for_each(|x| *x = T::ONE);
        factors.solve(threads, true, n, c);
        c.iter_mut().for_each(|x| *x = *x * determinant);
        if c.iter().all(|x| x.is_finite()) {
            return;
        }
        let mut other = vec![T::ZERO; n * n];
        by_values(threads, n, a, &mut other);
        // A cofactor may be beyond the largest number, too, and others beside it are numbers.
        if other.iter().all(|x| x.is_finite()) {
            c.copy_from_slice(&other);
        }
        return;
    }
    by_values(threads, n, a, c);
}

/// The cofactors from the singular values.
fn by_values<T: Real>(threads: usize, n: usize, a: &[T], c: &mut [T]) {
    let turned = Turned::new(threads, n, a);
    let mut inner = vec![T::ZERO; n * n];
    products_of_others(&turned.s, &mut Vec::new(), |i, others| inner[i * (n + 1)] = others.value());
    turned.back(threads, &inner, c);
}

/// The gradient of `Σ g C` by A: in the bases of the singular vectors, where `P_ij = Π s_k` without `s_i` and `s_j`,
/// `Σ_j P_ij g_jj` on the diagonal and `−P_ij g_ji` beside it.
pub fn cofactor_pull<T: Real>(threads: usize, n: usize, a: &[T], g: &[T], ga: &mut [T]) {
    let turned = Turned::new(threads, n, a);
    let g = turned.forth(threads, g);
    let (mut inner, mut before) = (vec![T::ZERO; n * n], Vec::with_capacity(n));
    for i in 0..n {
        let mut others = turned.s.clone();
        others[i] = T::ONE;
        products_of_others(&others, &mut before, |j, others| {
            if j != i {
                let others = others.value::<T>();
                inner[i * n + i] += others * g[j * n + j];
                inner[i * n + j] = T::ZERO - others * g[j * n + i];
            }
        });
    }
    turned.back(threads, &inner, ga);
}
