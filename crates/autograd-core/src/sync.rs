//! The atomic numbers of the protocols between threads.
//!
//! Three small files hold such a protocol: [`threads::place`](crate::threads), [`storage::shared`](crate::storage) and
//! [`storage::slot`](crate::storage). They take their atomics from `super::sync` alone, because `crates/loom-models`
//! compiles the same files with atomics of its own and runs them through every order in which threads can meet.

pub use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering, fence};

/// Turns after which a thread that waits lets other programs run.
const PATIENCE: usize = 1 << 14;

/// One turn of a waiting loop, the `turn`-th.
pub fn pause(turn: usize) {
    if turn < PATIENCE {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

/// A constructor that statics call.
macro_rules! constructor {
    ($(#[$doc:meta])* $visible:vis fn $($rest:tt)*) => { $(#[$doc])* $visible const fn $($rest)* };
}
pub(crate) use constructor;
