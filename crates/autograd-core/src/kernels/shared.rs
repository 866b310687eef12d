//! Shared ownership that costs one atomic operation less where it matters.
//!
//! A training step of a small network makes and drops some twenty values and as many tape entries, nearly all of them
//! owned once. `std::sync::Arc` pays two locked operations to free such a value and one to find out that it is owned once,
//! because of its weak references. [`Shared`] has none: the only owner sees a count of one with a plain load, and nobody
//! else can change that, for there is nobody else. On the machines measured that was a quarter of such a step.

use std::any::Any;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

struct Counted<T: ?Sized> {
    count: AtomicUsize,
    value: T,
}

/// A reference-counted value, shared between threads; `Arc` without weak references.
pub struct Shared<T: ?Sized>(NonNull<Counted<T>>);

// SAFETY: as for `Arc`: the value is reached from, and dropped on, any thread that has a reference.
unsafe impl<T: ?Sized + Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A value with one owner.
    #[inline]
    pub fn new(value: T) -> Self {
        let counted = Box::new(Counted { count: AtomicUsize::new(1), value });
        Shared(NonNull::from(Box::leak(counted)))
    }
}

impl<T: ?Sized> Shared<T> {
    #[inline]
    fn counted(&self) -> &Counted<T> {
        // SAFETY: the allocation lives as long as any reference, and this is one.
        unsafe { self.0.as_ref() }
    }

    /// The value for changing, if this is the only owner.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // Acquire pairs with the release of the owners that are gone: what they did to the value has happened.
        if self.counted().count.load(Ordering::Acquire) == 1 {
            // SAFETY: a count of one, and that one borrowed mutably: nobody else can reach the value, or clone.
            Some(unsafe { &mut self.0.as_mut().value })
        } else {
            None
        }
    }

    /// Where the value lives: different for any two values alive.
    #[cfg(test)]
    pub fn address(&self) -> usize {
        self.0.as_ptr().cast::<u8>() as usize
    }
}

impl<T: Any + Send + Sync> Shared<T> {
    /// The same reference without its type.
    #[inline]
    pub fn erase(self) -> Shared<dyn Any + Send + Sync> {
        let counted: *mut Counted<dyn Any + Send + Sync> = self.0.as_ptr();
        std::mem::forget(self);
        // SAFETY: the pointer of a `NonNull`, made unsized.
        Shared(unsafe { NonNull::new_unchecked(counted) })
    }
}

impl Shared<dyn Any + Send + Sync> {
    /// The reference with its type back, if it is a `T`.
    #[inline]
    pub fn downcast<T: Any>(self) -> Option<Shared<T>> {
        if !(*self).is::<T>() {
            return None;
        }
        let counted = self.0.cast::<Counted<T>>();
        std::mem::forget(self);
        Some(Shared(counted))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: whoever clones has a reference already, which keeps the value alive.
        let before = self.counted().count.fetch_add(1, Ordering::Relaxed);
        if before > isize::MAX as usize {
            // More owners than memory has room for: references were leaked in a loop, and the count is about to wrap.
            std::process::abort();
        }
        Shared(self.0)
    }
}

impl<T: ?Sized> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        let count = &self.counted().count;
        if count.load(Ordering::Acquire) != 1 {
            if count.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            // Pairs with the release of the owners that went before.
            fence(Ordering::Acquire);
        }
        // SAFETY: the last reference, made by `Box::leak` in `new`.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_value_is_dropped_once_with_its_last_owner() {
        let witness = Arc::new(());
        let first = Shared::new(Arc::clone(&witness));
        let threads: Vec<_> = (0..4).map(|_| (0..50).map(|_| first.clone()).collect::<Vec<_>>()).collect();
        let threads: Vec<_> = threads.into_iter().map(|owned| std::thread::spawn(move || drop(owned))).collect();
        drop(first);
        threads.into_iter().for_each(|t| t.join().expect("no panic"));
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn only_a_single_owner_may_change_the_value() {
        let mut a = Shared::new(1);
        let b = a.clone();
        assert!(a.get_mut().is_none());
        drop(b);
        *a.get_mut().expect("alone") = 2;
        assert_eq!(*a, 2);
    }

    #[test]
    fn the_type_comes_back_only_as_itself() {
        let text = Shared::new(String::from("tape")).erase();
        assert!(text.clone().downcast::<u32>().is_none());
        assert_eq!(*text.downcast::<String>().expect("a string"), "tape");
    }
}
