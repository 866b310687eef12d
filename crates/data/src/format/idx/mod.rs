//! IDX files: the format of MNIST and its kin, plain or compressed with gzip.
//!
//! ```text
//! 0  0  type  rank  size₁ .. size_rank  elements     sizes: u32; all numbers big-endian; elements in row-major order
//! type: 8 u8, 9 i8, 11 i16, 12 i32, 13 f32, 14 f64
//! ```

mod fashion_mnist;
mod gzip;
mod parse;
#[cfg(test)]
mod tests;

use autograd_core::{Error, ErrorKind, Result, Tensor};
pub use fashion_mnist::fashion_mnist;
use parse::{Idx, Kind};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads an IDX file: integers become `I64`, floats keep their type. Gzip is recognised by its first bytes.
///
/// # Errors
/// If the file cannot be read, is not an IDX file, or is shorter or longer than its header says.
///
/// # Examples
/// ```
/// let path = std::env::temp_dir().join(format!("wengert-read-idx-{}", std::process::id()));
/// std::fs::write(&path, [0, 0, 9, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 255]).expect("a writable directory");
/// let x = wengert_data::read_idx(&path)?;
/// assert_eq!((x.shape(), x.to_vec::<i64>()?), (&[1, 3][..], vec![1, 2, -1]));
/// # std::fs::remove_file(&path).expect("it was just written");
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub fn read_idx(path: impl AsRef<Path>) -> Result<Tensor> {
    read(path.as_ref())
}

fn read(path: &Path) -> Result<Tensor> {
    let Idx { kind, shape, bytes } = open(path)?;
    let integers = |values: Vec<i64>| Tensor::from_vec(values, &shape);
    let tensor = match kind {
        Kind::U8 => integers(bytes.into_iter().map(i64::from).collect()),
        Kind::I8 => integers(elements(&bytes, |b| i64::from(i8::from_be_bytes(b)))),
        Kind::I16 => integers(elements(&bytes, |b| i64::from(i16::from_be_bytes(b)))),
        Kind::I32 => integers(elements(&bytes, |b| i64::from(i32::from_be_bytes(b)))),
        Kind::F32 => Tensor::from_vec(elements(&bytes, f32::from_be_bytes), &shape),
        Kind::F64 => Tensor::from_vec(elements(&bytes, f64::from_be_bytes), &shape),
    };
    tensor.map_err(|e| in_file(path, &shape, e))
}

/// Reads the images of an IDX file of `u8`, scaled from 0..=255 to [0, 1].
///
/// # Shapes
/// `[N, H, W]`, F32.
///
/// # Errors
/// Those of [`read_idx`]; if the elements are not `u8` or there are not three dimensions.
///
/// # Examples
/// ```
/// let path = std::env::temp_dir().join(format!("wengert-idx-images-{}", std::process::id()));
/// let header = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];                     // one image, 1 × 2
/// std::fs::write(&path, [&header[..], &[0, 255]].concat()).expect("a writable directory");
/// assert_eq!(wengert_data::idx_images(&path)?.to_vec::<f32>()?, [0.0, 1.0]);
/// # std::fs::remove_file(&path).expect("it was just written");
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub fn idx_images(path: impl AsRef<Path>) -> Result<Tensor> {
    images(path.as_ref())
}

fn images(path: &Path) -> Result<Tensor> {
    let Idx { shape, bytes, .. } = open_bytes(path, "images", 3)?;
    let pixels = bytes.into_iter().map(|byte| f32::from(byte) / 255.0).collect();
    Tensor::from_vec(pixels, &shape).map_err(|e| in_file(path, &shape, e))
}

/// Reads the labels of an IDX file of `u8`.
///
/// # Shapes
/// `[N]`, I64.
///
/// # Errors
/// Those of [`read_idx`]; if the elements are not `u8` or there is not one dimension.
///
/// # Examples
/// ```
/// let path = std::env::temp_dir().join(format!("wengert-idx-labels-{}", std::process::id()));
/// std::fs::write(&path, [0, 0, 8, 1, 0, 0, 0, 2, 7, 9]).expect("a writable directory");
/// assert_eq!(wengert_data::idx_labels(&path)?.to_vec::<i64>()?, [7, 9]);
/// # std::fs::remove_file(&path).expect("it was just written");
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub fn idx_labels(path: impl AsRef<Path>) -> Result<Tensor> {
    labels(path.as_ref())
}

fn labels(path: &Path) -> Result<Tensor> {
    let Idx { shape, bytes, .. } = open_bytes(path, "labels", 1)?;
    let labels = bytes.into_iter().map(i64::from).collect();
    Tensor::from_vec(labels, &shape).map_err(|e| in_file(path, &shape, e))
}

fn open(path: &Path) -> Result<Idx> {
    let file = File::open(path).map_err(|e| Error::file(path, e))?;
    parse::read(BufReader::new(file)).map_err(|e| e.context(path.display()))
}

fn open_bytes(path: &Path, what: &str, rank: usize) -> Result<Idx> {
    let idx = open(path)?;
    if idx.kind != Kind::U8 || idx.shape.len() != rank {
        let (kind, shape) = (idx.kind.name(), &idx.shape);
        let holds = format!("it holds {kind} of shape {shape:?}, expected u8 with {rank} dimensions");
        return Err(parse::broken(format!("not a file of {what}: {holds}")).context(path.display()));
    }
    Ok(idx)
}

fn in_file(path: &Path, shape: &[usize], error: Error) -> Error {
    let error = if error.kind() == ErrorKind::TooLarge { parse::too_large(shape) } else { error };
    error.context(path.display())
}

fn elements<const SIZE: usize, T>(bytes: &[u8], read: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|chunk| read(*chunk)).collect()
}
