//! Matrix products: without packing for the smallest and for those of few rows, in tiles for the rest.

mod narrow;
mod pack;
mod packed;
mod plain;
mod product;
mod small;
mod tiles;

use super::real::Real;
use super::simd::{has_vectors, vectorize_with};
use crate::threads::parallel;
pub use pack::forget;
pub use packed::Packed;
use plain::plain;
pub use product::{MOVED, is_worth_sharing};
use product::{Product, suit_turned};
use small::Small;

/// Products of fewer multiply-adds than this are faster without packing.
const SMALL_BELOW: usize = 2048;

/// A strided matrix: element `(i, j)` is `data[i · row + j · column]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    /// Its elements.
    pub data: &'a [T],
    /// Elements from one row to the next.
    pub row: usize,
    /// Elements from one column to the next.
    pub column: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A matrix whose rows of `columns` elements lie one after the other.
    #[inline(always)]
    pub fn rows(data: &'a [T], columns: usize) -> Matrix<'a, T> {
        Matrix { data, row: columns, column: 1 }
    }

    /// The transposed matrix, in the same memory.
    #[must_use]
    #[inline(always)]
    pub fn transposed(self) -> Matrix<'a, T> {
        Matrix { data: self.data, row: self.column, column: self.row }
    }

    /// Whether every element of a `rows × columns` matrix lies inside `data`.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let offset = |count: usize, step: usize| count.checked_sub(1).map(|last| last.checked_mul(step));
        match (offset(rows, self.row), offset(columns, self.column)) {
            (Some(row), Some(column)) => {
                row.zip(column).and_then(|(row, column)| row.checked_add(column)).is_some_and(|at| at < self.data.len())
            }
            _ => true,
        }
    }
}

/// What a product is added to.
#[derive(Clone, Copy)]
enum Base<'a, T> {
    /// Nothing.
    Nothing,
    /// This row, to every row of c.
    Row(&'a [T]),
    /// What c holds.
    Held,
}

/// `c = a b`, or `c = a b + bias`; a: `[m, k]`, b: `[k, n]`, bias: `[n]`, c: `[m, n]` contiguous. It runs on up to
/// `threads` threads, and has the same bits on any number.
///
/// # Panics
/// If a matrix does not hold its elements.
pub fn gemm<T: Real>(
    threads: usize,
    size: (usize, usize, usize),
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    bias: Option<&[T]>,
    c: &mut [T],
) {
    product(threads, size, a, b, bias.map_or(Base::Nothing, Base::Row), c);
}

/// `c += a b`, else as [`gemm`].
///
/// # Panics
/// If a matrix does not hold its elements.
pub fn gemm_add<T: Real>(threads: usize, size: (usize, usize, usize), a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T]) {
    product(threads, size, a, b, Base::Held, c);
}

fn product<T: Real>(
    threads: usize,
    (m, k, n): (usize, usize, usize),
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    base: Base<'_, T>,
    c: &mut [T],
) {
    let fits = a.holds(m, k) && b.holds(k, n) && m.checked_mul(n) == Some(c.len());
    let bias = if let Base::Row(bias) = base { Some(bias) } else { None };
    assert!(fits && bias.is_none_or(|bias| bias.len() == n), "a matrix product leaves its operands");
    if c.is_empty() {
        return;
    }
    let work = c.len().saturating_mul(k);
    if work < SMALL_BELOW && k * m.max(n) <= small::SCRATCH && k > 0 && !matches!(base, Base::Held) {
        // SAFETY: `fits`, and k is not 0.
        return vectorize_with(unsafe { Small::new((m, k, n), a, b, bias, c) });
    }
    let turned = suit_turned((m, k, n), a, b);
    // Rows of another direction than the bias, no product at all, and plain loops start from what c holds.
    let base = match base {
        Base::Row(bias) if turned || k == 0 || !has_vectors() => {
            c.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias));
            Base::Held
        }
        Base::Nothing if k == 0 || !has_vectors() => {
            c.fill(T::ZERO);
            Base::Held
        }
        base => base,
    };
    if k == 0 {
        return;
    }
    if !has_vectors() {
        return plain(threads > 1, (k, n), a, b, c);
    }
    let threads = if threads > 1 && is_worth_sharing((m, k, n), 1) { threads.min(parallel::threads()) } else { 1 };
    // SAFETY: `fits`, and all of them are borrowed until the product is there.
    let product = unsafe { Product::new((m, k, n), a, b, base, c) };
    if turned { product.turned() } else { product }.compute(threads);
}

