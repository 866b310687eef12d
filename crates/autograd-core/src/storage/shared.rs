//! Shared ownership that costs one atomic operation less where it matters.
//!
//! A training step of a small network makes and drops some twenty values and as many tape nodes, nearly all of which
//! have one owner. `std::sync::Arc` pays two locked operations to free such a value and one to find out that it has one
//! owner, because of its weak references. [`Shared`] has none: the only owner sees a count of one with a plain load,
//! and no other owner exists that could change that. On the machines measured, that saved a quarter of such a step. Its
//! memory is recycled ([`super::recycle`]), and where a value itself is worth keeping, [`Recycled`] hands it on whole.

use super::recycle;
use super::sync::{AtomicUsize, Ordering, fence};
use std::alloc::Layout;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

/// The count stands first whatever the value is.
#[repr(C)]
struct Counted<T> {
    count: AtomicUsize,
    value: T,
}

/// A reference-counted value, shared between threads; `Arc` without weak references.
#[repr(transparent)]
pub struct Shared<T>(NonNull<Counted<T>>);

// SAFETY: as for `Arc`: the value is reached from, and dropped on, any thread that has a reference.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A value with one owner.
    #[inline]
    pub fn new(value: T) -> Self {
        Shared::new_with(|| value)
    }

    /// A value with one owner, made where it will stay: a large one is not moved there from the stack.
    #[inline(always)]
    pub fn new_with(value: impl FnOnce() -> T) -> Self {
        // SAFETY: a counted value has a size, that of its count at least.
        let memory = unsafe { recycle::take(Layout::new::<Counted<T>>()) }.cast();
        // SAFETY: memory for just this, with no other owner. If `value` panics it is leaked.
        unsafe { memory.write(Counted { count: AtomicUsize::new(1), value: value() }) };
        Shared(memory)
    }
}

impl<T> Shared<T> {
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
            // SAFETY: the count is one, and that one is borrowed mutably: no other reference can reach the value, or be
            // cloned.
            Some(unsafe { &mut self.0.as_mut().value })
        } else {
            None
        }
    }
}

impl<T> Shared<T> {
    /// The same reference to the same memory, as another type.
    ///
    /// # Safety
    /// A `U` must lie where the `T` does, or begin there, or `T` begin with it; and the last reference must be dropped
    /// as the type that the memory was taken for.
    #[inline]
    pub(super) unsafe fn cast<U>(self) -> Shared<U> {
        Shared(ManuallyDrop::new(self).0.cast())
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: the clone is made from a reference, which keeps the value alive.
        let before = self.counted().count.fetch_add(1, Ordering::Relaxed);
        if before > isize::MAX as usize {
            // More owners than memory has room for: references were leaked in a loop, and the count is about to wrap.
            std::process::abort();
        }
        Shared(self.0)
    }
}

impl<T> Shared<T> {
    /// Gives this reference up. Returns true if it was the last: then the count is one again, and the value is the
    /// caller's alone.
    #[inline]
    pub(super) fn give_up(&self) -> bool {
        let count = &self.counted().count;
        if count.load(Ordering::Acquire) == 1 {
            return true;
        }
        if count.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        // Pairs with the release of the owners that went before.
        fence(Ordering::Acquire);
        count.store(1, Ordering::Relaxed);
        true
    }
}

impl<T> Shared<T> {
    /// Returns this reference if it is the last, and gives it up otherwise.
    #[inline]
    pub fn last(self) -> Option<Self> {
        let this = ManuallyDrop::new(self);
        this.give_up().then(|| ManuallyDrop::into_inner(this))
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        if self.give_up() {
            let layout = Layout::new::<Counted<T>>();
            // SAFETY: no other reference to the value is left. If its own drop panics, its memory is leaked.
            unsafe { self.0.drop_in_place() };
            // SAFETY: `new_with` took this memory, with this layout.
            unsafe { recycle::give(self.0.cast(), layout) };
        }
    }
}

/// A value that is not dropped with its last owner, but handed on to be used again.
pub trait Recycle: Sized {
    /// Hands the value on. Others may own it later; here `last` is its only owner.
    fn recycle(last: Shared<Self>);
}

/// [`Shared`] ownership of a value that is used again.
pub struct Recycled<T: Recycle>(ManuallyDrop<Shared<T>>);

impl<T: Recycle> Recycled<T> {
    /// Ownership of a value that will be recycled with its last owner.
    #[inline]
    pub fn new(value: Shared<T>) -> Self {
        Recycled(ManuallyDrop::new(value))
    }

    /// The value for changing, if this is the only owner.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.get_mut()
    }
}

impl<T: Recycle> Recycled<T> {
    /// How many owners there are.
    pub fn owners(&self) -> usize {
        self.0.counted().count.load(Ordering::Relaxed)
    }
}

impl<T: Recycle> Deref for Recycled<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Recycle> Clone for Recycled<T> {
    #[inline]
    fn clone(&self) -> Self {
        Recycled(self.0.clone())
    }
}

impl<T: Recycle> Drop for Recycled<T> {
    #[inline]
    fn drop(&mut self) {
        if self.0.give_up() {
            // SAFETY: `self` is being dropped, so the field is not used again.
            T::recycle(unsafe { ManuallyDrop::take(&mut self.0) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

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
    fn a_recycled_value_comes_back_once_with_its_last_owner() {
        static BACK: Mutex<Vec<Shared<Word>>> = Mutex::new(Vec::new());
        struct Word {
            text: &'static str,
        }
        impl Recycle for Word {
            fn recycle(mut last: Shared<Word>) {
                assert!(last.get_mut().is_some());
                BACK.lock().expect("no panic").push(last);
            }
        }
        let first = Recycled::new(Shared::new(Word { text: "tape" }));
        let threads: Vec<_> = (0..4).map(|_| first.clone()).collect();
        let threads: Vec<_> = threads.into_iter().map(|owned| std::thread::spawn(move || drop(owned))).collect();
        drop(first);
        threads.into_iter().for_each(|t| t.join().expect("no panic"));
        let back = std::mem::take(&mut *BACK.lock().expect("no panic"));
        assert!(matches!(&back[..], [word] if word.text == "tape"));
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
}
