//! Sums of many terms, in the order of the terms: in double precision where many meet in one element.

use super::real::Real;
use super::simd::{Kernel, vectorize};

/// Terms that are added to elements.
pub trait Terms {
    /// Adds them in their order, `#[inline(always)]`: it is compiled for each kind of CPU. `A` is the type of the
    /// elements, or a wider one.
    fn add<A: Real>(&self, y: &mut [A]);
}

struct Adds<'a, C, A>(&'a C, &'a mut [A]);

impl<C: Terms, A: Real> Kernel for Adds<'_, C, A> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.0.add(self.1);
    }
}

/// From so many terms for an element on, on average, single precision is added up in double precision and rounded once:
/// the error of a plain sum grows with the number of its terms.
const MANY: usize = 4;

/// Whether so many terms for so many elements are added up in double precision.
pub fn is_many<T>(count: usize, elements: usize) -> bool {
    size_of::<T>() < size_of::<f64>() && count / MANY >= elements.max(1)
}

/// Adds terms to the elements of y. Where the work is cut, `many` is of the whole, whatever a piece has: no bit may
/// depend on the cuts.
pub fn add_terms<T: Real>(many: bool, terms: &impl Terms, y: &mut [T]) {
    if many {
        let mut wide: Vec<f64> = y.iter().map(|y| y.as_f64()).collect();
        vectorize(Adds(terms, &mut wide));
        y.iter_mut().zip(wide).for_each(|(y, sum)| *y = T::of(sum));
    } else {
        vectorize(Adds(terms, y));
    }
}

/// `y += x`, in the precision of y.
#[inline(always)]
pub fn add<A: Real, T: Real>(y: &mut A, x: T) {
    *y += A::of(x.as_f64());
}
