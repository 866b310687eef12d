//! The rules of folds.

use super::{LANES, QUARTER, fold_block, fold_group, fold_rest, join_lanes};
use crate::kernels::real::Real;

/// An associative fold with a neutral element; mark the methods `#[inline(always)]`.
pub trait Fold: Copy + Sync {
    /// The neutral element.
    fn start<T: Real>(self) -> T;
    /// Joins two partial results.
    fn join<T: Real>(self, a: T, b: T) -> T;
    /// Takes one more element in.
    #[inline(always)]
    fn take<T: Real>(self, a: T, x: T) -> T {
        self.join(a, x)
    }
    /// Folds a block of elements that lie together.
    #[inline(always)]
    fn block<T: Real>(self, x: &[T]) -> T {
        fold_block(self, x)
    }
}

/// a + b
#[derive(Clone, Copy)]
pub struct Sum;
/// a + b of the elements that are not NaN.
#[derive(Clone, Copy)]
pub struct NumbersSum;
/// a · b
#[derive(Clone, Copy)]
pub struct Product;
/// max(a, b), NaN if either is.
#[derive(Clone, Copy)]
pub struct Largest;
/// min(a, b), NaN if either is.
#[derive(Clone, Copy)]
pub struct Smallest;

impl Fold for Sum {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::ZERO
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a + b
    }
}
impl Fold for NumbersSum {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::ZERO
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a + b
    }
    /// A partial result that is NaN stays: it comes from ∞ − ∞, not from an element left out.
    #[inline(always)]
    fn take<T: Real>(self, a: T, x: T) -> T {
        a + if x.is_nan() { T::ZERO } else { x }
    }
}
impl Fold for Product {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::ONE
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a * b
    }
}
impl Fold for Largest {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::NEG_INFINITY
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a.larger(b)
    }
    #[inline(always)]
    fn block<T: Real>(self, x: &[T]) -> T {
        block_of_numbers(LargestNumber, x)
    }
}
impl Fold for Smallest {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::INFINITY
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        a.smaller(b)
    }
    #[inline(always)]
    fn block<T: Real>(self, x: &[T]) -> T {
        block_of_numbers(SmallestNumber, x)
    }
}

/// max(a, b), of numbers: one instruction, where [`Largest`] takes four.
#[derive(Clone, Copy)]
struct LargestNumber;
/// min(a, b), of numbers.
#[derive(Clone, Copy)]
struct SmallestNumber;

impl Fold for LargestNumber {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::NEG_INFINITY
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        if a > b { a } else { b }
    }
}
impl Fold for SmallestNumber {
    #[inline(always)]
    fn start<T: Real>(self) -> T {
        T::INFINITY
    }
    #[inline(always)]
    fn join<T: Real>(self, a: T, b: T) -> T {
        if a < b { a } else { b }
    }
}

/// The fold of a block of numbers; NaN if an element is none.
#[inline(always)]
fn block_of_numbers<T: Real, F: Fold>(f: F, x: &[T]) -> T {
    let (groups, rest) = x.as_chunks::<LANES>();
    let mut lanes = [[f.start(); QUARTER]; 4];
    let mut any = any_nan(rest);
    for group in groups {
        any |= any_nan(group);
        lanes = fold_group(f, lanes, group);
    }
    if any { T::NAN } else { f.join(join_lanes(f, lanes), fold_rest(f, rest)) }
}

/// Whether an element is NaN. Two are looked at by one comparison.
#[inline(always)]
fn any_nan<T: Real>(x: &[T]) -> bool {
    let (a, b) = x.split_at(x.len() / 2);
    let mut any = b[a.len()..].first().is_some_and(|last| last.is_nan());
    for (a, b) in a.iter().zip(b) {
        any |= a.is_nan() | b.is_nan();
    }
    any
}
