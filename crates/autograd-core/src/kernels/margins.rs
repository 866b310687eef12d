//! Folds of all rows and of all columns of matrices in one pass: the margins of a table.

use super::real::Real;
use super::simd::{Each, Kernel, from_fn, vectorize};
use crate::threads::parallel::{PIECE, for_rows_of_two};

/// A fold of the rows and of the columns of a matrix: `join` of `element` over each, beginning with 0. An element is
/// told the number that stands at its row and the one at its column. Mark the methods `#[inline(always)]`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, update::{MarginRule, Real}};
///
/// /// Σ x · row · column
/// #[derive(Clone, Copy)]
/// struct Weighted;
///
/// impl MarginRule for Weighted {
///     #[inline(always)]
///     fn element<T: Real>(self, x: T, row: T, column: T) -> T {
///         x * row * column
///     }
///     #[inline(always)]
///     fn join<T: Real>(self, a: T, b: T) -> T {
///         a + b
///     }
/// }
///
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let (row, column) = (Tensor::from([[1.0], [10.0]]), Tensor::from([[1.0, 100.0]]));
/// let (rows, columns) = x.fold_margins(&row, &column, Weighted)?;
/// assert_eq!(rows.to_vec::<f32>()?, [201.0, 4030.0]);
/// assert_eq!(columns.to_vec::<f32>()?, [31.0, 4200.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait MarginRule: Copy + Sync {
    /// The contribution of one element.
    fn element<T: Real>(self, x: T, row: T, column: T) -> T;
    /// Two contributions together; 0 changes nothing, and neither does the order.
    fn join<T: Real>(self, a: T, b: T) -> T;
}

/// Columns of a tile at most: they, and what they have gathered, stay in the first-level cache.
const COLUMNS: usize = 4096;

/// Rows of a tile at most: so many contributions to a column are gathered in the precision of the elements, and those
/// of tiles in `f64`.
const MOST_ROWS: usize = 64;

/// Rows of a tile at least: a tile has a number of its own for each column.
const LEAST_ROWS: usize = 8;

/// The number of lanes that gather a row.
const LANES: usize = 16;

/// Tiles, one after the other from the number `first` on.
struct Run<'a, T, R> {
    rule: R,
    tiles: Tiles,
    first: usize,
    x: &'a [T],
    rows: &'a [T],
    columns: &'a [T],
    of_rows: &'a mut [f64],
    of_columns: &'a mut [T],
}

impl<T: Real, R: MarginRule> Kernel for Run<'_, T, R> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Run { rule, tiles, first, x, rows, columns, of_rows, of_columns } = self;
        let Tiles { height, width, size: [high, wide], .. } = tiles;
        let [down, across] = tiles.of_a_matrix();
        let gathered = of_columns.chunks_exact_mut(wide).zip(of_rows.chunks_exact_mut(high));
        for (tile, (of_columns, of_rows)) in (first..).zip(gathered) {
            let (matrix, top, left) = (tile / (down * across), tile / across % down * high, tile % across * wide);
            let (rows, right) = (&rows[matrix * height..][top..height.min(top + high)], width.min(left + wide));
            let columns = &columns[matrix * width..][left..right];
            let of_columns = &mut of_columns[..columns.len()];
            for ((row, of_row), of_x) in rows.iter().zip(of_rows).zip(matrix * height + top..) {
                let x = &x[of_x * width..][left..right];
                *of_row = if x.len() < LANES {
                    few(rule, x, *row, columns, of_columns).as_f64()
                } else {
                    many(rule, x, *row, columns, of_columns)
                };
            }
        }
    }
}

/// A row of less than a vector.
#[inline(always)]
fn few<T: Real, R: MarginRule>(rule: R, x: &[T], row: T, columns: &[T], of_columns: &mut [T]) -> T {
    let mut all = T::ZERO;
    for ((x, c), of_c) in x.iter().zip(columns).zip(of_columns) {
        let given = rule.element(*x, row, *c);
        all = rule.join(all, given);
        *of_c = rule.join(*of_c, given);
    }
    all
}

/// A row of at least one.
#[inline(always)]
fn many<T: Real, R: MarginRule>(rule: R, x: &[T], row: T, columns: &[T], of_columns: &mut [T]) -> f64 {
    let ((x, last_x), (c, last_c)) = (x.as_chunks::<LANES>(), columns.as_chunks::<LANES>());
    let (of_c, last_of_c) = of_columns.as_chunks_mut::<LANES>();
    let mut lanes = [T::ZERO; LANES];
    for ((x, c), of_c) in x.iter().zip(c).zip(of_c) {
        // One vector after the other, without calls (looked at): in one loop over lanes all of them are scalars.
        let given: [T; LANES] = from_fn(|k| rule.element(x[k], row, c[k]));
        lanes = from_fn(|k| rule.join(lanes[k], given[k]));
        *of_c = from_fn(|k| rule.join(of_c[k], given[k]));
    }
    let last = few(rule, last_x, row, last_c, last_of_c).as_f64();
    lanes.into_iter().fold(last, |all, lane| rule.join(all, lane.as_f64()))
}

/// Parts of columns, `stride` apart, together.
struct Together<'a, T, R> {
    rule: R,
    parts: &'a [T],
    stride: usize,
    all: &'a mut [T],
}

