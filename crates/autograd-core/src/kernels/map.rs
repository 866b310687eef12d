//! One input, one output, element by element: `y[i] = f(x[i])`.

use super::memory::Plain;
use super::parallel::{PIECE, for_pieces};
use super::simd::{Kernel, vectorize};

/// A function of one value. A zero- or few-byte struct rather than a closure, so that it can be forced inline.
pub trait Function1<A, O>: Copy + Sync {
    /// f(a); mark it `#[inline(always)]`.
    fn call(self, a: A) -> O;
}

struct Map<'a, A, O, F> {
    f: F,
    x: &'a [A],
    y: &'a mut [O],
}

impl<A: Copy, O, F: Function1<A, O>> Kernel for Map<'_, A, O, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (y, x) in self.y.iter_mut().zip(self.x) {
            *y = self.f.call(*x);
        }
    }
}

/// `y[i] = f(x[i])` for slices of one length.
#[inline]
pub fn map<A: Plain, O: Plain, F: Function1<A, O>>(f: F, x: &[A], y: &mut [O]) {
    debug_assert_eq!(x.len(), y.len());
    for_pieces(y, PIECE, |start, y| {
        let x = &x[start..start + y.len()];
        vectorize(Map { f, x, y });
    });
}
