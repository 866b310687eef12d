//! A function of several numbers, with the loop that is compiled for it.
//!
//! The loop over contiguous runs is compiled for every function, once per kind of CPU. All that surrounds it (the cuts
//! between threads, the blocks of strided operands, the way into a tensor) is compiled once per element type, and calls
//! the loop by its address: with its surroundings compiled for each function, more than half of the core's functions
//! were copies.

use crate::kernels::number::Number;
use crate::kernels::simd::{Kernel, from_fn, vectorize};
use crate::storage::block::Plain;
use std::mem::MaybeUninit;

/// A function of `N` values. It is a struct of few bytes or none rather than a closure, so that it can be forced
/// inline.
pub trait Function<const N: usize, A, O>: Copy + Send + Sync + 'static {
    /// f(x); mark it `#[inline(always)]`.
    fn call(self, x: [A; N]) -> O;

    /// Computes again what the vectorised loop could not; by default nothing.
    #[inline(always)]
    fn mend(self, x: [&[A]; N], z: &mut [O]) {
        let _ = (x, z);
    }
}

/// So many elements are looked through at once for NaN.
const BLOCK: usize = 64;

/// Puts `f` of its place where there is NaN, as vectorised loops leave it beyond their range. A block without any is
/// passed over at the pace of vectors.
#[inline(always)]
pub fn mend_nan<T: Number<Mask = bool>>(z: &mut [T], f: impl Fn(usize) -> T) {
    for (block, z) in z.chunks_mut(BLOCK).enumerate() {
        let mut any = false;
        for z in &*z {
            any |= z.is_nan();
        }
        if any {
            for (i, z) in z.iter_mut().enumerate() {
                if z.is_nan() {
                    *z = f(block * BLOCK + i);
                }
            }
        }
    }
}

/// Contiguous runs of the operands: where each begins, and how many elements it has.
pub struct Runs<'a, A, const N: usize> {
    /// The operands.
    pub x: [&'a [A]; N],
    /// The first element of each run in each operand.
    pub starts: &'a [[usize; N]],
    /// The elements of a run.
    pub len: usize,
}

/// The loop over runs, one after the other.
struct Loop<'a, A, O, F, const N: usize> {
    f: F,
    runs: Runs<'a, A, N>,
    z: &'a mut [O],
}

impl<A: Copy, O, F: Function<N, A, O>, const N: usize> Kernel for Loop<'_, A, O, F, N> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Loop { f, runs: Runs { x, starts, len }, z: mut rest } = self;
        for start in starts {
            let (z, after) = rest.split_at_mut(len);
            rest = after;
            let x = run(x, start, len);
            let mut i = 0;
            while i < len {
                // SAFETY: every operand and `z` were cut to this length. With a check that the compiler cannot prove
                // away, it leaves up to 32 elements of each run to scalar code.
                unsafe { *z.get_unchecked_mut(i) = f.call(at(&x, i)) };
                i += 1;
            }
            f.mend(x, z);
        }
    }
}

/// One run of each operand.
#[inline(always)]
fn run<'a, A, const N: usize>(x: [&'a [A]; N], start: &[usize; N], len: usize) -> [&'a [A]; N] {
    from_fn(|n| &x[n][start[n]..start[n] + len])
}

/// The elements number `i`.
///
/// # Safety
/// Every operand must have one.
#[inline(always)]
unsafe fn at<A: Copy, const N: usize>(x: &[&[A]; N], i: usize) -> [A; N] {
    // SAFETY: the caller's promise.
    from_fn(|n| unsafe { *x[n].get_unchecked(i) })
}

/// The bytes of a function: its parameters, if it has any.
type Bytes = [MaybeUninit<u64>; 4];

/// A [`Function`] and its loop, whatever the function's type.
#[derive(Clone, Copy)]
pub struct Compiled<const N: usize, A, O> {
    function: Bytes,
    run: unsafe fn(&Bytes, Runs<'_, A, N>, &mut [O]),
}

impl<const N: usize, A: Plain, O: Plain> Compiled<N, A, O> {
    /// The loop of a function.
    pub fn new<F: Function<N, A, O>>(f: F) -> Self {
        const {
            assert!(size_of::<F>() <= size_of::<Bytes>(), "a function has few parameters");
            assert!(align_of::<F>() <= align_of::<Bytes>(), "a function's parameters are numbers");
        }
        let mut function = [MaybeUninit::uninit(); _];
        // SAFETY: it has room there, at an address that suits it; it is `Copy`, so nothing will have to be dropped.
        unsafe { function.as_mut_ptr().cast::<F>().write(f) };
        Compiled { function, run: run_of::<F, A, O, N> }
    }

    /// `z = f(x)`, run after run.
    #[inline]
    pub fn run(&self, runs: Runs<'_, A, N>, z: &mut [O]) {
        // SAFETY: `new` wrote the function whose loop this is.
        unsafe { (self.run)(&self.function, runs, z) }
    }
}

/// # Safety
/// The bytes must be those of an `F`.
unsafe fn run_of<F: Function<N, A, O>, A: Plain, O: Plain, const N: usize>(
    function: &Bytes,
    runs: Runs<'_, A, N>,
    z: &mut [O],
) {
    // SAFETY: the caller's promise; a function is `Copy`.
    let f = unsafe { function.as_ptr().cast::<F>().read() };
    vectorize(Loop { f, runs, z });
}
