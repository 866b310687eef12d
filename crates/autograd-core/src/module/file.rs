//! Files of state dicts.

use super::{StateDict, write_whole};
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

impl StateDict {
    /// Writes a safetensors file, whole or not at all: see [`write_whole`].
    ///
    /// # Errors
    /// If the file cannot be written; what was there before stays.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// let path = std::env::temp_dir().join(format!("wengert-save-{}", std::process::id()));
    /// state.save(&path)?;
    /// assert!(path.exists());
    /// # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, &self.to_safetensors()?)
    }

    /// Reads a safetensors file, and no number of it in another dtype than it has there.
    ///
    /// # Errors
    /// If it cannot be read, is not such a file, or holds a dtype that tensors do not have, as F16 and BF16;
    /// [`StateDict::load_converted`] reads these, and the text says so.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// let path = std::env::temp_dir().join(format!("wengert-load-{}", std::process::id()));
    /// state.save(&path)?;
    /// assert_eq!(StateDict::load(&path)?.get("bias").expect("there").to_vec::<f32>()?, [1.0, 2.0]);
    ///
    /// let header = br#"{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#;
    /// std::fs::write(&path, [&header.len().to_le_bytes()[..], header, &[0x00, 0x3e]].concat()).map_err(Error::user)?;
    /// let error = StateDict::load(&path).unwrap_err().to_string();
    /// assert!(error.ends_with("dtype F16 is read on request: StateDict::load_converted makes F32 of it"));
    /// # std::fs::remove_file(&path).map_err(Error::user)?;
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
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
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Error, module::StateDict};
    /// # use std::{env::temp_dir, fs, process::id};
    /// let header = br#"{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#;
    /// let bytes = [&header.len().to_le_bytes()[..], header, &[0x00, 0x3e]].concat();      // 1.5
    /// let path = temp_dir().join(format!("wengert-load-converted-{}", id()));
    /// fs::write(&path, bytes).map_err(Error::user)?;
    /// assert_eq!(StateDict::load_converted(&path)?.get("x").expect("there").item::<f32>()?, 1.5);
    /// # fs::remove_file(&path).map_err(Error::user)?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load_converted(path: impl AsRef<Path>) -> Result<StateDict> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::file(path, e))?;
        StateDict::from_safetensors_converted(&bytes, path)
    }
}
