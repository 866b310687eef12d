//! A whole run on disk.
//!
//! ```text
//! checkpoint.json                             where the run stands; names the files below with their checksums
//! checkpoint.lock                             says who writes here; locked while a run does
//! checkpoint-000007-<checksum>.model.safetensors
//! checkpoint-000007-<checksum>.optimizer.safetensors
//! checkpoint-000007-<checksum>.callbacks.safetensors
//! ```
//!
//! The files are written first, under names that their content decides: a file that the old `checkpoint.json` names is
//! never overwritten by another. Then `checkpoint.json` is renamed into place, then the old files are removed. A reader
//! that finds a file gone reads the new `checkpoint.json`.

mod files;
mod lock;
mod manifest;
mod snapshot;

pub use snapshot::Snapshot;

use autograd_core::{Error, ErrorKind};
use std::fmt::Display;
use std::path::{Path, PathBuf};

pub(crate) use files::{remove, take};
pub(crate) use lock::Lock;
pub(crate) use manifest::{find, save};

/// The file that makes a directory a checkpoint.
pub(crate) const MANIFEST: &str = "checkpoint.json";

/// The directory of a fold of a cross-validation, counted from 1.
pub(crate) fn fold_dir(dir: &Path, fold: usize) -> PathBuf {
    dir.join(format!("fold-{fold}"))
}

/// The error for a file of a checkpoint that is not what was written.
fn corrupt(path: &Path, reason: impl Display) -> Error {
    Error::new(ErrorKind::Format, format!("{}: {reason}", path.display()))
}
