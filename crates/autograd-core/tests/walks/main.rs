//! Backward walks: what they see, refuse and leave behind.

mod anomaly;
mod failed;
mod hooks;
mod nested;
mod own_values;

use std::sync::{Mutex, PoisonError};

/// Runs what hunts, or what a hunt would find: one sees the threads of other tests, too.
fn alone<R>(f: impl FnOnce() -> R) -> R {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    f()
}
