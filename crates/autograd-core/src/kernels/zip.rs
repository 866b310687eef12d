//! Two or three inputs, one output, element by element, with broadcasting: `z[i] = f(a[i], b[i])`.
//!
//! Only the loop over contiguous slices is compiled for every function. Strided and broadcast operands are copied, a
//! block that stays in the first-level cache at a time, into contiguous scratch, and go through that same loop.

use super::memory::Plain;
use super::nest::Nest;
use super::parallel::{PIECE, for_pieces, for_rows};
use super::simd::{Kernel, vectorize};
use std::ops::Range;

/// A function of two values; see [`super::map::Function1`].
pub trait Function2<A, B, O>: Copy + Sync {
    /// f(a, b); mark it `#[inline(always)]`.
    fn call(self, a: A, b: B) -> O;
}

/// A function of three values; see [`super::map::Function1`].
pub trait Function3<A, B, C, O>: Copy + Sync {
    /// f(a, b, c); mark it `#[inline(always)]`.
    fn call(self, a: A, b: B, c: C) -> O;
}

struct Flat2<'a, A, B, O, F> {
    f: F,
    a: &'a [A],
    b: &'a [B],
    z: &'a mut [O],
}

impl<A: Copy, B: Copy, O, F: Function2<A, B, O>> Kernel for Flat2<'_, A, B, O, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((z, a), b) in self.z.iter_mut().zip(self.a).zip(self.b) {
            *z = self.f.call(*a, *b);
        }
    }
}

struct Flat3<'a, A, B, C, O, F> {
    f: F,
    a: &'a [A],
    b: &'a [B],
    c: &'a [C],
    z: &'a mut [O],
}

impl<A: Copy, B: Copy, C: Copy, O, F: Function3<A, B, C, O>> Kernel for Flat3<'_, A, B, C, O, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (((z, a), b), c) in self.z.iter_mut().zip(self.a).zip(self.b).zip(self.c) {
            *z = self.f.call(*a, *b, *c);
        }
    }
}

/// `z = f(a, b)` for slices of one length.
#[inline]
pub fn zip2_flat<A: Plain, B: Plain, O: Plain, F: Function2<A, B, O>>(f: F, a: &[A], b: &[B], z: &mut [O]) {
    for_pieces(z, PIECE, |start, z| {
        let run = start..start + z.len();
        vectorize(Flat2 { f, a: &a[run.clone()], b: &b[run], z });
    });
}

/// `z = f(a, b, c)` for slices of one length.
#[inline]
pub fn zip3_flat<A: Plain, B: Plain, C: Plain, O: Plain, F: Function3<A, B, C, O>>(
    f: F,
    (a, b, c): (&[A], &[B], &[C]),
    z: &mut [O],
) {
    for_pieces(z, PIECE, |start, z| {
        let run = start..start + z.len();
        vectorize(Flat3 { f, a: &a[run.clone()], b: &b[run.clone()], c: &c[run], z });
    });
}

/// `z = f(a, b)` over a nest; `z` is contiguous.
pub fn zip2<A: Plain, B: Plain, O: Plain, F: Function2<A, B, O>>(f: F, nest: &Nest<2>, a: &[A], b: &[B], z: &mut [O]) {
    if nest.is_flat() {
        return zip2_flat(f, a, b, z);
    }
    let block = |a: &[A], b: &[B], z: &mut [O]| vectorize(Flat2 { f, a, b, z });
    blocks2(nest, a, b, z, &block);
}

/// `z = f(a, b, c)` over a nest; `z` is contiguous.
pub fn zip3<A: Plain, B: Plain, C: Plain, O: Plain, F: Function3<A, B, C, O>>(
    f: F,
    nest: &Nest<3>,
    (a, b, c): (&[A], &[B], &[C]),
    z: &mut [O],
) {
    if nest.is_flat() {
        return zip3_flat(f, (a, b, c), z);
    }
    let block = |a: &[A], b: &[B], c: &[C], z: &mut [O]| vectorize(Flat3 { f, a, b, c, z });
    blocks3(nest, (a, b, c), z, &block);
}

