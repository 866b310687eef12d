//! Going on from a checkpoint.

use super::learned;
use super::rates::{LR, Rates, order};
use crate::callbacks::Callback;
use crate::checkpoint::Snapshot;
use crate::run::Identity;
use autograd_core::module::{Item, ItemMut, Module, Path, StateDict, restore_streams};
use autograd_core::{Error, Result};
use wengert_optim::Optimizer;

/// Reads the checkpoint of a directory, if `now` is the run that wrote it but for what is allowed; what is allowed to
/// differ is as this run has it.
pub(super) fn load(
    dir: &std::path::Path,
    now: &Identity,
    model: &dyn Module,
    rates: &Rates<'_, '_>,
    allowed: &[String],
    epochs: u64,
    lr: f64,
) -> Result<Snapshot> {
    let mut snapshot = Snapshot::load(dir)?;
    if snapshot.with_gradient.is_none() {
        // Before `frozen` is what this run has.
        snapshot.with_gradient = Some(learned::by_history(&snapshot, model));
    }
    let mut now = now.clone();
    rates.describe(&mut now, Some(&snapshot.identity));
    let differences = snapshot.identity.check(&now, allowed, dir)?;
    if epochs < snapshot.epoch {
        let must = format!("at least {}: the checkpoint in {} has done as many", snapshot.epoch, dir.display());
        return Err(Error::argument("fit", "epochs", epochs, must));
    }
    if differences.iter().any(|difference| difference.name == "optimizer.lr") {
        snapshot.base_lr = lr;
        snapshot.optimizer.insert("lr", autograd_core::Tensor::scalar(lr));
    }
    if differences.iter().any(|difference| difference.name.starts_with("callbacks.")) {
        snapshot.history.stopped = None;
    }
    for difference in &differences {
        let Some(place) = difference.name.strip_prefix("model.") else { continue };
        let is = difference.now.as_deref() == Some("true");
        if let Some(path) = place.strip_suffix(".trainable") {
            set(&mut snapshot.frozen, path, !is);
        } else if let Some(path) = place.strip_suffix(".held_in_evaluation") {
            set(&mut snapshot.held, path, is);
        }
    }
    Ok(snapshot)
}

/// What schedules have set of an optimizer before, of which this run has none, with the numbers that it has by itself:
/// they hold from here on, whatever its state says.
pub(super) fn unscheduled(snapshot: &Snapshot, rates: &Rates<'_, '_>, optimizer: &dyn Optimizer) -> Vec<(String, f64)> {
    let own = |name: &String| {
        let own = if name == LR { Some(snapshot.base_lr) } else { optimizer.get(name).ok() };
        Some((name.clone(), own?))
    };
    let mut all: Vec<_> = snapshot.plan.scheduled.iter().filter(|name| !rates.has(name)).filter_map(own).collect();
    all.sort_by_key(|(name, _)| order(name));
    all
}

/// Sets what [`unscheduled`] has found, beside all the numbers that the optimizer has by itself: rates of groups are
/// ratios to others. What has a schedule is then as the snapshot has it.
pub(super) fn set_back(
    snapshot: &Snapshot,
    rates: &Rates<'_, '_>,
    optimizer: &mut dyn Optimizer,
    all: &[(String, f64)],
    lr: f64,
) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let now = optimizer.lr();
    rates.put_back(optimizer, lr);
    for (name, own) in all {
        if !optimizer.waits(name) {
            optimizer.set(name, *own)?;
        }
    }
    rates.set_as_after(optimizer, snapshot.epoch, snapshot.step)?;
    if optimizer.lr() != now && !all.iter().any(|(name, _)| name == LR) {
        optimizer.set_lr(now);
    }
    Ok(())
}

/// Puts a path into a list, or takes it out.
fn set(list: &mut Vec<String>, path: &str, listed: bool) {
    // The identity's name of the model itself.
    let path = if path == "self" { "" } else { path };
    list.retain(|other| other != path);
    if listed {
        list.push(path.into());
    }
}

