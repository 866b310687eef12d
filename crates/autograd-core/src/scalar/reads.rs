//! The readings of formulas and of chains.

use super::chained::derivative;
use super::functions::Scalar;
use super::var::Var;
use crate::kernels::simd::{Kernel, vectorize};
use crate::ops::elementwise::chain::Function;
use crate::ops::elementwise::driver::Elementwise;

/// What reads formulas and chains as a whole: floats their values, variables their derivatives, too.
pub(crate) trait Reads: Copy {
    /// A formula.
    fn apply<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self;

    /// The value of a formula and its slopes; a float has them by code for the CPU found at run time, which is worth a
    /// call where there are many multiply-adds.
    #[track_caller]
    fn with_slopes<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> (Self, [Self; K]);

    /// The derivative of a function of a chain of some order, 0 for its value.
    fn derivative(self, f: &'static Function, p: f64, order: u32) -> Self;
}

/// A formula and its slopes.
#[inline(always)]
#[track_caller]
fn plain<T: Scalar, F: Elementwise<K>, const K: usize>(f: F, x: [T; K]) -> (T, [T; K]) {
    let y = T::apply(f, x);
    (y, f.pull(T::of(1.0), x, y))
}

struct One<F, T, const K: usize>(F, [T; K]);

impl<T: Scalar, F: Elementwise<K>, const K: usize> Kernel for One<F, T, K> {
    type Output = (T, [T; K]);
    #[inline(always)]
    fn run(self) -> (T, [T; K]) {
        plain(self.0, self.1)
    }
}

macro_rules! floats {
    ($($t:ident),*) => {$(
        impl Reads for $t {
            #[inline(always)]
            fn apply<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self {
                f.value(x)
            }

            #[inline(always)]
            fn with_slopes<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> (Self, [Self; K]) {
                vectorize(One(f, x))
            }

            fn derivative(self, f: &'static Function, p: f64, order: u32) -> Self {
                derivative(f, p, self, order)
            }
        }
    )*};
}
floats!(f32, f64);

impl<T: Scalar> Reads for Var<'_, T> {
    #[inline(always)]
    #[track_caller]
    fn apply<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self {
        Var::formula(f, x)
    }

    #[inline(always)]
    #[track_caller]
    fn with_slopes<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> (Self, [Self; K]) {
        plain(f, x)
    }

    #[track_caller]
    fn derivative(self, f: &'static Function, p: f64, order: u32) -> Self {
        self.link(f, p, order)
    }
}
