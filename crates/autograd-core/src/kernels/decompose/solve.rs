//! Systems of equations by a factored matrix.

use super::super::gemm::Matrix;
use super::super::real::Real;
use super::super::wide::Wide;
use super::lu::exchange;
use super::triangular::{self, Shape};

/// The triangles of `P A = L U` and the rows that were exchanged, as `lu::factor` gives them.
#[derive(Clone, Copy)]
pub struct Factors<'a, T> {
    n: usize,
    lu: Matrix<'a, T>,
    pivots: &'a [T],
}

impl<'a, T: Real> Factors<'a, T> {
    /// Those of an `n × n` matrix: `n²` numbers in rows and `n` pivots behind them.
    pub fn new(n: usize, packed: &'a [T]) -> Factors<'a, T> {
        let (lu, pivots) = packed.split_at(n * n);
        Factors { n, lu: Matrix::rows(lu, n), pivots }
    }

    /// The X of `A X = B`, or of `Aᵀ X = B`, in the place of B, `[n, k]` in rows.
    pub fn solve(&self, threads: usize, transposed: bool, k: usize, x: &mut [T]) {
        let Factors { n, lu, pivots } = *self;
        let (lower, upper) = (Shape { upper: false, unit: true }, Shape { upper: true, unit: false });
        triangular::by_parts(threads, (n, k), x, |threads, k, x| match transposed {
            true => {
                let lu = lu.transposed();
                triangular::together(threads, upper.transposed(), (n, k), lu, x);
                triangular::together(threads, lower.transposed(), (n, k), lu, x);
                exchange(pivots, true, k, x);
            }
            false => {
                exchange(pivots, false, k, x);
                triangular::together(threads, lower, (n, k), lu, x);
                triangular::together(threads, upper, (n, k), lu, x);
            }
        });
    }

    /// The inverse, in rows.
    pub fn invert(&self, threads: usize, inverse: &mut [T]) {
        inverse.fill(T::ZERO);
        inverse.iter_mut().step_by(self.n + 1).for_each(|x| *x = T::ONE);
        self.solve(threads, false, self.n, inverse);
    }

    /// The diagonal of U.
    pub fn diagonal(&self) -> impl Iterator<Item = T> + use<'a, T> {
        self.lu.data.iter().step_by(self.n + 1).copied().take(self.n)
    }

    /// Whether an odd number of rows was exchanged.
    pub fn is_odd(&self) -> bool {
        let moved = |(i, pivot): (usize, &T)| pivot.as_f64() as usize != i + 1;
        self.pivots.iter().enumerate().filter(|pivot| moved((pivot.0, pivot.1))).count() % 2 == 1
    }

    /// The determinant.
    pub fn determinant(&self) -> T {
        let product = self.diagonal().fold(Wide::ONE, |product, u| product.times(Wide::of(u))).value::<T>();
        if self.is_odd() { T::ZERO - product } else { product }
    }
}
