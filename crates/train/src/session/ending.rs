//! The end of a run, by an error or by a panic, too.

use super::Session;
use crate::callbacks::Callback;
use crate::panic::error_of;
use autograd_core::{Error, Result};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The reason why a part of a run has not come to its end.
pub(super) enum Failure {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

/// Runs code that may be a user's. A panic in it waits until everything is in order; then [`Failure::raise`] lets it go
/// on.
pub(super) fn held<T>(f: impl FnOnce() -> Result<T>) -> Result<T, Failure> {
    // What a panic has left half done is put back, or is the callback's own, which is only told how the run has ended.
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(outcome) => outcome.map_err(Failure::Error),
        Err(panic) => Err(Failure::Panic(panic)),
    }
}

impl Failure {
    /// The error that callbacks are told; for a panic one with its message.
    fn told(&self) -> Error {
        match self {
            Failure::Error(e) => e.clone(),
            Failure::Panic(panic) => error_of(&**panic),
        }
    }

    /// The error; a panic goes on from here.
    pub(super) fn raise(self) -> Error {
        match self {
            Failure::Error(e) => e,
            Failure::Panic(panic) => resume_unwind(panic),
        }
    }
}

/// Says goodbye to all callbacks, whatever one of them does; the first panic is the result.
pub(super) fn leave(callbacks: &mut [Box<dyn Callback + '_>]) -> Result<(), Failure> {
    let exits = callbacks.iter_mut().map(|callback| {
        held(|| {
            callback.on_exit();
            Ok(())
        })
    });
    exits.fold(Ok(()), Result::and)
}

impl Session<'_, '_, '_> {
    /// Tells all callbacks what has ended the run. Their own errors and panics are dropped: the first one is the one to
    /// report.
    pub(super) fn tell(&mut self, failure: &Failure) {
        let error = failure.told();
        for callback in self.callbacks.iter_mut() {
            let _ = held(|| callback.on_train_error(&mut self.run, &error));
        }
    }
}
