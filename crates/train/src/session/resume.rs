//! Everything that a checkpoint puts back.

use crate::callbacks::Callback;
use crate::checkpoint::{Snapshot, mismatch};
use autograd_core::Result;
use autograd_core::module::{Module, restore_streams};
use std::path::Path;
use wengert_optim::Optimizer;

/// Puts everything back: the model last, because the caller keeps it when something does not fit.
pub(super) fn restore(
    snapshot: &Snapshot,
    model: &mut dyn Module,
    optimizer: &mut dyn Optimizer,
    callbacks: &mut [Box<dyn Callback + '_>],
    dir: &Path,
) -> Result<()> {
    optimizer.load_state_dict(&snapshot.optimizer)?;
    let keys = callback_keys(callbacks);
    let saved: Vec<&str> = snapshot.callbacks.iter().map(|(key, _)| &**key).collect();
    let now = keys.iter().zip(&*callbacks).filter(|(key, c)| saved.contains(&&***key) || !c.state_dict().is_empty());
    let now: Vec<&str> = now.map(|(key, _)| &**key).collect();
    if saved != now {
        return Err(mismatch(dir, "the callbacks", &format!("{saved:?}"), &format!("{now:?}")));
    }
    for (key, callback) in keys.iter().zip(callbacks) {
        if let Some((_, state)) = snapshot.callbacks.iter().find(|(saved, _)| saved == key) {
            callback.load_state_dict(state).map_err(|e| e.context(key))?;
        }
    }
    model.load_state_dict(&snapshot.model)?;
    // `check` has compared the paths, so every one is in the model.
    restore_streams(model, &snapshot.streams);
    Ok(())
}

/// Names that distinguish callbacks of one kind.
pub(super) fn callback_keys(callbacks: &[Box<dyn Callback + '_>]) -> Vec<String> {
    let names: Vec<&str> = callbacks.iter().map(|callback| callback.name()).collect();
    let key = |(i, name): (usize, &&str)| match names[..i].iter().filter(|other| *other == name).count() {
        0 => name.to_string(),
        before => format!("{name}#{}", before + 1),
    };
    names.iter().enumerate().map(key).collect()
}