#[cfg(test)]
mod tests {
    use super::super::simd::Vectorized;
    use super::*;

    fn numbers(len: usize, seed: u64) -> Vec<f64> {
        (0..len).map(|i| (crate::kernels::random::bits_at(seed, i as u64) >> 40) as f64 / 1e7 - 0.8).collect()
    }

    #[test]
    fn every_layout_agrees_with_the_definition() {
        for (m, k, n) in [
            (1, 1, 1),
            (2, 3, 4),
            (5, 1, 7),
            (1, 9, 1),
            (16, 32, 2),
            (40, 3, 1),
            (17, 16, 15),
            (33, 70, 9),
            (64, 64, 64),
            (3, 0, 2),
            (4, 200, 4),
            (23, 37, 45),
            (12, 1100, 32),
            (31, 2051, 33),
            (37, 20, 100),
            (300, 500, 7),
            (32, 1100, 4),
            (50, 60, 5),
            (9000, 40, 16),
            (1, 300, 70),
            (2, 37, 600),
            (3, 300, 21),
            (2, 70, 5),
            (70, 50, 3),
            (9, 300, 18),
            (300, 1000, 40),
            (700, 1100, 300),
            (600, 500, 36),
            (130, 1024, 400),
            (5000, 3, 2),
        ] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let exact = |i: usize, j: usize| (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum::<f64>();
            let at: Vec<f64> = (0..k * m).map(|i| a[(i % m) * k + i / m]).collect();
            let bt: Vec<f64> = (0..n * k).map(|i| b[(i % k) * n + i / k]).collect();
            for (am, bm) in [
                (Matrix { data: &a, row: k, column: 1 }, Matrix { data: &b, row: n, column: 1 }),
                (Matrix { data: &at, row: 1, column: m }, Matrix { data: &b, row: n, column: 1 }),
                (Matrix { data: &a, row: k, column: 1 }, Matrix { data: &bt, row: 1, column: k }),
                (Matrix { data: &at, row: 1, column: m }, Matrix { data: &bt, row: 1, column: k }),
            ] {
                let mut c = vec![7.0; m * n];
                gemm(1, (m, k, n), am, bm, None, &mut c);
                let bias: Vec<f64> = (0..n).map(|j| j as f64 - 7.5).collect();
                let mut d = vec![7.0; m * n];
                gemm(1, (m, k, n), am, bm, Some(&bias), &mut d);
                let mut e: Vec<f64> = (0..m * n).map(|i| i as f64 - 3.5).collect();
                gemm_add(1, (m, k, n), am, bm, &mut e);
                for i in 0..m {
                    for j in 0..n {
                        let close = |x: f64, y: f64| (x - y).abs() < 1e-12 * (k as f64 + 1.0);
                        assert!(close(c[i * n + j], exact(i, j)), "{m} {k} {n}: ({i}, {j})");
                        assert!(close(d[i * n + j], exact(i, j) + bias[j]), "{m} {k} {n} with a bias: ({i}, {j})");
                        let held = (i * n + j) as f64 - 3.5;
                        assert!(close(e[i * n + j], exact(i, j) + held), "{m} {k} {n} added: ({i}, {j})");
                    }
                }
            }
        }
    }

    /// Compiles a kernel for `S`, whatever the best instruction set is.
    struct On<S, K>(S, K);

    impl<S: pulp::Simd, K: Vectorized> pulp::NullaryFnOnce for On<S, K> {
        type Output = K::Output;
        #[inline(always)]
        fn call(self) -> K::Output {
            self.1.run(self.0)
        }
    }

