//! Elementwise loops: `z[i] = f(a[i], b[i], ..)` for any number of operands, with broadcasting.
//!
//! A function's loop goes over contiguous runs ([`Compiled`]). Strided and broadcast operands are copied into
//! contiguous scratch, one block that stays in the first-level cache at a time, and go through that same loop.

use super::function::{Compiled, Runs};
use crate::kernels::nest::Nest;
use crate::kernels::simd::{Each, Kernel, Vectorized, from_fn, move_with, vectorize};
use crate::storage::block::Plain;
use crate::threads::parallel::{PIECE, for_pieces, for_rows};
use pulp::Simd;
use smallvec::SmallVec;
use std::ops::Range;

/// `z = f(x)` for slices of one length.
#[inline]
pub fn zip_flat<A: Plain, O: Plain, const N: usize>(f: Compiled<N, A, O>, x: [&[A]; N], z: &mut [O]) {
    for_pieces(z, PIECE, |start, z| f.run(Runs { x, starts: &[[start; N]], len: z.len() }, z));
}

/// `z = f(x)` over a nest; `z` is contiguous.
pub fn zip<A: Plain, O: Plain, const N: usize>(f: Compiled<N, A, O>, nest: &Nest<N>, x: [&[A]; N], z: &mut [O]) {
    if nest.is_flat() { zip_flat(f, x, z) } else { blocks(f, nest, x, z) }
}

/// The same, one block after the other.
fn blocks<A: Plain, O: Plain, const N: usize>(f: Compiled<N, A, O>, nest: &Nest<N>, x: [&[A]; N], z: &mut [O]) {
    let (inner, strides) = (nest.inner(), nest.inner_strides());
    if strides == [1; N] && inner >= LONG {
        return for_rows(z, inner, inner, |rows, z| {
            let mut next = nest.rows(rows.start);
            for z in z.chunks_mut(TOGETHER * inner) {
                let mut starts = [[0; N]; TOGETHER];
                let starts = &mut starts[..z.len() / inner];
                starts.fill_with(|| next.step());
                f.run(Runs { x, starts, len: inner }, z);
            }
        });
    }
    if strides.iter().all(|stride| *stride <= 1) && inner >= PART {
        if nest.dims.len() == 1 {
            return for_pieces(z, PIECE, |start, z| {
                by_parts(f, strides, z.len(), || strides.each(|stride| start * stride), x, z);
            });
        }
        return for_rows(z, inner, inner, |rows, z| {
            let mut rows = nest.rows(rows.start);
            by_parts(f, strides, inner, || rows.step(), x, z);
        });
    }
    // An operand of one number is copied once for all blocks.
    let constant: [bool; N] = from_fn(|n| nest.strides[n].iter().all(|stride| *stride == 0));
    for_rows(z, inner, inner, |rows, z| {
        // Any value will do for the others: every element is written before it is read.
        let mut room = [Room([x[0][0]; BLOCK]); N];
        (0..N).filter(|n| constant[*n]).for_each(|n| room[n].0.fill(x[n][0]));
        walk(nest, rows, z, |block, z| {
            let mut n = 0;
            let x = room.each_mut().each(|room| {
                n += 1;
                let n = n - 1;
                if constant[n] { &room.0[..z.len()] } else { block.of(n, x[n], &mut room.0, z.len()) }
            });
            f.run(Runs { x, starts: &[[0; N]], len: z.len() }, z);
        });
    });
}

/// Scratch that begins at a line of the cache: vectors that lie across two lines are read twice.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Room<T, const LEN: usize>([T; LEN]);

/// `y = x` for one number x.
struct Fill<'a, T>(T, &'a mut [T]);

impl<T: Copy> Vectorized for Fill<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.1.fill(self.0);
    }
}

