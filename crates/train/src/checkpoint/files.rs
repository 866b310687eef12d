//! The files beside `checkpoint.json`.

use super::corrupt;
use super::lock::Lock;
use crate::checksum::checksum;
use autograd_core::module::{try_directory, write_whole};
use autograd_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// A file as `checkpoint.json` names it.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) file: String,
    bytes: u64,
    /// FNV-1a, 64 bits, in hexadecimal: it shows damage, not malice.
    checksum: String,
}

/// Takes a directory, in which files can be made.
pub(crate) fn take(dir: &Path) -> Result<Lock> {
    let lock = Lock::take(dir)?;
    try_directory(dir)?;
    Ok(lock)
}

pub(super) fn write(dir: &Path, epoch: u64, part: &str, bytes: &[u8]) -> Result<Entry> {
    let checksum = checksum(bytes);
    let file = format!("checkpoint-{epoch:06}-{checksum}.{part}.safetensors");
    write_whole(&dir.join(&file), bytes)?;
    Ok(Entry { file, bytes: bytes.len() as u64, checksum })
}

pub(super) fn read(dir: &Path, entry: &Entry) -> Result<Vec<u8>> {
    let path = dir.join(&entry.file);
    if !is_ours(&entry.file) {
        let reason = format_args!("{:?} is no file of a checkpoint", entry.file);
        return Err(corrupt(&dir.join(super::MANIFEST), reason));
    }
    let bytes = fs::read(&path).map_err(|e| Error::file(&path, e))?;
    if bytes.len() as u64 != entry.bytes {
        let reason = format!("the file has {} bytes, {} were written", bytes.len(), entry.bytes);
        return Err(corrupt(&path, reason));
    }
    let found = checksum(&bytes);
    if found != entry.checksum {
        let reason = format!("the file is damaged: its checksum is {found}, it was {}", entry.checksum);
        return Err(corrupt(&path, reason));
    }
    Ok(bytes)
}

/// Removes what earlier checkpoints left behind. What cannot be removed does no harm.
pub(super) fn remove_others(dir: &Path, keep: &[&Entry]) {
    let Ok(files) = fs::read_dir(dir) else { return };
    for file in files.flatten() {
        let name = file.file_name();
        let old = name.to_str().is_some_and(|name| is_ours(name) && keep.iter().all(|entry| entry.file != name));
        if old {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Removes the checkpoint of a directory, first what makes it one. What cannot be removed stays whole.
pub(crate) fn remove(dir: &Path) {
    if fs::remove_file(dir.join(super::MANIFEST)).is_ok() {
        remove_others(dir, &[]);
    }
}

/// `checkpoint-<number>-<16 hexadecimal digits>.<part>.safetensors`, and nothing else: no path.
fn is_ours(name: &str) -> bool {
    let parts = || {
        let (epoch, rest) = name.strip_prefix("checkpoint-")?.split_once('-')?;
        let (checksum, rest) = rest.split_once('.')?;
        Some((epoch, checksum, rest.strip_suffix(".safetensors")?))
    };
    parts().is_some_and(|(epoch, checksum, part)| {
        epoch.bytes().all(|b| b.is_ascii_digit())
            && checksum.len() == 16
            && checksum.bytes().all(|b| b.is_ascii_hexdigit())
            && ["model", "optimizer", "callbacks"].contains(&part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_checkpoints_are_ours() {
        assert!(is_ours("checkpoint-000007-0123456789abcdef.model.safetensors"));
        for other in [
            "model.safetensors",
            "checkpoint-000007-0123456789abcdef.model.safetensors.tmp",
            "checkpoint-000007-0123456789abcdef.other.safetensors",
            "checkpoint-000007-../../etc/passwd.model.safetensors",
            "checkpoint-best-0123456789abcdef.model.safetensors",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
