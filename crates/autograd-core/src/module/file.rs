//! Files of state dicts, written whole or not at all.

use super::StateDict;
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

impl StateDict {
    /// Writes a safetensors file: aside first, then renamed, so a failure leaves what was there.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, &self.to_safetensors()?)
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// If it cannot be read, is not such a file, or holds a dtype that tensors do not have; then
    /// [`StateDict::load_converted`] reads it.
    pub fn load(path: impl AsRef<Path>) -> Result<StateDict> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::file(path, e))?;
        StateDict::from_safetensors(&bytes, path)
    }

    /// Like [`StateDict::load`], but makes tensors of all dtypes: F32 of F16 and BF16, I64 of all integers.
    ///
    /// # Errors
    /// If it cannot be read, is not such a file, or holds a number that I64 cannot hold or a dtype of 8 bits or fewer
    /// that is a float.
    pub fn load_converted(path: impl AsRef<Path>) -> Result<StateDict> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::file(path, e))?;
        StateDict::from_safetensors_converted(&bytes, path)
    }
}

/// Writes a file aside and renames it into place: readers see the old one or the new one, never a part.
///
/// # Errors
/// If it cannot be written; what was there before stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.tmp", std::process::id()));
    let aside = Path::new(&aside);
    let written = fs::File::create(aside).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(aside, path)).map_err(|e| {
        // The failure itself is reported; that the rest could not be removed adds nothing.
        let _ = fs::remove_file(aside);
        Error::file(path, e)
    })
}
