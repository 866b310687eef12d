//! The file `checkpoint.json`.

use super::files::{self, Entry};
use super::lock::Lock;
use super::{MANIFEST, Snapshot, corrupt, fold_dir};
use crate::history::{History, float};
use crate::run::{Identity, MetricInfo, Plan};
use autograd_core::module::{StateDict, write_whole};
use autograd_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;

const FORMAT: &str = "wengert-checkpoint";
const VERSION: u64 = 2;

/// The part that is read before anything else, to recognise the file.
#[derive(Deserialize)]
struct Heading {
    format: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: String,
    version: u64,
    epoch: u64,
    step: u64,
    seed: u64,
    #[serde(with = "float")]
    base_lr: f64,
    epochs: u64,
    batch_size: usize,
    batches: usize,
    train_samples: usize,
    valid_samples: Option<usize>,
    metrics: Vec<Named>,
    #[serde(default)]
    scheduled: Vec<String>,
    identity: Identity,
    streams: Vec<(String, u64, u64)>,
    frozen: Vec<String>,
    held: Vec<String>,
    #[serde(default)]
    with_gradient: Option<Vec<String>>,
    callbacks: Vec<String>,
    model: Entry,
    optimizer: Entry,
    callback_state: Entry,
    history: History,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    higher_is_better: bool,
}

impl Manifest {
    fn entries(&self) -> [&Entry; 3] {
        [&self.model, &self.optimizer, &self.callback_state]
    }
}

/// Writes a checkpoint for the owner of the directory.
pub(crate) fn save(snapshot: &Snapshot, dir: &Path, owner: &Lock) -> Result<()> {
    owner.check(dir)?;
    match put(snapshot, dir) {
        Ok(manifest) => {
            files::remove_others(dir, &manifest.entries());
            Ok(())
        }
        Err(e) => {
            // What was written of it goes, above all if the disk is full. Without a whole checkpoint everything goes;
            // with one that cannot be read nothing does.
            match manifest(dir) {
                Ok(old) => files::remove_others(dir, &old.entries()),
                Err(_) if dir.join(MANIFEST).exists() => {}
                Err(_) => files::remove_others(dir, &[]),
            }
            Err(e)
        }
    }
}

fn put(snapshot: &Snapshot, dir: &Path) -> Result<Manifest> {
    let epoch = snapshot.epoch;
    let write = |part: &str, state: &StateDict| files::write(dir, epoch, part, &state.to_safetensors()?);
    let Plan { epochs, batch_size, batches, train_samples, valid_samples, ref metrics, ref scheduled } = snapshot.plan;
    let named = |m: &MetricInfo| Named { name: m.name.clone(), higher_is_better: m.higher_is_better };
    let manifest = Manifest {
        format: FORMAT.into(),
        version: VERSION,
        epoch,
        step: snapshot.step,
        seed: snapshot.seed,
        base_lr: snapshot.base_lr,
        epochs,
        batch_size,
        batches,
        train_samples,
        valid_samples,
        metrics: metrics.iter().map(named).collect(),
        scheduled: scheduled.clone(),
        identity: snapshot.identity.clone(),
        streams: snapshot.streams.clone(),
        frozen: snapshot.frozen.clone(),
        held: snapshot.held.clone(),
        with_gradient: snapshot.with_gradient.clone(),
        callbacks: snapshot.callbacks.iter().map(|(key, _)| key.clone()).collect(),
        model: write("model", &snapshot.model)?,
        optimizer: write("optimizer", &snapshot.optimizer)?,
        callback_state: write("callbacks", &joined(&snapshot.callbacks))?,
        history: snapshot.history.clone(),
    };
    let path = dir.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|e| corrupt(&path, e))?;
    write_whole(&path, &json)?;
    Ok(manifest)
}

/// Whether there is a checkpoint in a directory.
///
/// # Errors
/// If there is none, or none that can be read.
pub(crate) fn find(dir: &Path) -> Result<()> {
    manifest(dir).map(drop)
}

