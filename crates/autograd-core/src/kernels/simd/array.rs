//! Arrays made element by element, in code that is forced inline.
//!
//! Those of the standard library are functions of their own, which other code may call: in a loop compiled for AVX-512
//! they stay calls of functions compiled for the baseline CPU, unless link-time optimisation goes over the whole crate.
//! Without it (`lto = "off"`), programs took six times as long, on average.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::from_ref;

/// `[f(0), .., f(N − 1)]`. If `f` panics, what it has made so far is not dropped.
#[inline(always)]
pub fn from_fn<T, const N: usize>(mut f: impl FnMut(usize) -> T) -> [T; N] {
    let mut all = [const { MaybeUninit::<T>::uninit() }; N];
    let mut i = 0;
    while i < N {
        all[i].write(f(i));
        i += 1;
    }
    // SAFETY: every element was written, and those of `all` are not dropped.
    unsafe { from_ref(&all).cast::<[T; N]>().read() }
}

/// A function of each element of an array.
pub trait Each<T, const N: usize> {
    /// `[f(x₀), .., f(xₙ₋₁)]`. If `f` panics, elements that it has not seen are not dropped.
    fn each<U>(self, f: impl FnMut(T) -> U) -> [U; N];
}

impl<T, const N: usize> Each<T, N> for [T; N] {
    #[inline(always)]
    fn each<U>(self, mut f: impl FnMut(T) -> U) -> [U; N] {
        let all = ManuallyDrop::new(self);
        // SAFETY: every element is read once, and the array is not dropped.
        from_fn(|i| f(unsafe { from_ref(&all[i]).read() }))
    }
}
