//! A place whose value many may read until one of them takes it.
//!
//! It does what a lock would do, with one locked operation for taking instead of two, without waiting and without
//! poisoning: a thread that takes while others read becomes a reader, and the last reader drops the value. A training
//! step of microseconds takes a pull-back from each of its nodes: with a lock it is a tenth slower.

use super::sync::{AtomicUsize, Ordering, fence};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Deref;

/// No thread may start reading any more.
const TAKEN: usize = 1;
/// One reader.
const READER: usize = 2;

/// A place for one value.
pub struct Slot<T> {
    /// The number of readers times [`READER`], and [`TAKEN`]. The value is there unless this is [`TAKEN`] alone; if a
    /// reader was forgotten it is never dropped.
    state: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: readers on several threads share the value, and the thread that takes it may be any.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// A slot with this value, or one that is already taken.
    #[inline]
    pub fn new(value: Option<T>) -> Self {
        let state = AtomicUsize::new(if value.is_some() { 0 } else { TAKEN });
        Slot { state, value: UnsafeCell::new(value.map_or(MaybeUninit::uninit(), MaybeUninit::new)) }
    }

    /// The value, unless it was taken.
    pub fn read(&self) -> Option<Reader<'_, T>> {
        let enter = |state| (state & TAKEN == 0).then_some(state + READER);
        self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).ok().map(|_| Reader(self))
    }

    /// The value, for the last time.
    #[inline]
    pub fn take(&self) -> Option<Last<'_, T>> {
        if self.state.compare_exchange(0, TAKEN | READER, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            // SAFETY: the value was there, no thread read it, and after TAKEN none reads it again.
            let value = unsafe { (*self.value.get()).assume_init_read() };
            // Only now has the place room for another.
            self.state.store(TAKEN, Ordering::Release);
            return Some(Last::Owned(value));
        }
        let enter = |state| (state & TAKEN == 0).then_some((state + READER) | TAKEN);
        self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).ok().map(|_| Last::Shared(Reader(self)))
    }

    /// Puts a value into a place whose value was taken; it comes back if there is one, or one is still being read.
    pub fn put(&self, value: T) -> Result<(), T> {
        // As a reader of what was taken: while it is that, no other comes in.
        let enter = self.state.compare_exchange(TAKEN, TAKEN | READER, Ordering::Acquire, Ordering::Relaxed);
        if enter.is_err() {
            return Err(value);
        }
        // SAFETY: the value that was here is gone, for whoever took it stored TAKEN alone afterwards; no thread reads
        // before 0 is stored.
        unsafe { (*self.value.get()).write(value) };
        self.state.store(0, Ordering::Release);
        Ok(())
    }

    /// The value, taken by the only owner of the place.
    #[inline]
    pub fn take_mut(&mut self) -> Option<T> {
        if self.is_taken() {
            return None;
        }
        self.state.store(TAKEN, Ordering::Relaxed);
        // SAFETY: the value was there, and is not after this.
        Some(unsafe { self.value.get_mut().assume_init_read() })
    }

    /// Whether the only owner of the place would find nothing to take.
    #[inline]
    pub fn is_taken(&mut self) -> bool {
        // Whoever shared the place before was joined or released it: the borrow says that all of it has happened.
        self.state.load(Ordering::Relaxed) != 0
    }
}

impl<T> Drop for Slot<T> {
    #[inline]
    fn drop(&mut self) {
        drop(self.take_mut());
    }
}

/// A value being read.
pub struct Reader<'a, T>(&'a Slot<T>);

impl<T> Deref for Reader<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the value is there as long as it has a reader, and is only read.
        unsafe { (*self.0.value.get()).assume_init_ref() }
    }
}