impl<T: Real, R: MarginRule> Kernel for Together<'_, T, R> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        const STRIP: usize = 256;
        for (strip, all) in self.all.chunks_mut(STRIP).enumerate() {
            let mut sums = [0.0f64; STRIP];
            for part in self.parts.chunks(self.stride) {
                for (sum, part) in sums.iter_mut().zip(&part[strip * STRIP..][..all.len()]) {
                    *sum = self.rule.join(*sum, part.as_f64());
                }
            }
            all.iter_mut().zip(sums).for_each(|(all, sum)| *all = T::of(sum));
        }
    }
}

/// How `count` matrices of `height` rows and `width` columns are cut into tiles, which depends on their sizes alone.
#[derive(Clone, Copy, Debug)]
pub struct Tiles {
    count: usize,
    height: usize,
    width: usize,
    /// Rows and columns of a tile; the last ones of a matrix may have fewer.
    size: [usize; 2],
}

impl Tiles {
    /// The tiles of these matrices, none of which is empty.
    pub fn of(count: usize, height: usize, width: usize) -> Tiles {
        let columns = width.min(COLUMNS);
        let rows = (4 * PIECE / columns).clamp(LEAST_ROWS, MOST_ROWS).min(height);
        Tiles { count, height, width, size: [rows, columns] }
    }

    /// How many lie above each other in a matrix, and how many side by side.
    fn of_a_matrix(self) -> [usize; 2] {
        [self.height.div_ceil(self.size[0]), self.width.div_ceil(self.size[1])]
    }

    /// What tiles gather: a number for each of their rows, and one for each of their columns.
    pub fn gathered(self) -> [usize; 2] {
        let [down, across] = self.of_a_matrix();
        self.size.each(|size| self.count * down * across * size)
    }
}

/// The margins of all matrices; `rows` and `columns` are the numbers that stand there. Where tiles gather there are
/// zeros.
pub fn margins<T: Real, R: MarginRule>(
    rule: R,
    tiles: Tiles,
    x: &[T],
    [rows, columns]: [&[T]; 2],
    (of_tiles_rows, of_tiles_columns): (&mut [f64], &mut [T]),
    [of_rows, of_columns]: [&mut [T]; 2],
) {
    let Tiles { height, width, size: [high, wide], .. } = tiles;
    let [down, across] = tiles.of_a_matrix();
    for_rows_of_two(of_tiles_columns, wide, high * wide, of_tiles_rows, |range, of_columns, of_rows| {
        vectorize(Run { rule, tiles, first: range.start, x, rows, columns, of_rows, of_columns });
    });
    if down == 1 && across == 1 {
        of_columns.copy_from_slice(of_tiles_columns);
        of_rows.iter_mut().zip(of_tiles_rows).for_each(|(row, all)| *row = T::of(*all));
        return;
    }
    let of_matrices = of_tiles_columns.chunks_exact(down * across * wide);
    for (of_tiles, of_columns) in of_matrices.zip(of_columns.chunks_exact_mut(width)) {
        for (tile, all) in of_columns.chunks_mut(wide).enumerate() {
            vectorize(Together { rule, parts: &of_tiles[tile * wide..], stride: across * wide, all });
        }
    }
    let of_matrices = of_tiles_rows.chunks_exact(down * across * high);
    for (of_tiles, of_rows) in of_matrices.zip(of_rows.chunks_exact_mut(height)) {
        for (row, all) in of_rows.iter_mut().enumerate() {
            let of_tiles = (0..across).map(|tile| of_tiles[(row / high * across + tile) * high + row % high]);
            *all = T::of(of_tiles.fold(0.0, |all, of_tile| rule.join(all, of_tile)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MarginRule, Tiles, margins};
    use crate::kernels::real::Real;

    #[derive(Clone, Copy)]
    struct Weighted;

    impl MarginRule for Weighted {
        #[inline(always)]
        fn element<T: Real>(self, x: T, row: T, column: T) -> T {
            x * row + column
        }
        #[inline(always)]
        fn join<T: Real>(self, a: T, b: T) -> T {
            a + b
        }
    }

    /// Whole numbers, whose sums are exact.
    #[test]
    fn no_element_is_lost_and_no_bit_depends_on_threads() {
        for [count, height, width] in [
            [1, 1, 1],
            [2, 3, 17],
            [3, 70, 5],
            [1, 300, 1000],
            [1, 9, 40_000],
            [2, 70, 5000],
            [7, 1, 4000],
            [1, 1, 70_001],
        ] {
            let numbers = |n: usize, by: usize| (0..n).map(|i| (i * by % 13) as f32).collect::<Vec<_>>();
            let x = numbers(count * height * width, 7);
            let (rows, columns) = (numbers(count * height, 5), numbers(count * width, 3));
            let tiles = Tiles::of(count, height, width);
            let on = |threads: usize| {
                let [a, b] = tiles.gathered();
                let (mut a, mut b) = (vec![0.0f64; a], vec![0.0f32; b]);
                let (mut of_rows, mut of_columns) = (vec![1.0; rows.len()], vec![1.0; columns.len()]);
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                let of = [&mut of_rows[..], &mut of_columns];
                pool.install(|| margins(Weighted, tiles, &x, [&rows, &columns], (&mut a, &mut b), of));
                (of_rows, of_columns)
            };
            let (mut of_rows, mut of_columns) = (vec![0.0f32; rows.len()], vec![0.0f32; columns.len()]);
            for (i, x) in x.iter().enumerate() {
                let (row, column) = (i / width, i / (height * width) * width + i % width);
                of_rows[row] += x * rows[row] + columns[column];
                of_columns[column] += x * rows[row] + columns[column];
            }
            assert_eq!(on(1), (of_rows, of_columns), "{count} × {height} × {width}");
            assert_eq!(on(1), on(2));
            assert_eq!(on(1), on(3));
        }
    }
}
