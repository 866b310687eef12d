//! State dicts as safetensors files.

use super::{StateDict, write_whole};
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

    /// Writes a safetensors file, whole or not at all: see [`write_whole`].
    ///
    /// # Errors
    /// If the file cannot be written; what was there before stays.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, &self.to_safetensors()?)
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// If it cannot be read or is not such a file.
    pub fn load(path: impl AsRef<Path>) -> Result<StateDict> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::file(path, e))?;
        StateDict::from_safetensors(&bytes, path)
    }
}

fn little_endian(x: &Tensor) -> Vec<u8> {
    let x = x.packed();
    for_any!(x.dtype(), T => x.flat::<T>().iter().flat_map(|v| v.to_le_bytes()).collect())
}