impl<T> Drop for Reader<'_, T> {
    fn drop(&mut self) {
        let state = &self.0.state;
        // The last reader stays one until it has dropped the value: before, the place has no room for another.
        let leave = |state| (state != READER | TAKEN).then(|| state - READER);
        if state.fetch_update(Ordering::Release, Ordering::Relaxed, leave).is_err() {
            // Pairs with the release of the readers that went before.
            fence(Ordering::Acquire);
            // SAFETY: taken, and read by no other thread any more: it is dropped here and only here.
            unsafe { (*self.0.value.get()).assume_init_drop() };
            state.store(TAKEN, Ordering::Release);
        }
    }
}

/// A value that was taken: dropped with this, or with the last of those who were reading it.
pub enum Last<'a, T> {
    /// The only owner has it.
    Owned(T),
    /// Others are reading it.
    Shared(Reader<'a, T>),
}

impl<T> Deref for Last<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        match self {
            Last::Owned(value) => value,
            Last::Shared(reader) => reader,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn it_is_read_often_and_taken_once() {
        let witness = Arc::new(7);
        let slot = Slot::new(Some(Arc::clone(&witness)));
        assert_eq!(slot.read().map(|value| **value), Some(7));
        assert_eq!(slot.take().map(|value| **value), Some(7));
        assert_eq!(Arc::strong_count(&witness), 1);
        assert!(slot.read().is_none() && slot.take().is_none());
    }

    #[test]
    fn a_value_taken_while_it_is_read_lives_until_the_last_reader_is_done() {
        let witness = Arc::new(7);
        let slot = Slot::new(Some(Arc::clone(&witness)));
        let reader = slot.read().expect("there");
        let last = slot.take().expect("there");
        assert!(slot.read().is_none() && slot.take().is_none());
        drop(last);
        assert_eq!((**reader, Arc::strong_count(&witness)), (7, 2));
        drop(reader);
        assert_eq!(Arc::strong_count(&witness), 1);
        drop(slot);
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn what_is_not_taken_is_dropped_with_the_place() {
        let witness = Arc::new(7);
        drop(Slot::new(Some(Arc::clone(&witness))));
        let mut slot = Slot::new(Some(Arc::clone(&witness)));
        assert!(!slot.is_taken() && slot.take_mut().is_some() && slot.is_taken());
        assert!(Slot::new(None::<u8>).take().is_none());
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn what_was_taken_can_be_put_back() {
        let witness = Arc::new(7);
        let slot = Slot::new(Some(Arc::clone(&witness)));
        assert!(slot.put(Arc::new(8)).is_err());
        let reader = slot.read().expect("there");
        let taken = slot.take().expect("there");
        assert!(slot.put(Arc::new(8)).is_err(), "it is still being read");
        drop((reader, taken));
        assert_eq!(Arc::strong_count(&witness), 1);
        assert!(slot.put(Arc::clone(&witness)).is_ok());
        assert_eq!(slot.read().map(|value| **value), Some(7));
        drop(slot);
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn a_value_put_while_another_is_taken_is_whole() {
        // Two words, which a put in the middle of a take would mix.
        let whole = |value: &[u64; 2]| value[0] == value[1];
        for _ in 0..2000 {
            let slot = Slot::new(Some([0, 0]));
            std::thread::scope(|scope| {
                for thread in 1..4 {
                    let slot = &slot;
                    scope.spawn(move || {
                        for i in 0..20 {
                            assert!(slot.read().is_none_or(|value| whole(&value)));
                            assert!(slot.take().is_none_or(|value| whole(&value)));
                            let _ = slot.put([thread * 100 + i; 2]);
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn of_many_threads_one_takes_it_and_each_reads_it_whole_or_not_at_all() {
        for _ in 0..200 {
            let witness = Arc::new(7);
            let slot = Slot::new(Some(Arc::clone(&witness)));
            let taken: usize = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4)
                    .map(|i| {
                        let slot = &slot;
                        scope.spawn(move || {
                            if i < 2 {
                                return usize::from(slot.take().is_some_and(|value| **value == 7));
                            }
                            assert!(slot.read().is_none_or(|value| **value == 7));
                            0
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
            });
            assert_eq!((taken, Arc::strong_count(&witness)), (1, 1));
        }
    }
}
