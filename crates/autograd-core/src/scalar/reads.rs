//! The readings of formulas and of chains.

use super::chained::derivative;
use super::functions::Scalar;
use super::var::Var;
use crate::ops::elementwise::chain::Function;
use crate::ops::elementwise::driver::Elementwise;

/// What reads formulas and chains as a whole: floats their values, variables their derivatives, too.
pub(crate) trait Reads: Copy {
    /// A formula.
    fn apply<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self;

    /// The derivative of a function of a chain of some order, 0 for its value.
    fn derivative(self, f: &'static Function, p: f64, order: u32) -> Self;
}

macro_rules! floats {
    ($($t:ident),*) => {$(
        impl Reads for $t {
            #[inline(always)]
            fn apply<F: Elementwise<K>, const K: usize>(f: F, x: [Self; K]) -> Self {
                f.value(x)
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

    #[track_caller]
    fn derivative(self, f: &'static Function, p: f64, order: u32) -> Self {
        self.link(f, p, order)
    }
}
