//! The hunt for the operation that first made a NaN or an infinity.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{DType, Tensor};
use std::cell::{Cell, RefCell};

thread_local! {
    static HUNTING: Cell<bool> = const { Cell::new(false) };
    static FOUND: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Runs `f` and reports the operation whose forward or pull-back first made a NaN or an infinity on this thread.
///
/// It searches every result, so it is slow; use it to find a bug, not in a training run.
///
/// # Errors
/// [`ErrorKind::NotFinite`] if one was made, even if `f` succeeded otherwise.
///
/// ```
/// use autograd_core::{Tensor, detect_anomaly};
/// let error = detect_anomaly(|| Ok(Tensor::from([1.0, -1.0]).log())).unwrap_err();
/// assert_eq!(error.to_string(), "forward of log made NaN (first at element 1 of shape [2])");
/// ```
pub fn detect_anomaly<R>(f: impl FnOnce() -> Result<R>) -> Result<R> {
    struct Restore(bool, Option<Error>);
    impl Drop for Restore {
        fn drop(&mut self) {
            HUNTING.set(self.0);
            FOUND.set(self.1.take());
        }
    }
    let _restore = Restore(HUNTING.replace(true), FOUND.take());
    let result = f();
    match FOUND.take() {
        Some(anomaly) => Err(anomaly),
        None => result,
    }
}

/// Runs `f` without hunting: what a formula computes on the side that it does not select is no one's result.
pub(crate) fn unwatched<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            HUNTING.set(self.0);
        }
    }
    let _restore = Restore(HUNTING.replace(false));
    f()
}

/// Notes the first result that is not finite, while hunting.
#[inline]
pub(crate) fn inspect(op: &'static str, phase: &'static str, value: &Tensor) {
    if HUNTING.get() {
        search(op, phase, value);
    }
}

#[cold]
fn search(op: &'static str, phase: &'static str, value: &Tensor) {
    if !matches!(value.dtype(), DType::F32 | DType::F64) || FOUND.with_borrow(Option::is_some) {
        return;
    }
    if let Some((at, x)) = value.first_not_finite() {
        let what = if x.is_nan() { "NaN" } else { "an infinity" };
        let place = format!("first at element {at} of shape {:?}", value.shape());
        FOUND.set(Some(Error::new(ErrorKind::NotFinite, format!("{phase} of {op} made {what} ({place})"))));
    }
}
