//! The switch of a thread: whether it records operations.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

/// Whether operations on tracked tensors are recorded on this thread.
///
/// # Examples
/// ```
/// # use autograd_core::{is_recording, no_grad};
/// assert!(is_recording() && !no_grad(is_recording));
/// ```
#[inline]
pub fn is_recording() -> bool {
    RECORDING.get()
}

/// Runs `f` with recording set to `on`, and puts the switch back, also when `f` panics.
pub(crate) fn recording<R>(on: bool, f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _restore = Restore(RECORDING.replace(on));
    f()
}

/// Runs `f` without recording anything, on this thread: its results are not tracked, and it takes no memory for
/// backward.
///
/// ```
/// use autograd_core::{Tensor, no_grad};
/// let x = Tensor::from(2.0).requires_grad();
/// assert!(!no_grad(|| x.exp()).is_tracked());
/// ```
pub fn no_grad<R>(f: impl FnOnce() -> R) -> R {
    recording(false, f)
}
