//! One compiled copy of a loop for each kind of CPU, chosen at run time.
//!
//! A [`Kernel`] is plain scalar code marked `#[inline(always)]`. [`vectorize`] compiles it inside functions that may
//! use AVX-512, AVX2 + FMA, or only the baseline, and calls the best one this CPU has; the compiler does the
//! vectorising. Intrinsics or explicit lanes for each operation were rejected: they made no such loop faster, and each
//! was a page long. The tiles of matrix products do name vectors ([`Vectorized`]): their sums must stay in registers.

mod array;

pub use array::{Each, from_fn};
use std::sync::LazyLock;

/// A loop nest over slices. `run` and all it calls must be `#[inline(always)]`, or it is compiled for the baseline
/// CPU; that is why arrays are made by [`from_fn`] and [`Each::each`] in here. A closure that goes to them in a loop
/// may be a call of its own all the same. Beside a loop it may stay, for it leaves the loop's numbers in registers;
/// measure both.
pub trait Kernel {
    /// The result of the loop.
    type Output;
    /// The loop.
    fn run(self) -> Self::Output;
}

#[cfg(test)]
thread_local! {
    /// How many kernels this thread has run vectorised.
    pub(crate) static VECTORISED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Runs a kernel compiled for the best instruction set of this CPU.
#[inline]
pub fn vectorize<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(test)]
    VECTORISED.set(VECTORISED.get() + 1);
    copies::best(kernel)
}

/// [`vectorize`], for a look at operands: it is no part of what an operation computes.
#[inline]
pub fn look<K: Kernel>(kernel: K) -> K::Output {
    copies::best(kernel)
}

/// The copies of a kernel. They are those of [`pulp`], which has them with vectors that have names
/// ([`vectorize_with`]), and therefore in many more functions.
#[cfg(all(target_arch = "x86_64", not(one_copy)))]
mod copies {
    use super::Kernel;
    use std::sync::LazyLock;

    #[derive(Clone, Copy)]
    enum Best {
        Avx512,
        Avx2,
        Baseline,
    }

    static BEST: LazyLock<Best> = LazyLock::new(|| {
        if pulp::x86::V4::try_new().is_some() {
            Best::Avx512
        } else if pulp::x86::V3::try_new().is_some() {
            Best::Avx2
        } else {
            Best::Baseline
        }
    });

    #[inline]
    pub(super) fn best<K: Kernel>(kernel: K) -> K::Output {
        match *BEST {
            // SAFETY: the CPU has the features of V4.
            Best::Avx512 => unsafe { avx512(kernel) },
            // SAFETY: the CPU has the features of V3.
            Best::Avx2 => unsafe { avx2(kernel) },
            Best::Baseline => kernel.run(),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi1,bmi2,fma,lzcnt,popcnt")]
    fn avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt")]
    fn avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
}

/// Elsewhere the baseline has vectors. Sanitizers take long to compile a copy, and all are of one text: see
/// `.ci/sanitize`.
#[cfg(not(all(target_arch = "x86_64", not(one_copy))))]
mod copies {
    pub(super) fn best<K: super::Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
}

static ARCH: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// A [`Kernel`] that asks for vectors by name, for loops that the compiler does not keep in registers by itself.
pub trait Vectorized {
    /// The result of the loop.
    type Output;
    /// The loop, with the vectors of `S`.
    fn run<S: pulp::Simd>(self, simd: S) -> Self::Output;
}

struct Named<K>(K);

impl<K: Vectorized> pulp::WithSimd for Named<K> {
    type Output = K::Output;
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> K::Output {
        self.0.run(simd)
    }
}

/// Runs a [`Vectorized`] kernel with the vectors of the best instruction set of this CPU.
#[inline]
pub fn vectorize_with<K: Vectorized>(kernel: K) -> K::Output {
    #[cfg(test)]
    VECTORISED.set(VECTORISED.get() + 1);
    ARCH.dispatch(Named(kernel))
}

/// [`vectorize_with`], for a kernel that moves elements: operands are copied by it that lie otherwise, which is no part
/// of what an operation computes.
#[inline]
pub fn move_with<K: Vectorized>(kernel: K) -> K::Output {
    ARCH.dispatch(Named(kernel))
}

/// Whether this CPU has vectors worth naming: with multiply-add, and eight numbers of f32 long on x86.
pub fn has_vectors() -> bool {
    struct Widest;
    impl Vectorized for Widest {
        type Output = bool;
        #[inline(always)]
        fn run<S: pulp::Simd>(self, _: S) -> bool {
            S::F32_LANES >= if cfg!(target_arch = "x86_64") { 8 } else { 4 }
        }
    }
    static ANSWER: LazyLock<bool> = LazyLock::new(|| vectorize_with(Widest));
    *ANSWER
}

/// Numbers that come in vectors.
pub trait Lanes: Copy {
    /// As many of them as a register holds.
    type Vector<S: pulp::Simd>: Copy;
    /// The number of lanes of a register.
    fn count<S: pulp::Simd>() -> usize;
    /// The number in every lane.
    fn splat<S: pulp::Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// a · b + c, rounded once.
    fn mul_add_all<S: pulp::Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// a + b
    fn add_all<S: pulp::Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// |a|
    fn abs_all<S: pulp::Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// The numbers in the first lanes, 0 in the others; not more than there are lanes.
    fn load<S: pulp::Simd>(simd: S, x: &[Self]) -> Self::Vector<S>;
    /// The numbers as whole vectors, without the rest: read where they are, where [`Lanes::load`] is a call.
    fn whole<S: pulp::Simd>(x: &[Self]) -> &[Self::Vector<S>];
    /// Whole vectors to write to.
    fn whole_mut<S: pulp::Simd>(x: &mut [Self]) -> &mut [Self::Vector<S>];
    /// Writes the first lanes, as many as there is room for.
    fn store<S: pulp::Simd>(simd: S, x: Self::Vector<S>, to: &mut [Self]);
}

macro_rules! lanes {
    (
        $t:ident, $vector:ident, $count:ident, $splat:ident, $mul_add:ident, $add:ident, $abs:ident, $load:ident,
        $store:ident, $whole:ident, $whole_mut:ident
    ) => {
        impl Lanes for $t {
            type Vector<S: pulp::Simd> = S::$vector;
            #[inline(always)]
            fn count<S: pulp::Simd>() -> usize {
                S::$count
            }
            #[inline(always)]
            fn splat<S: pulp::Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn mul_add_all<S: pulp::Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn add_all<S: pulp::Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn abs_all<S: pulp::Simd>(simd: S, a: S::$vector) -> S::$vector {
                simd.$abs(a)
            }
            #[inline(always)]
            fn load<S: pulp::Simd>(simd: S, x: &[Self]) -> S::$vector {
                simd.$load(x)
            }
            #[inline(always)]
            fn whole<S: pulp::Simd>(x: &[Self]) -> &[S::$vector] {
                S::$whole(x).0
            }
            #[inline(always)]
            fn whole_mut<S: pulp::Simd>(x: &mut [Self]) -> &mut [S::$vector] {
                S::$whole_mut(x).0
            }
            #[inline(always)]
            fn store<S: pulp::Simd>(simd: S, x: S::$vector, to: &mut [Self]) {
                simd.$store(to, x);
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_f32s,
    add_f32s,
    abs_f32s,
    partial_load_f32s,
    partial_store_f32s,
    as_simd_f32s,
    as_mut_simd_f32s
);
lanes!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_f64s,
    add_f64s,
    abs_f64s,
    partial_load_f64s,
    partial_store_f64s,
    as_simd_f64s,
    as_mut_simd_f64s
);
