//! A whole run on disk.
//!
//! ```text
//! checkpoint.json                             where the run stands; names the files below with their checksums
//! checkpoint-000007-<checksum>.model.safetensors
//! checkpoint-000007-<checksum>.optimizer.safetensors
//! checkpoint-000007-<checksum>.callbacks.safetensors
//! ```
//!
//! The files are written first, under names that their content decides, so that a file the old `checkpoint.json` names is
//! never overwritten by another; then `checkpoint.json` is renamed into place; then the old files are removed.

mod files;
mod manifest;
mod snapshot;

pub use snapshot::Snapshot;

pub(crate) use files::probe;
pub(crate) use snapshot::callback_keys;

/// The file that makes a directory a checkpoint.
pub(crate) const MANIFEST: &str = "checkpoint.json";
