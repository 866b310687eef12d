//! State dicts as safetensors files.

use super::StateDict;
use crate::error::{Error, Result};
use crate::tensor::{DType, Tensor, for_any};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::fs;
use std::path::Path;

impl StateDict {
    /// The bytes of a safetensors file.
    ///
    /// # Errors
    /// If the format cannot hold the state.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// let bytes = state.to_safetensors()?;
    /// assert_eq!(StateDict::from_safetensors(&bytes, "memory".as_ref())?.len(), 1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let fail = |e: &dyn std::fmt::Display| Error::file(Path::new("safetensors"), e);
        let bytes: Vec<Vec<u8>> = self.iter().map(|(_, x)| little_endian(x)).collect();
        let views = self.iter().zip(&bytes).map(|((name, x), bytes)| {
            let dtype = match x.dtype() {
                DType::F32 => Dtype::F32,
                DType::F64 => Dtype::F64,
                DType::I64 => Dtype::I64,
                DType::Bool => Dtype::BOOL,
            };
            Ok((name, TensorView::new(dtype, x.shape().to_vec(), bytes).map_err(|e| fail(&e))?))
        });
        serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(|e| fail(&e))
    }

    /// The state in the bytes of a safetensors file. Errors name `path`.
    ///
    /// # Errors
    /// If the bytes are not such a file, are cut off, or hold a dtype other than F32, F64, I64 and BOOL.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::StateDict;
    /// let error = StateDict::from_safetensors(b"no", "model.safetensors".as_ref()).unwrap_err();
    /// assert!(error.to_string().starts_with("model.safetensors: not a safetensors file, or cut off"));
    /// ```
    pub fn from_safetensors(bytes: &[u8], path: &Path) -> Result<StateDict> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::file(path, format_args!("not a safetensors file, or cut off: {e}")))?;
        let mut entries = Vec::new();
        for (name, view) in file.iter() {
            let data = view.data();
            let shape = view.shape();
            macro_rules! read {
                ($t:ty) => {
                    Tensor::from_vec(data.as_chunks().0.iter().map(|b| <$t>::from_le_bytes(*b)).collect(), shape)?
                };
            }
            let value = match view.dtype() {
                Dtype::F32 => read!(f32),
                Dtype::F64 => read!(f64),
                Dtype::I64 => read!(i64),
                Dtype::BOOL => Tensor::from_vec(data.iter().map(|b| *b != 0).collect(), shape)?,
                other => {
                    let reason = format_args!("{name} has dtype {other:?}; F32, F64, I64 and BOOL are known");
                    return Err(Error::file(path, reason));
                }
            };
            // Files hold tensors in the order of alignment; their positions in the file give the order in which they
            // were written.
            entries.push((data.as_ptr() as usize, name.to_string(), value));
        }
        entries.sort_by_key(|(start, _, _)| *start);
        Ok(entries.into_iter().map(|(_, name, value)| (name, value)).collect())
    }

    /// Writes a safetensors file: aside first, then renamed, so a failure leaves what was there.
    ///
    /// # Errors
    /// If the file cannot be written.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// let path = std::env::temp_dir().join("wengert-save.safetensors");
    /// state.save(&path)?;
    /// assert!(path.exists());
    /// # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, &self.to_safetensors()?)
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// If it cannot be read or is not such a file.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::StateDict};
    /// let mut state = StateDict::new();
    /// state.insert("bias", Tensor::from([1.0, 2.0]));
    /// let path = std::env::temp_dir().join("wengert-load.safetensors");
    /// state.save(&path)?;
    /// assert_eq!(StateDict::load(&path)?.get("bias").expect("there").to_vec::<f32>()?, [1.0, 2.0]);
    /// # std::fs::remove_file(&path).map_err(autograd_core::Error::user)?;
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<StateDict> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::file(path, e))?;
        StateDict::from_safetensors(&bytes, path)
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

fn little_endian(x: &Tensor) -> Vec<u8> {
    let x = x.packed();
    for_any!(x.dtype(), T => x.flat::<T>().iter().flat_map(|v| v.to_le_bytes()).collect())
}
