//! The models, and what must pass and fail them.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use std::panic::catch_unwind;

/// A number whose every read and write loom checks against all others.
struct Watched(UnsafeCell<u32>);

impl Watched {
    fn new(value: u32) -> Self {
        Watched(UnsafeCell::new(value))
    }
    fn read(&self) -> u32 {
        // SAFETY: loom ends the model where a read meets a write.
        self.0.with(|value| unsafe { *value })
    }
    fn write(&self, new: u32) {
        // SAFETY: as above.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // The model has failed already where a panic is under way.
        if !std::thread::panicking() {
            self.write(u32::MAX);
        }
    }
}

// SAFETY: loom checks what the compiler cannot.
unsafe impl Sync for Watched {}

/// The models of one copy of the files.
macro_rules! models {
    ($($copy:ident),*) => {$(
        #[allow(dead_code, reason = "not every model has every mutant")]
        mod $copy {
            use super::*;
            use loom_models::$copy::place::{Piece, Place};
            use loom_models::$copy::shared::Shared;
            use loom_models::$copy::slot::Slot;

            /// A piece is done once, by the caller or by one of two helpers, twice at one place; what the caller wrote
            /// before is seen by the helper, and what the helper wrote is seen by the caller after.
            pub fn a_piece_is_done_once() {
                unsafe fn double(task: *mut ()) {
                    // SAFETY: the task is a `Watched` that lives while the piece is offered.
                    let task = unsafe { &*task.cast::<Watched>() };
                    task.write(task.read() * 2);
                }
                let place = Arc::new(Place::new());
                let helper = {
                    let place = Arc::clone(&place);
                    loom::thread::spawn(move || {
                        place.help();
                        place.help();
                    })
                };
                for round in 1..=2 {
                    let task = Watched::new(0);
                    assert!(place.claim());
                    task.write(round);
                    let pointer = (&raw const task).cast_mut().cast();
                    // SAFETY: the place is claimed, and the task outlives the offer.
                    let helped = unsafe { place.offer(Piece { task: pointer, run: double }, || ()) };
                    // SAFETY: claimed, and the offer has returned.
                    unsafe { place.leave() };
                    if !helped {
                        // SAFETY: as above, and no helper has it.
                        unsafe { double(pointer) };
                    }
                    assert_eq!(task.read(), 2 * round);
                }
                helper.join().expect("no panic");
            }

            /// One of two callers has the place at a time, and finds what the other left there.
            pub fn a_place_has_one_caller() {
                let place = Arc::new(Place::new());
                let held = Arc::new(Watched::new(0));
                let call = |place: &Place, held: &Watched| {
                    if place.claim() {
                        held.write(held.read() + 1);
                        // SAFETY: claimed, and nothing was offered.
                        unsafe { place.leave() };
                    }
                };
                let other = {
                    let (place, held) = (Arc::clone(&place), Arc::clone(&held));
                    loom::thread::spawn(move || call(&place, &held))
                };
                call(&place, &held);
                other.join().expect("no panic");
            }

            /// A value is dropped once, after every owner's last look.
            pub fn the_last_owner_drops() {
                let first = Shared::new(Watched::new(7));
                let threads: Vec<_> = (0..2)
                    .map(|_| {
                        let owner = first.clone();
                        loom::thread::spawn(move || assert_eq!(owner.read(), 7))
                    })
                    .collect();
                assert_eq!(first.read(), 7);
                drop(first);
                threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            }

            /// The only owner changes the value after the others' last look.
            pub fn the_only_owner_changes() {
                let mut first = Shared::new(Watched::new(7));
                let owner = first.clone();
                let thread = loom::thread::spawn(move || {
                    // Loom sees a thread's reads as its own only after it has touched an atomic number.
                    let again = owner.clone();
                    assert_eq!(again.read(), 7);
                });
                if let Some(value) = first.get_mut() {
                    value.write(8);
                }
                thread.join().expect("no panic");
            }

            /// A value is taken once while others read it, and dropped after the last of them.
            pub fn a_value_is_taken_once() {
                let slot = Arc::new(Slot::new(Some(Watched::new(7))));
                let read = |slot: &Slot<Watched>| {
                    if let Some(value) = slot.read() {
                        assert_eq!(value.read(), 7);
                    }
                };
                let take = |slot: &Slot<Watched>| slot.take().map(|value| assert_eq!(value.read(), 7)).is_some();
                let reader = {
                    let slot = Arc::clone(&slot);
                    loom::thread::spawn(move || read(&slot))
                };
                let taker = {
                    let slot = Arc::clone(&slot);
                    loom::thread::spawn(move || take(&slot))
                };
                let here = take(&slot);
                let there = taker.join().expect("no panic");
                assert!(here != there, "taken once");
                reader.join().expect("no panic");
            }

            /// A value is put only where the one before is gone, however long that takes to drop.
            pub fn a_value_is_put_after_the_one_before() {
                struct Slow(Watched);
                impl Drop for Slow {
                    fn drop(&mut self) {
                        loom::thread::yield_now();
                    }
                }
                let slot = Arc::new(Slot::new(Some(Slow(Watched::new(7)))));
                let look = |value: &Slow| assert!([7, 8].contains(&value.0.read()));
                let reader = {
                    let slot = Arc::clone(&slot);
                    loom::thread::spawn(move || {
                        if let Some(value) = slot.read() {
                            look(&value);
                        }
                    })
                };
                if let Some(value) = slot.take() {
                    look(&value);
                }
                if slot.put(Slow(Watched::new(8))).is_ok() {
                    look(&slot.read().expect("put, and taken by none"));
                }
                reader.join().expect("no panic");
            }
        }
    )*};
}

models!(right, no_release, no_acquire, no_fence);

/// Runs a model through all orders. Returns what went wrong in one of them.
fn explore(model: fn()) -> Result<(), String> {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    catch_unwind(|| builder.check(model)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_string())).unwrap_or_default()
    })
}

/// A test: the files as they are pass, and the named mutants fail.
macro_rules! holds {
    ($($model:ident: $($mutant:ident),*;)*) => {$(
        #[test]
        fn $model() {
            assert_eq!(explore(right::$model), Ok(()));
            $(assert!(explore($mutant::$model).is_err(), "the mutant {} passes", stringify!($mutant));)*
        }
    )*};
}

holds! {
    a_piece_is_done_once: no_release, no_acquire;
    a_place_has_one_caller: no_release, no_acquire;
    the_last_owner_drops: no_release, no_acquire, no_fence;
    the_only_owner_changes: no_release, no_acquire;
    a_value_is_taken_once: no_release, no_acquire, no_fence;
    a_value_is_put_after_the_one_before: no_release, no_acquire, no_fence;
}
