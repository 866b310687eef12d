//! Elements written by index: put, added, folded. The caller has checked the indices, and none is negative.

use super::many::{Terms, add, add_terms, is_many};
use super::real::Real;
use super::select::{add_rows, gather_lines};
use crate::shape::Dims;
use crate::storage::block::Plain;
use crate::threads::parallel::{share, threads, worth_sharing};

/// The places of the elements of a part in a whole, both contiguous. The part is a row of runs of equal length; each
/// index says where in the whole its runs begin.
#[derive(Clone, Debug)]
pub enum Places {
    /// Whole rows: run `o · K + k` of the part is row `index[k]` of block `o` of the whole, for K indices.
    Rows {
        /// The number of rows in a block of the whole.
        size: usize,
        /// The number of elements in a row.
        inner: usize,
        /// The number of blocks.
        outer: usize,
    },
    /// Single elements: that of the part at some coordinates is in the whole where the coordinate along `dim` is the
    /// index instead.
    Elements {
        /// The sizes of the index.
        shape: Dims,
        /// The strides of the whole.
        strides: Dims,
        /// The dimension that the index goes along.
        dim: usize,
    },
}

impl Places {
    /// The number of elements in a run.
    fn run(&self) -> usize {
        match self {
            Places::Rows { inner, .. } => *inner,
            Places::Elements { .. } => 1,
        }
    }

    /// Calls `f` with the number of each run in the part, and where it begins in the whole.
    fn each(&self, index: &[i64], mut f: impl FnMut(usize, usize)) {
        match self {
            Places::Rows { size, inner, outer } => {
                for block in 0..*outer {
                    for (k, i) in index.iter().enumerate() {
                        f(block * index.len() + k, (block * size + *i as usize) * inner);
                    }
                }
            }
            Places::Elements { shape, strides, dim } => {
                gather_lines(index, shape, strides, *dim, 0, |run, line, index| {
                    run.zip(index).enumerate().for_each(|(j, (k, i))| f(k, line.place(j, *i)));
                });
            }
        }
    }

    /// The place of each element of the part.
    pub fn numbers(&self, index: &[i64], y: &mut [i64]) {
        let run = self.run();
        self.each(index, |k, at| (0..run).for_each(|j| y[k * run + j] = (at + j) as i64));
    }

    /// `whole[place(k)] = part[k]` in the order of k: of equal places the last one stays.
    pub fn put<T: Plain>(&self, index: &[i64], part: &[T], whole: &mut [T]) {
        let run = self.run();
        self.each(index, |k, at| whole[at..at + run].copy_from_slice(&part[k * run..(k + 1) * run]));
    }

    /// `whole[place(k)] = f(whole[place(k)], part[k])` in the order of k.
    pub fn fold<T: Plain>(&self, index: &[i64], part: &[T], whole: &mut [T], f: impl Fn(T, T) -> T) {
        let run = self.run();
        self.each(index, |k, at| {
            let part = &part[k * run..(k + 1) * run];
            whole[at..at + run].iter_mut().zip(part).for_each(|(y, x)| *y = f(*y, *x));
        });
    }

    /// `whole[place(k)] += part[k]` in the order of k; with a `base`, that is put into `whole` first.
    pub fn add<T: Real>(&self, base: Option<&[T]>, index: &[i64], part: &[T], whole: &mut [T]) {
        let (shape, strides, dim) = match self {
            Places::Rows { size, inner, .. } => return add_rows(base, part, *size, *inner, index, whole),
            Places::Elements { shape, strides, dim } => (&shape[..], &strides[..], *dim),
        };
        if let Some(base) = base {
            whole.copy_from_slice(base);
        }
        let many = is_many::<T>(part.len(), whole.len());
        if dim == 0 || part.is_empty() || !worth_sharing(part.len()) {
            return add_terms(many, &Elements { index, part, shape, strides, dim }, whole);
        }
        // What is at one place of dim 0 is added there.
        let (inner, of_part, together) = (strides[0], part.len() / shape[0], shape[0].div_ceil(threads()));
        share(&mut whole[..shape[0] * inner], together * inner, &|i, whole| {
            let own = i * together * of_part..(i * together + whole.len() / inner) * of_part;
            let (index, part) = (&index[own.clone()], &part[own]);
            add_terms(many, &Elements { index, part, shape, strides, dim }, whole);
        });
    }

    /// `part[k] = whole[place(k)]` where k is the last with its place, else `none`: the adjoint of [`Places::put`].
    pub fn won<T: Plain>(&self, index: &[i64], whole: &[T], none: T, part: &mut [T]) {
        let run = self.run();
        if run == 0 || part.is_empty() {
            return;
        }
        let mut last = vec![usize::MAX; whole.len() / run];
        self.each(index, |k, at| last[at / run] = k);
        self.each(index, |k, at| {
            let part = &mut part[k * run..(k + 1) * run];
            if last[at / run] == k { part.copy_from_slice(&whole[at..at + run]) } else { part.fill(none) }
        });
    }
}

/// A part that is added at the places of [`Places::Elements`]. The first size is not looked at: a piece has fewer.
struct Elements<'a, T> {
    index: &'a [i64],
    part: &'a [T],
    shape: &'a [usize],
    strides: &'a [usize],
    dim: usize,
}

impl<T: Real> Terms for Elements<'_, T> {
    #[inline(always)]
    fn add<A: Real>(&self, whole: &mut [A]) {
        gather_lines(self.index, self.shape, self.strides, self.dim, 0, |run, line, index| {
            let part = self.part[run].iter().zip(index).enumerate();
            part.for_each(|(j, (x, k))| add(&mut whole[line.place(j, *k)], *x));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    /// Whole numbers, whose sums are exact: few that meet, and many.
    #[test]
    fn single_elements_are_added_on_any_number_of_threads() {
        for (whole, part) in [([300, 200], [300, 150]), ([400, 200], [300, 1000]), ([70, 3], [66, 3000])] {
            for dim in [0, 1] {
                let numbers = |n: usize, by: usize, of: usize| (0..n).map(move |i| i * by % of);
                // Where the index goes along dim 0, its rows are any, and its columns are the whole's.
                let shape = if dim == 0 { [part[0], part[1].min(whole[1])] } else { part };
                let count = shape[0] * shape[1];
                let index: Vec<i64> = numbers(count, 7919, whole[dim]).map(|i| i as i64).collect();
                let values: Vec<f32> = numbers(count, 31, 17).map(|x| x as f32).collect();
                let mut expected: Vec<f32> = numbers(whole[0] * whole[1], 5, 11).map(|x| x as f32).collect();
                let base = expected.clone();
                for (k, (i, x)) in index.iter().zip(&values).enumerate() {
                    let mut place = [k / shape[1], k % shape[1]];
                    place[dim] = *i as usize;
                    expected[place[0] * whole[1] + place[1]] += x;
                }
                let places = Places::Elements { shape: shape[..].into(), strides: [whole[1], 1][..].into(), dim };
                for threads in [1, 2, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                    let mut sums = vec![-1.0; base.len()];
                    pool.install(|| places.add(Some(&base), &index, &values, &mut sums));
                    assert_eq!(sums, expected, "{whole:?}, {part:?}, dim {dim}, {threads} threads");
                }
            }
        }
    }
}
