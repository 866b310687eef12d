//! Sums of many terms, in the order of the terms: in double precision where many meet in one element.

use super::real::Real;

/// Terms that are added to elements.
pub trait Terms<T> {
    /// Adds them in their order. `A` is the type of the elements, or a wider one.
    fn add<A: Real>(&self, y: &mut [A]);
}

/// From so many terms for an element on, on average, single precision is added up in double precision and rounded once:
/// the error of a plain sum grows with the number of its terms.
const MANY: usize = 4;

/// Whether so many terms for so many elements are added up in double precision.
pub fn is_many<T>(count: usize, elements: usize) -> bool {
    size_of::<T>() < size_of::<f64>() && count / MANY >= elements.max(1)
}

/// Adds terms to the elements of y. Where the work is cut, `many` is of the whole, whatever a piece has: no bit may depend
/// on the cuts.
pub fn add_terms<T: Real>(many: bool, terms: &impl Terms<T>, y: &mut [T]) {
    if many {
        let mut wide: Vec<f64> = y.iter().map(|y| y.as_f64()).collect();
        terms.add(&mut wide);
        y.iter_mut().zip(wide).for_each(|(y, sum)| *y = T::of(sum));
    } else {
        terms.add(y);
    }
}

/// `y += x`, in the precision of y.
#[inline(always)]
pub fn add<A: Real, T: Real>(y: &mut A, x: T) {
    *y += A::of(x.as_f64());
}