/// Rows of `inner` elements, some of whose operands have one number for a whole row: it is laid out for a part of the
/// row, and read again with the others. `next` says where the next row starts in each operand.
fn by_parts<A: Plain, O: Plain, const N: usize>(
    f: Compiled<N, A, O>,
    strides: [usize; N],
    inner: usize,
    mut next: impl FnMut() -> [usize; N],
    x: [&[A]; N],
    z: &mut [O],
) {
    // Any value will do: what is read is written first.
    let mut room = [Room([x[0][0]; PART]); N];
    let mut laid_out = [usize::MAX; N];
    let starts: [[usize; N]; TOGETHER] = from_fn(|part| strides.each(|stride| part * PART * stride));
    for z in z.chunks_exact_mut(inner) {
        let start = next();
        for n in 0..N {
            if strides[n] == 0 && laid_out[n] != start[n] {
                move_with(Fill(x[n][start[n]], &mut room[n].0));
                laid_out[n] = start[n];
            }
        }
        for (k, z) in z.chunks_mut(TOGETHER * PART).enumerate() {
            let x = from_fn(|n| if strides[n] == 0 { &room[n].0[..] } else { &x[n][start[n] + k * TOGETHER * PART..] });
            let many = z.len() / PART;
            let (parts, rest) = z.split_at_mut(many * PART);
            f.run(Runs { x, starts: &starts[..many], len: PART }, parts);
            if !rest.is_empty() {
                let len = rest.len();
                f.run(Runs { x, starts: &starts[many..=many], len }, rest);
            }
        }
    }
}

/// Rows of two halves, `z = [f(gy, a, b), g(gy, a, b)]` for `x = [a, b]`; a half has so many elements, as a row of gy.
pub fn zip_halves<T: Plain>([f, g]: [Compiled<3, T, T>; 2], gy: &[T], x: &[T], half: usize, z: &mut [T]) {
    let run = |i: usize, at: usize, z: &mut [T]| {
        let (row, h) = (i / 2, if i.is_multiple_of(2) { f } else { g });
        let starts = &[[row * half + at, 2 * row * half + at, (2 * row + 1) * half + at]];
        h.run(Runs { x: [gy, x, x], starts, len: z.len() }, z);
    };
    if half >= PIECE {
        let halves = z.chunks_exact_mut(half).enumerate();
        return halves.for_each(|(i, z)| for_pieces(z, PIECE, |at, z| run(i, at, z)));
    }
    for_rows(z, half, half, |halves, z| halves.zip(z.chunks_exact_mut(half)).for_each(|(i, z)| run(i, 0, z)));
}

struct Choose<'a, T> {
    mask: &'a [u8],
    yes: &'a [T],
    no: &'a [T],
    z: &'a mut [T],
}

impl<T: Copy> Kernel for Choose<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (((z, mask), yes), no) in self.z.iter_mut().zip(self.mask).zip(self.yes).zip(self.no) {
            *z = if *mask != 0 { *yes } else { *no };
        }
    }
}

/// `z = yes` where the mask is not 0, else `no`, over a nest of the three; `z` is contiguous.
pub fn choose<T: Plain>(nest: &Nest<3>, mask: &[u8], yes: &[T], no: &[T], z: &mut [T]) {
    if nest.is_flat() {
        return for_pieces(z, PIECE, |start, z| {
            let run = start..start + z.len();
            vectorize(Choose { mask: &mask[run.clone()], yes: &yes[run.clone()], no: &no[run], z });
        });
    }
    let inner = nest.inner();
    for_rows(z, inner, inner, |rows, z| {
        let mut masks = [0; BLOCK];
        let [mut yeses, mut noes] = [[yes[0]; BLOCK]; 2];
        walk(nest, rows, z, |block, z| {
            let mask = block.of(0, mask, &mut masks, z.len());
            let (yes, no) = (block.of(1, yes, &mut yeses, z.len()), block.of(2, no, &mut noes, z.len()));
            vectorize(Choose { mask, yes, no, z });
        });
    });
}

/// The elements of a block: three operands of f64 fill half of a 48 KiB first-level cache.
const BLOCK: usize = 1024;

/// Rows of this many elements are read where they are, [`TOGETHER`] by one call; shorter ones are copied first.
const LONG: usize = 64;
const TOGETHER: usize = 16;

/// So many elements of a row of one number are laid out, if the row has as many.
const PART: usize = 256;

/// The rows of a block: where they start in each operand, the operands' strides along a row, and how long a row is.
struct Block<'a, const N: usize> {
    starts: &'a [[usize; N]],
    strides: [usize; N],
    inner: usize,
}

