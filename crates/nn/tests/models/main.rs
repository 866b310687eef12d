//! Layers and models of them: what holds for every one.

mod checkpoint;
mod derivatives;
mod descriptions;
mod diagnose;
mod extremes;
mod functional;
mod hooks;
mod init;
mod layers;
mod losses;
mod mistakes;
mod parametrize;
mod partial_loads;
mod summary;

use std::sync::{Mutex, PoisonError};

/// Runs what hunts for a NaN or an infinity, or what a hunt would find: one sees the threads of other tests, too.
fn alone<R>(f: impl FnOnce() -> R) -> R {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    f()
}
