//! Capture and replay: the bits of a run, what a program fits, its memory, and all that it refuses.

mod bits;
mod chapters;
mod compared;
mod errors;
mod listing;
mod memory;
mod model;
mod outside;
mod refusals;
mod signatures;
mod state;
mod threads;

use std::sync::{Mutex, PoisonError};

/// Runs what hunts for a NaN or an infinity, or what a hunt would find: one sees the threads of other tests, too.
fn alone<R>(f: impl FnOnce() -> R) -> R {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    f()
}
