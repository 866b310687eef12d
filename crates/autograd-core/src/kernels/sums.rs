//! Several sums over runs in one pass, of numbers computed from each element, in the tree of a sum.

use super::real::Real;
use super::reduce::{BLOCK, Carries, LANES, QUARTER, Sum, join_lanes, join_quarter};
use crate::kernels::simd::{Each, from_fn};

/// Adds the terms of a quarter of the lanes. By value: what the compiler sees as memory it keeps there.
#[inline(always)]
fn add_quarter<T: Real, const N: usize, const K: usize>(
    mut lanes: [[T; QUARTER]; K],
    runs: [&[T; QUARTER]; N],
    terms: impl Fn([T; N]) -> [T; K],
) -> [[T; QUARTER]; K] {
    for i in 0..QUARTER {
        let terms = terms(runs.each(|run| run[i]));
        for k in 0..K {
            lanes[k][i] += terms[k];
        }
    }
    lanes
}

/// The sums of at most [`BLOCK`] elements.
#[inline(always)]
fn sum_block<T: Real, const N: usize, const K: usize>(
    runs: [&[T]; N],
    terms: impl Fn([T; N]) -> [T; K] + Copy,
) -> [T; K] {
    let (groups, rests) = (runs.each(|run| run.as_chunks::<LANES>().0), runs.each(|run| run.as_chunks::<LANES>().1));
    let [mut a, mut b, mut c, mut d] = [[[T::ZERO; QUARTER]; K]; 4];
    let count = groups[0].len();
    let groups = groups.each(|groups| &groups[..count]);
    for i in 0..count {
        let quarter = |q: usize| groups.each(|groups| &groups[i].as_chunks::<QUARTER>().0[q]);
        (a, b) = (add_quarter(a, quarter(0), terms), add_quarter(b, quarter(1), terms));
        (c, d) = (add_quarter(c, quarter(2), terms), add_quarter(d, quarter(3), terms));
    }
    // The rest is summed by itself: each of its small numbers, added to the total, would round that.
    let (quarters, few) =
        (rests.each(|rest| rest.as_chunks::<QUARTER>().0), rests.each(|rest| rest.as_chunks::<QUARTER>().1));
    let mut tails = [T::ZERO; K];
    let count = few[0].len();
    let few = few.each(|few| &few[..count]);
    for i in 0..count {
        let terms = terms(few.each(|few| few[i]));
        for k in 0..K {
            tails[k] += terms[k];
        }
    }
    let count = quarters[0].len();
    let quarters = quarters.each(|quarters| &quarters[..count]);
    if count > 0 {
        let mut lanes = [[T::ZERO; QUARTER]; K];
        for i in 0..count {
            lanes = add_quarter(lanes, quarters.each(|quarters| &quarters[i]), terms);
        }
        tails = from_fn(|k| join_quarter(Sum, lanes[k]) + tails[k]);
    }
    from_fn(|k| if groups[0].is_empty() { tails[k] } else { join_lanes(Sum, [a[k], b[k], c[k], d[k]]) + tails[k] })
}

/// `Σ terms(x)` over N runs of one length, K sums; it is called inside a vectorised kernel.
#[inline(always)]
pub fn sums_of<T: Real, const N: usize, const K: usize>(
    runs: [&[T]; N],
    terms: impl Fn([T; N]) -> [T; K] + Copy,
) -> [T; K] {
    let length = runs[0].len();
    if length <= BLOCK {
        return sum_block(runs, terms);
    }
    let mut carries = [(); K].each(|()| Carries::new());
    for from in (0..length).step_by(BLOCK) {
        let sums = sum_block(runs.each(|run| &run[from..length.min(from + BLOCK)]), terms);
        for (carries, sum) in carries.iter_mut().zip(sums) {
            carries.push(Sum, sum);
        }
    }
    carries.each(|carries| carries.total(Sum))
}

#[cfg(test)]
mod tests {
    use super::super::reduce::fold_run;
    use super::*;

    #[test]
    fn every_sum_has_the_tree_of_a_fold() {
        for len in [0, 1, 63, 64, 65, 1000, 1024, 1025, 5000] {
            let x: Vec<f32> = (0..len).map(|i| ((i * 7919) % 1013) as f32 * 0.37 - 180.1).collect();
            let y: Vec<f32> = (0..len).map(|i| ((i * 31) % 97) as f32 * 0.11 - 3.3).collect();
            let products: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x * y).collect();
            let sums = sums_of([&x, &y], |[x, y]| [x, x * y]);
            assert_eq!(sums, [fold_run(Sum, &x), fold_run(Sum, &products)], "{len}");
        }
    }
}