    /// The bits of a product without packing, or in tiles.
    fn bits_on<T: Real, S: pulp::Simd>(
        simd: S,
        small: bool,
        size: (usize, usize, usize),
        transposed: [bool; 2],
    ) -> Vec<u64> {
        let (m, k, n) = size;
        let of = |x: Vec<f64>| x.into_iter().map(T::of).collect::<Vec<T>>();
        // The same numbers at the same places of the matrix, whichever way it lies.
        let lying = |x: Vec<f64>, rows: usize, columns: usize, transposed: bool| match transposed {
            true => of((0..rows * columns).map(|i| x[i % rows * columns + i / rows]).collect()),
            false => of(x),
        };
        let (a, b) = (lying(numbers(m * k, 1), m, k, transposed[0]), lying(numbers(k * n, 2), k, n, transposed[1]));
        let bias = of(numbers(n, 3));
        let matrix = |x, rows, columns, transposed| match transposed {
            true => Matrix { data: x, row: 1, column: rows },
            false => Matrix { data: x, row: columns, column: 1 },
        };
        let (a, b) = (matrix(&a[..], m, k, transposed[0]), matrix(&b[..], k, n, transposed[1]));
        let mut c = vec![T::ZERO; m * n];
        if small {
            // SAFETY: the sizes are those of the matrices.
            simd.vectorize(On(simd, unsafe { Small::new(size, a, b, Some(&bias), &mut c) }));
        } else {
            // SAFETY: the sizes are those of the matrices, which are all alive until the call below returns.
            let product = unsafe { Product::new(size, a, b, Base::Row(&bias), &mut c) };
            simd.vectorize(On(simd, product));
        }
        c.into_iter().map(|x| x.as_f64().to_bits()).collect()
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn every_instruction_set_and_every_layout_gives_the_same_bits() {
        const SMALL: [(usize, usize, usize); 9] = [
            (1, 2, 2),
            (32, 2, 16),
            (32, 16, 1),
            (16, 32, 2),
            (1, 32, 16),
            (32, 1, 16),
            (5, 7, 3),
            (9, 3, 17),
            (3, 20, 25),
        ];
        const TILES: [(usize, usize, usize); 6] =
            [(4, 5, 4), (13, 33, 50), (37, 1100, 9), (24, 64, 32), (7, 3, 100), (300, 1100, 40)];
        const FEW: [(usize, usize, usize); 4] = [(1, 70, 50), (3, 290, 21), (2, 37, 6), (9, 300, 18)];
        fn compare<T: Real>() {
            let (Some(avx2), avx512) = (pulp::x86::V3::try_new(), pulp::x86::V4::try_new()) else { return };
            for size in SMALL.into_iter().chain(TILES).chain(FEW) {
                let small = SMALL.contains(&size);
                let plain = bits_on::<T, _>(avx2, small, size, [false, false]);
                for transposed in [[false, false], [true, false], [false, true], [true, true]] {
                    let expected = bits_on::<T, _>(avx2, small, size, transposed);
                    // Of few rows the products are summed up in the order in which b lies.
                    let in_order = FEW.contains(&size) && transposed[1];
                    assert!(in_order || expected == plain, "{size:?} {transposed:?}");
                    // Without vectors there is one lane, but the same multiply-adds in the same order.
                    let scalar = bits_on::<T, _>(pulp::Scalar::new(), small, size, transposed);
                    assert_eq!(expected, scalar, "{size:?} {transposed:?}");
                    if let Some(avx512) = avx512 {
                        let wide = bits_on::<T, _>(avx512, small, size, transposed);
                        assert_eq!(expected, wide, "{size:?} {transposed:?}");
                    }
                }
            }
        }
        compare::<f32>();
        compare::<f64>();
    }

    #[test]
    #[should_panic(expected = "leaves its operands")]
    fn a_short_operand_is_refused() {
        let a = Matrix { data: &[1.0f32; 3], row: 2, column: 1 };
        gemm(1, (2, 2, 2), a, a, None, &mut [0.0; 4]);
    }

    #[test]
    fn strides_that_wrap_are_no_way_around_the_check() {
        let a = Matrix { data: &[1.0f32; 3], row: 1 << (usize::BITS - 1), column: 1 };
        assert!(!a.holds(3, 1));
        assert!(a.holds(1, 3) && a.holds(0, 9) && !a.holds(1, 4));
    }

    #[test]
    fn a_sum_that_underflows_has_one_sign_wherever_it_stands() {
        let (m, k, n) = (256, 128, 72);
        let (a, b) = (vec![-1e-30f32; m * k], vec![1e-30f32; k * n]);
        let (a, b) = (Matrix { data: &a, row: k, column: 1 }, Matrix { data: &b, row: n, column: 1 });
        // A fused multiply-add rounds to −0. A product that is rounded by itself is −0 as well, but 0 − 0 is 0.
        let sum = if crate::kernels::simd::has_vectors() { -0.0f32 } else { 0.0 };
        for threads in [1, 2, 3] {
            let mut c = vec![1.0; m * n];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| gemm(threads, (m, k, n), a, b, None, &mut c));
            assert!(c.iter().all(|x| x.to_bits() == sum.to_bits()), "{threads} threads");
        }
    }

