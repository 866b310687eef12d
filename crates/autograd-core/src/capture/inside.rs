//! The mark of a thread on which a captured function runs.

use std::cell::Cell;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether one does: a capture in it is a part of it.
pub(super) fn inside() -> bool {
    INSIDE.get()
}

/// Runs a captured function.
pub(super) fn run<R>(function: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            INSIDE.set(self.0);
        }
    }
    let _restore = Restore(INSIDE.replace(true));
    function()
}