/// Reads a checkpoint, also one that is being replaced: a file that is gone is looked for in the next manifest.
pub(super) fn load(dir: &Path) -> Result<Snapshot> {
    let mut found = manifest(dir)?;
    loop {
        let states = found.entries().map(|entry| {
            let bytes = files::read(dir, entry)?;
            StateDict::from_safetensors(&bytes, &dir.join(&entry.file))
        });
        match states {
            [Ok(model), Ok(optimizer), Ok(callbacks)] => return Ok(snapshot(found, model, optimizer, &callbacks)),
            states => {
                let now = manifest(dir)?;
                // Each turn follows a save: a reader is never held up by itself.
                if now.entries().map(|entry| &entry.file) == found.entries().map(|entry| &entry.file) {
                    let failed = states.into_iter().find_map(Result::err);
                    return Err(failed.unwrap_or_else(|| unreachable!("not all of them are whole")));
                }
                found = now;
            }
        }
    }
}

fn manifest(dir: &Path) -> Result<Manifest> {
    let path = dir.join(MANIFEST);
    let json = match std::fs::read(&path) {
        Ok(json) => json,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            if fold_dir(dir, 1).join(MANIFEST).is_file() {
                let found = "here are the checkpoints of a cross-validation, and none of a single run";
                return Err(Error::file(dir, format_args!("{found}; name another directory")));
            }
            return Err(Error::file(dir, format_args!("there is no checkpoint here (no file {MANIFEST})")));
        }
        Err(e) => return Err(Error::file(&path, e)),
    };
    let heading: Heading =
        serde_json::from_slice(&json).map_err(|e| corrupt(&path, format_args!("not a checkpoint: {e}")))?;
    if heading.format != FORMAT || heading.version != VERSION {
        let Heading { format, version } = heading;
        let reason = format!("the format is {format:?} version {version}, expected {FORMAT:?} version {VERSION}");
        return Err(corrupt(&path, reason));
    }
    serde_json::from_slice(&json).map_err(|e| corrupt(&path, format_args!("not a checkpoint: {e}")))
}

fn snapshot(manifest: Manifest, model: StateDict, optimizer: StateDict, callbacks: &StateDict) -> Snapshot {
    let named = |m: Named| MetricInfo { name: m.name, higher_is_better: m.higher_is_better };
    Snapshot {
        model,
        optimizer,
        callbacks: parted(&manifest.callbacks, callbacks),
        plan: Plan {
            epochs: manifest.epochs,
            batch_size: manifest.batch_size,
            batches: manifest.batches,
            train_samples: manifest.train_samples,
            valid_samples: manifest.valid_samples,
            metrics: manifest.metrics.into_iter().map(named).collect(),
            scheduled: manifest.scheduled,
        },
        identity: manifest.identity,
        epoch: manifest.epoch,
        step: manifest.step,
        seed: manifest.seed,
        base_lr: manifest.base_lr,
        streams: manifest.streams,
        frozen: manifest.frozen,
        held: manifest.held,
        with_gradient: manifest.with_gradient,
        history: manifest.history,
    }
}

/// The states of all callbacks in one: `0.value` is `value` of the first.
fn joined(callbacks: &[(String, StateDict)]) -> StateDict {
    let all = callbacks.iter().enumerate();
    all.flat_map(|(i, (_, state))| state.iter().map(move |(name, value)| (format!("{i}.{name}"), value.clone())))
        .collect()
}

fn parted(keys: &[String], joined: &StateDict) -> Vec<(String, StateDict)> {
    let part = |(i, key): (usize, &String)| {
        let own = format!("{i}.");
        let of = |(name, value): (&str, &autograd_core::Tensor)| Some((name.strip_prefix(&own)?.into(), value.clone()));
        (key.clone(), joined.iter().filter_map(of).collect())
    };
    keys.iter().enumerate().map(part).collect()
}