    #[test]
    fn a_product_the_other_way_round_has_the_same_bits() {
        if !crate::kernels::simd::has_vectors() {
            return;
        }
        for (m, k, n) in [(32, 1100, 8), (20, 2500, 5), (16, 40, 4), (64, 1024, 6)] {
            let of = |len, seed| numbers(len, seed).iter().map(|x| *x as f32).collect::<Vec<f32>>();
            let (a, b, start) = (of(m * k, 1), of(k * n, 2), of(m * n, 3));
            let (a, b) = (Matrix { data: &a[..], row: 1, column: m }, Matrix::rows(&b[..], n));
            assert!(suit_turned((m, k, n), a, b), "{m} {k} {n}");
            for base in [Base::Nothing, Base::Held] {
                let bits = |turned: bool, threads: usize| {
                    let mut c = start.clone();
                    // SAFETY: the sizes are those of the matrices, which are all alive until the product is there.
                    let product = unsafe { Product::new((m, k, n), a, b, base, &mut c) };
                    if turned { product.turned() } else { product }.compute(threads);
                    c.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                };
                let plain = bits(false, 1);
                assert!([1, 2, 4].iter().all(|threads| bits(true, *threads) == plain), "{m} {k} {n}");
            }
        }
    }

    #[test]
    fn one_and_two_threads_give_the_same_bits() {
        let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("a pool");
        for (m, k, n) in [
            (256, 784, 256),
            (784, 256, 256),
            (256, 256, 10),
            (513, 130, 257),
            (1000, 3, 1000),
            (500, 4096, 1),
            (200, 4096, 2),
            (170, 3000, 3),
            (32, 3000, 4),
            (32, 3000, 8),
            (20, 3000, 5),
            (300, 2100, 8),
            (9000, 40, 16),
            (1000, 2100, 1),
            (1000, 1500, 70),
            (64, 4097, 64),
            (1, 2100, 900),
            (2, 1100, 1100),
            (3, 1030, 700),
            (150, 1500, 300),
        ] {
            let a: Vec<f32> = numbers(m * k, 3).iter().map(|x| *x as f32).collect();
            let b: Vec<f32> = numbers(k * n, 4).iter().map(|x| *x as f32).collect();
            for (row, column, b_row, b_column) in [(1, m, n, 1), (k, 1, n, 1), (k, 1, 1, k)] {
                let product = |threads| {
                    let a = Matrix { data: &a, row, column };
                    let b = Matrix { data: &b, row: b_row, column: b_column };
                    let (mut all, bias) = (vec![0.5; 3 * m * n], vec![0.1; n]);
                    let mut parts = all.chunks_exact_mut(m * n);
                    let mut part = || parts.next().expect("three");
                    pool(threads).install(|| gemm(threads, (m, k, n), a, b, None, part()));
                    pool(threads).install(|| gemm(threads, (m, k, n), a, b, Some(&bias), part()));
                    pool(threads).install(|| gemm_add(threads, (m, k, n), a, b, part()));
                    all.iter().map(|x: &f32| x.to_bits()).collect::<Vec<_>>()
                };
                let one = product(1);
                for threads in [2, 3, 4, 8] {
                    assert!(one == product(threads), "{m} {k} {n}, strides {row} {column}, {threads} threads");
                }
            }
        }
    }
}
