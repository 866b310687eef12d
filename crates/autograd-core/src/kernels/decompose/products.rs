//! Products of rows with a vector.

use super::super::real::Real;
use super::super::reduce::{Sum, fold_run};
use super::super::simd::{Lanes, Vectorized};

/// Numbers of a row that are multiplied together; rows are padded to as many.
pub const LANES: usize = 16;

/// Vectors of 16 bytes that a sum has, at most.
pub const PARTS: usize = LANES / 2;

/// As many numbers as a register holds.
pub type Vector<T, S> = <T as Lanes>::Vector<S>;

/// The sums of the lanes of a row.
pub type Sums<T, S> = [Vector<T, S>; PARTS];

/// The vectors that the lanes of a row are.
#[inline(always)]
pub fn parts<T: Real, S: pulp::Simd>() -> usize {
    LANES / T::count::<S>()
}

/// The sum of lanes.
#[inline(always)]
pub fn total<T: Real, S: pulp::Simd>(sums: Sums<T, S>) -> T {
    let mut lanes = [T::ZERO; LANES];
    T::whole_mut::<S>(&mut lanes).iter_mut().zip(sums).for_each(|(lane, sum)| *lane = sum);
    fold_run(Sum, &lanes)
}

/// The product of each row with v, from a column of whole lanes on.
pub struct Dots<'a, T> {
    pub stride: usize,
    pub from: usize,
    pub rows: &'a [T],
    pub v: &'a [T],
    pub products: &'a mut [T],
}

impl<T: Real> Vectorized for Dots<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: pulp::Simd>(self, simd: S) {
        let Dots { stride, from, rows, v, products } = self;
        let (v, parts) = (T::whole::<S>(&v[from..]), parts::<T, S>());
        // Two rows share what is read of v.
        for (rows, products) in rows.chunks(2 * stride).zip(products.chunks_mut(2)) {
            let mut sums = [T::splat(simd, T::ZERO); PARTS];
            let mut others = sums;
            if let [product, other] = products {
                let (a, b) = (T::whole::<S>(&rows[from..stride]), T::whole::<S>(&rows[stride + from..2 * stride]));
                for ((a, b), v) in a.chunks_exact(parts).zip(b.chunks_exact(parts)).zip(v.chunks_exact(parts)) {
                    for i in 0..parts {
                        sums[i] = T::mul_add_all(simd, a[i], v[i], sums[i]);
                        others[i] = T::mul_add_all(simd, b[i], v[i], others[i]);
                    }
                }
                (*product, *other) = (total::<T, S>(sums), total::<T, S>(others));
            } else {
                for (x, v) in T::whole::<S>(&rows[from..stride]).chunks_exact(parts).zip(v.chunks_exact(parts)) {
                    for i in 0..parts {
                        sums[i] = T::mul_add_all(simd, x[i], v[i], sums[i]);
                    }
                }
                products.fill(total::<T, S>(sums));
            }
        }
    }
}
