//! The switch of a thread: whether it records operations.

use crate::error::{Error, ErrorKind, Result};
use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
    /// Whether a pull-back or a hook of a recorded walk is running.
    static IN_RECORDED_PULL: Cell<bool> = const { Cell::new(false) };
    /// Whether a walk is under way.
    static WALKING: Cell<bool> = const { Cell::new(false) };
}

/// A switch at another position, put back when this is dropped, also by a panic.
struct Switched(&'static std::thread::LocalKey<Cell<bool>>, bool);

impl Switched {
    fn to(on: bool, switch: &'static std::thread::LocalKey<Cell<bool>>) -> Switched {
        Switched(switch, switch.replace(on))
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
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
    let _switched = Switched::to(on, &RECORDING);
    f()
}

/// Runs a function forwards, in the middle of a walk: it is recorded, and may walk by itself.
pub(crate) fn forwards<R>(f: impl FnOnce() -> R) -> R {
    let _forwards = Switched::to(false, &IN_RECORDED_PULL);
    recording(true, f)
}

/// Runs a walk, which is recorded or not.
pub(super) fn walking<R>(recorded: bool, f: impl FnOnce() -> R) -> R {
    let _walking = Switched::to(true, &WALKING);
    recording(recorded, f)
}

/// Whether what runs on this thread is part of a walk backwards.
pub(crate) fn is_walking() -> bool {
    WALKING.get()
}

/// Runs a pull-back or a hook of a walk that is recorded.
pub(super) fn recorded_pull<R>(f: impl FnOnce() -> R) -> R {
    let _switched = Switched::to(true, &IN_RECORDED_PULL);
    f()
}

/// Refuses a walk that is not recorded inside a pull-back or a hook that is: its gradients have no history, so the next
/// derivative would miss them in silence.
pub(super) fn check_nesting() -> Result<()> {
    if !IN_RECORDED_PULL.get() {
        return Ok(());
    }
    let text = "it runs in a pull-back or a hook of a walk that is recorded, and its gradients would have no derivative: grad and \
                grad_with keep it, no_grad says that it is not wanted";
    Err(Error::new(ErrorKind::NoDerivative, format!("backward: {text}")))
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
    let _unwanted = Switched::to(false, &IN_RECORDED_PULL);
    recording(false, f)
}

/// Runs `f` with recording on, on this thread, inside [`no_grad`] or a pull-back, where it is off.
///
/// A pull-back that needs a walk of its own is written so; [`custom`](crate::custom()) has an example.
///
/// ```
/// use autograd_core::{Tensor, enable_grad, no_grad};
/// let x = Tensor::from(3.0).requires_grad();
/// let slope = no_grad(|| enable_grad(|| x.square()).backward())?;
/// assert_eq!(slope.get(&x).unwrap().item::<f32>()?, 6.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn enable_grad<R>(f: impl FnOnce() -> R) -> R {
    recording(true, f)
}
