//! Two or three inputs, one output, element by element, with broadcasting: `z[i] = f(a[i], b[i])`.

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

/// `z = f(a, b)` over a nest; `z` is contiguous.
pub fn zip2<A: Plain, B: Plain, O: Plain, F: Function2<A, B, O>>(f: F, nest: &Nest<2>, a: &[A], b: &[B], z: &mut [O]) {
    if z.is_empty() {
        return;
    }
    if nest.is_flat() {
        for_pieces(z, PIECE, |start, z| {
            let run = start..start + z.len();
            vectorize(Flat2 { f, a: &a[run.clone()], b: &b[run], z });
        });
    } else {
        let inner = nest.inner();
        for_rows(z, inner, inner, |rows, z| vectorize(Rows2 { f, nest, rows, a, b, z }));
    }
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

struct Rows2<'a, A, B, O, F> {
    f: F,
    nest: &'a Nest<2>,
    rows: Range<usize>,
    a: &'a [A],
    b: &'a [B],
    z: &'a mut [O],
}

impl<A: Copy, B: Copy, O, F: Function2<A, B, O>> Kernel for Rows2<'_, A, B, O, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Rows2 { f, nest, rows, a, b, z } = self;
        let inner = nest.inner();
        let strides = nest.inner_strides();
        let mut walk = nest.rows(rows.start);
        for z in z.chunks_exact_mut(inner) {
            let [i, j] = walk.step();
            match strides {
                [1, 1] => {
                    for ((z, a), b) in z.iter_mut().zip(&a[i..i + inner]).zip(&b[j..j + inner]) {
                        *z = f.call(*a, *b);
                    }
                }
                [1, 0] => {
                    let b = b[j];
                    for (z, a) in z.iter_mut().zip(&a[i..i + inner]) {
                        *z = f.call(*a, b);
                    }
                }
                [0, 1] => {
                    let a = a[i];
                    for (z, b) in z.iter_mut().zip(&b[j..j + inner]) {
                        *z = f.call(a, *b);
                    }
                }
                [s, t] => {
                    for (k, z) in z.iter_mut().enumerate() {
                        *z = f.call(a[i + k * s], b[j + k * t]);
                    }
                }
            }
        }
    }
}

/// `z = f(a, b, c)` over a nest; `z` is contiguous.
pub fn zip3<A: Plain, B: Plain, C: Plain, O: Plain, F: Function3<A, B, C, O>>(
    f: F,
    nest: &Nest<3>,
    (a, b, c): (&[A], &[B], &[C]),
    z: &mut [O],
) {
    if z.is_empty() {
        return;
    }
    if nest.is_flat() {
        for_pieces(z, PIECE, |start, z| {
            let run = start..start + z.len();
            vectorize(Flat3 { f, a: &a[run.clone()], b: &b[run.clone()], c: &c[run], z });
        });
    } else {
        let inner = nest.inner();
        for_rows(z, inner, inner, |rows, z| vectorize(Rows3 { f, nest, rows, a, b, c, z }));
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

struct Rows3<'a, A, B, C, O, F> {
    f: F,
    nest: &'a Nest<3>,
    rows: Range<usize>,
    a: &'a [A],
    b: &'a [B],
    c: &'a [C],
    z: &'a mut [O],
}

impl<A: Copy, B: Copy, C: Copy, O, F: Function3<A, B, C, O>> Kernel for Rows3<'_, A, B, C, O, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Rows3 { f, nest, rows, a, b, c, z } = self;
        let inner = nest.inner();
        let [s, t, u] = nest.inner_strides();
        let mut walk = nest.rows(rows.start);
        for z in z.chunks_exact_mut(inner) {
            let [i, j, l] = walk.step();
            if (s, t, u) == (1, 1, 1) {
                let operands = a[i..i + inner].iter().zip(&b[j..j + inner]).zip(&c[l..l + inner]);
                for (z, ((a, b), c)) in z.iter_mut().zip(operands) {
                    *z = f.call(*a, *b, *c);
                }
            } else {
                for (k, z) in z.iter_mut().enumerate() {
                    *z = f.call(a[i + k * s], b[j + k * t], c[l + k * u]);
                }
            }
        }
    }
}