/// Elements of a block: three operands of f64 fill half of a 48 KiB first-level cache.
const BLOCK: usize = 1024;

type Block2<'a, A, B, O> = &'a (dyn Fn(&[A], &[B], &mut [O]) + Sync);
type Block3<'a, A, B, C, O> = &'a (dyn Fn(&[A], &[B], &[C], &mut [O]) + Sync);

fn blocks2<A: Plain, B: Plain, O: Plain>(nest: &Nest<2>, a: &[A], b: &[B], z: &mut [O], f: Block2<'_, A, B, O>) {
    let inner = nest.inner();
    for_rows(z, inner, inner, |rows, z| {
        let (mut sa, mut sb) = (Scratch::new(a), Scratch::new(b));
        walk(nest, rows, z, |offsets, [s, t], z| {
            f(sa.run(a, &offsets, 0, s, z.len()), sb.run(b, &offsets, 1, t, z.len()), z);
        });
    });
}

fn blocks3<A: Plain, B: Plain, C: Plain, O: Plain>(
    nest: &Nest<3>,
    (a, b, c): (&[A], &[B], &[C]),
    z: &mut [O],
    f: Block3<'_, A, B, C, O>,
) {
    let inner = nest.inner();
    for_rows(z, inner, inner, |rows, z| {
        let (mut sa, mut sb, mut sc) = (Scratch::new(a), Scratch::new(b), Scratch::new(c));
        walk(nest, rows, z, |offsets, [s, t, u], z| {
            let (a, b) = (sa.run(a, &offsets, 0, s, z.len()), sb.run(b, &offsets, 1, t, z.len()));
            f(a, b, sc.run(c, &offsets, 2, u, z.len()), z);
        });
    });
}

/// Cuts rows into blocks of at most [`BLOCK`] elements: parts of a long row, or several short ones. `f` gets where each
/// operand's rows start, the strides along a row, and the block of the output.
fn walk<const N: usize, O>(
    nest: &Nest<N>,
    rows: Range<usize>,
    z: &mut [O],
    mut f: impl FnMut(Starts<'_, N>, [usize; N], &mut [O]),
) {
    let inner = nest.inner();
    let strides = nest.inner_strides();
    let mut starts = nest.rows(rows.start);
    let together = (BLOCK / inner.max(1)).max(1);
    let mut here = Vec::with_capacity(together);
    for z in z.chunks_mut(together * inner) {
        here.clear();
        here.extend((0..z.len() / inner).map(|_| starts.step()));
        if let [start] = here[..] {
            for (k, z) in z.chunks_mut(BLOCK).enumerate() {
                let part = [std::array::from_fn(|n| start[n] + k * BLOCK * strides[n])];
                f(Starts { offsets: &part, inner: z.len() }, strides, z);
            }
        } else {
            f(Starts { offsets: &here, inner }, strides, z);
        }
    }
}

/// Where the rows of a block start in each operand, and how long they are.
struct Starts<'a, const N: usize> {
    offsets: &'a [[usize; N]],
    inner: usize,
}

/// Room for one block of an operand.
struct Scratch<T>([T; BLOCK]);

impl<T: Plain> Scratch<T> {
    fn new(x: &[T]) -> Self {
        // Any value will do: every element is written before it is read.
        Scratch([x[0]; BLOCK])
    }

    /// The operand's elements of a block as one slice: its own memory if they lie together, else a copy.
    fn run<'a, const N: usize>(
        &'a mut self,
        x: &'a [T],
        starts: &Starts<'_, N>,
        operand: usize,
        stride: usize,
        len: usize,
    ) -> &'a [T] {
        if let ([start], 1) = (starts.offsets, stride) {
            return &x[start[operand]..start[operand] + len];
        }
        for (start, out) in starts.offsets.iter().zip(self.0.chunks_mut(starts.inner)) {
            let start = start[operand];
            match stride {
                0 => out.fill(x[start]),
                1 => out.copy_from_slice(&x[start..start + starts.inner]),
                _ => out.iter_mut().enumerate().for_each(|(k, out)| *out = x[start + k * stride]),
            }
        }
        &self.0[..len]
    }
}
