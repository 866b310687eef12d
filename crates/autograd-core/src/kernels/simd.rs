//! One compiled copy of a loop for each kind of CPU, chosen at run time.
//!
//! A [`Kernel`] is plain scalar code marked `#[inline(always)]`. [`vectorize`] compiles it inside functions that may use
//! AVX-512, AVX2 + FMA, or only the baseline, and calls the best one this CPU has; the compiler does the vectorising.
//! Rejected: intrinsics or explicit lanes for each operation. They made no loop here faster, and each was a page long.

use std::sync::LazyLock;

/// A loop nest over slices. `run` and all it calls must be `#[inline(always)]`, or it is compiled for the baseline CPU.
pub trait Kernel {
    /// What the loop returns.
    type Output;
    /// The loop.
    fn run(self) -> Self::Output;
}

struct Dispatched<K>(K);

impl<K: Kernel> pulp::WithSimd for Dispatched<K> {
    type Output = K::Output;
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> K::Output {
        self.0.run()
    }
}

static ARCH: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// Runs a kernel compiled for the best instruction set of this CPU.
#[inline]
pub fn vectorize<K: Kernel>(kernel: K) -> K::Output {
    ARCH.dispatch(Dispatched(kernel))
}
