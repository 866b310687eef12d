//! What is found out by runs: folds, ranges of rates, checkups, pictures.

#[path = "../moons/mod.rs"]
mod moons;

mod cross_validation;
mod lr_finder;
#[cfg(feature = "plot")]
mod plots;
mod trains;

use std::sync::{Mutex, PoisonError};

/// Runs what hunts for a NaN or an infinity, or what a hunt would find: one sees the threads of other tests, too.
fn alone<R>(f: impl FnOnce() -> R) -> R {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    f()
}