/// Puts everything back. `memories` are those that callbacks had before, by their places, also after an error.
pub(super) fn restore(
    snapshot: &Snapshot,
    model: &mut dyn Module,
    optimizer: &mut dyn Optimizer,
    callbacks: &mut [Box<dyn Callback + '_>],
    memories: &mut Vec<(usize, StateDict)>,
) -> Result<()> {
    model.load_state_dict(&snapshot.model)?;
    optimizer.load_state_dict(&snapshot.optimizer)?;
    remind(&snapshot.callbacks, callbacks, memories)?;
    restore_streams(model, &snapshot.streams);
    model.visit_mut(&Path::root(), &mut |path, item| match item {
        ItemMut::Param(param) => param.set_trainable(!snapshot.frozen.contains(&path.to_string())),
        ItemMut::Mode(mode) => mode.hold(snapshot.held.contains(&path.to_string())),
        ItemMut::Tied(_) | ItemMut::Buffer(_) | ItemMut::Stream(_) => {}
    });
    Ok(())
}

/// Gives callbacks what they remembered.
///
/// Those that only watch may have come, gone and changed places, and have other numbers: what one of them does not keep
/// goes to another of its name that does, and has nothing. Where none keeps it, it is given up: it belongs to one that
/// is no more there. Of one state and one callback that refuses it this cannot be said, and it is an error.
fn remind(
    saved: &[(String, StateDict)],
    callbacks: &mut [Box<dyn Callback + '_>],
    memories: &mut Vec<(usize, StateDict)>,
) -> Result<()> {
    let keys = callback_keys(callbacks);
    let mut reminded = vec![false; callbacks.len()];
    // Whether the callback keeps the state: one may take it for nothing.
    let mut load = |i: usize, state: &StateDict, callback: &mut dyn Callback| -> Result<bool> {
        if !memories.iter().any(|(known, _)| *known == i) {
            memories.push((i, callback.state_dict()));
        }
        callback.load_state_dict(state).map_err(|e| e.context(&keys[i]))?;
        Ok(!callback.state_dict().is_empty())
    };
    let mut left = Vec::new();
    for (key, state) in saved {
        let Some(i) = keys.iter().position(|known| known == key) else {
            left.push((key, state, Vec::new()));
            continue;
        };
        let outcome = load(i, state, &mut *callbacks[i]);
        if callbacks[i].only_watches() && !matches!(outcome, Ok(true)) {
            left.push((key, state, outcome.err().into_iter().collect()));
        } else {
            outcome?;
            reminded[i] = true;
        }
    }
    for (key, state, mut refusals) in left {
        let mut is_kept = false;
        for (i, callback) in callbacks.iter_mut().enumerate() {
            let may = !is_kept && !reminded[i] && keys[i] != *key;
            if may && callback.only_watches() && is_key_of(key, callback.name()) {
                match load(i, state, &mut **callback) {
                    Ok(keeps) => (is_kept, reminded[i]) = (keeps, keeps),
                    Err(e) => refusals.push(e),
                }
            }
        }
        let kind = key.split('#').next();
        let is_only_one = saved.iter().filter(|(other, _)| other.split('#').next() == kind).count() == 1;
        if !is_kept && is_only_one && refusals.len() == 1 {
            return Err(refusals.remove(0));
        }
    }
    Ok(())
}

/// Whether [`callback_keys`] may give this key to a callback of this name.
fn is_key_of(key: &str, name: &str) -> bool {
    let number = key.strip_prefix(name);
    number.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('#').is_some_and(|n| n.parse::<usize>().is_ok()))
}

/// Names of what is frozen, and of what is held in evaluation.
pub(super) fn frozen_and_held(model: &dyn Module) -> (Vec<String>, Vec<String>) {
    let (mut frozen, mut held) = (Vec::new(), Vec::new());
    model.visit(&Path::root(), &mut |path, item| match item {
        Item::Param(param) if !param.is_trainable() => frozen.push(path.to_string()),
        Item::Mode(mode) if mode.is_held() => held.push(path.to_string()),
        _ => {}
    });
    (frozen, held)
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