/// Cuts rows into blocks of at most [`BLOCK`] elements: parts of a long row, or several short ones. `f` gets the block
/// and its part of the output.
fn walk<const N: usize, O>(nest: &Nest<N>, rows: Range<usize>, z: &mut [O], mut f: impl FnMut(Block<'_, N>, &mut [O])) {
    let inner = nest.inner();
    let strides = nest.inner_strides();
    let mut next = nest.rows(rows.start);
    let together = (BLOCK / inner.max(1)).max(1);
    // On the stack: a replay allocates nothing.
    let mut starts = SmallVec::<[[usize; N]; BLOCK]>::new();
    for z in z.chunks_mut(together * inner) {
        starts.clear();
        starts.extend((0..z.len() / inner).map(|_| next.step()));
        if let [start] = starts[..] {
            for (k, z) in z.chunks_mut(BLOCK).enumerate() {
                let part = [from_fn(|n| start[n] + k * BLOCK * strides[n])];
                f(Block { starts: &part, strides, inner: z.len() }, z);
            }
        } else {
            f(Block { starts: &starts, strides, inner }, z);
        }
    }
}

impl<const N: usize> Block<'_, N> {
    /// The elements of operand number `n` as one slice: its own memory if they lie together, else a copy in `room`.
    fn of<'a, T: Copy>(&self, n: usize, x: &'a [T], room: &'a mut [T; BLOCK], len: usize) -> &'a [T] {
        let stride = self.strides[n];
        if let ([start], 1) = (self.starts, stride) {
            return &x[start[n]..start[n] + len];
        }
        for (start, out) in self.starts.iter().zip(room.chunks_mut(self.inner)) {
            let start = start[n];
            match stride {
                0 => out.fill(x[start]),
                1 => out.copy_from_slice(&x[start..start + self.inner]),
                _ => out.iter_mut().enumerate().for_each(|(k, out)| *out = x[start + k * stride]),
            }
        }
        &room[..len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::elementwise::function::Function;

    #[derive(Clone, Copy)]
    struct Mix;

    impl Function<3, f32, f32> for Mix {
        #[inline(always)]
        fn call(self, [a, b, c]: [f32; 3]) -> f32 {
            a * b - c
        }
    }

    /// Whole numbers, whose products are exact: rows of one number among others, short and long, at any place.
    #[test]
    fn operands_of_one_number_for_a_row_go_with_all_of_it() {
        for inner in [1, 5, 63, 64, 255, 256, 257, 1000, 4096, 4100, 9000] {
            let [outer, middle] = [3, 140_000 / inner / 3 + 1];
            let shape = [outer, middle, inner];
            let numbers = |by: usize| (0..outer * middle * inner).map(|i| (i * by % 31) as f32).collect::<Vec<_>>();
            let x = [numbers(7), numbers(5), numbers(3)];
            let whole = [middle * inner, inner, 1];
            for strides in [
                [whole, [1, 0, 0], [0, 0, 1]],
                [[middle, 1, 0], [0, 1, 0], whole],
                [[0, 0, 0], whole, [inner, 0, 1]],
                [[0, 0, 1], whole, [1, outer, 0]],
                [whole, [0; 3], whole],
                [[1, outer, outer * middle], [0, 1, 0], [0, 0, 1]],
            ] {
                let nest = Nest::new(&shape, strides.each_ref().map(|strides| &strides[..]));
                let expected: Vec<f32> = (0..outer * middle * inner)
                    .map(|i| {
                        let at = [i / inner / middle, i / inner % middle, i % inner];
                        let of = |n: usize| x[n][(0..3).map(|d| at[d] * strides[n][d]).sum::<usize>()];
                        of(0) * of(1) - of(2)
                    })
                    .collect();
                for threads in [1, 2, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                    let mut z = vec![-1.0; expected.len()];
                    pool.install(|| zip(Compiled::new(Mix), &nest, x.each_ref().map(|x| &x[..]), &mut z));
                    assert!(z == expected, "{shape:?}, {strides:?}, {threads} threads");
                }
            }
        }
    }
}
