//! Elementwise loops: `z[i] = f(a[i], b[i], ..)` for any number of operands, with broadcasting.
//!
//! A function's loop goes over contiguous runs ([`Compiled`]). Strided and broadcast operands are copied into
//! contiguous scratch, one block that stays in the first-level cache at a time, and go through that same loop.

use super::function::{Compiled, Runs};
use crate::kernels::nest::Nest;
use crate::kernels::simd::{Kernel, vectorize};
use crate::storage::block::Plain;
use crate::threads::parallel::{PIECE, for_pieces, for_rows};
use smallvec::SmallVec;
use std::array::from_fn;
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
    let inner = nest.inner();
    if nest.inner_strides() == [1; N] && inner >= LONG {
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
    // An operand of one number is copied once for all blocks: the upstream gradient of a sum is one.
    let constant: [bool; N] = from_fn(|n| nest.strides[n].iter().all(|stride| *stride == 0));
    for_rows(z, inner, inner, |rows, z| {
        // Any value will do for the others: every element is written before it is read.
        let mut room = [[x[0][0]; BLOCK]; N];
        (0..N).filter(|n| constant[*n]).for_each(|n| room[n].fill(x[n][0]));
        walk(nest, rows, z, |block, z| {
            let mut n = 0;
            let x = room.each_mut().map(|room| {
                n += 1;
                let n = n - 1;
                if constant[n] { &room[..z.len()] } else { block.of(n, x[n], room, z.len()) }
            });
            f.run(Runs { x, starts: &[[0; N]], len: z.len() }, z);
        });
    });
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
