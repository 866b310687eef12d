//! State dicts as bytes in the safetensors format.

use super::StateDict;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::watch::reads;
use crate::tensor::{DType, Tensor, for_any};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The key of the texts beside the tensors, which no tensor can have.
const METADATA: &str = "__metadata__";

impl StateDict {
    /// The bytes of a safetensors file.
    ///
    /// # Errors
    /// If two tensors have one name, or one is called `__metadata__`, which means something else in such a file.
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
        if let Some(name) = self.twice().first() {
            let text = format!("safetensors: two tensors are called {name:?}; nothing was written");
            return Err(Error::new(ErrorKind::State, text));
        }
        if self.get(METADATA).is_some() {
            let text = format!("safetensors: no tensor can be called {METADATA:?} in a file; nothing was written");
            return Err(Error::new(ErrorKind::State, text));
        }
        let fail = |e: &dyn std::fmt::Display| Error::file(Path::new("safetensors"), e);
        let bytes = self.iter().map(|(_, x)| little_endian(x)).collect::<Result<Vec<_>>>()?;
        let views = self.iter().zip(&bytes).map(|((name, x), bytes)| {
            let dtype = match x.dtype() {
                DType::F32 => Dtype::F32,
                DType::F64 => Dtype::F64,
                DType::I64 => Dtype::I64,
                DType::Bool => Dtype::BOOL,
            };
            Ok((name, TensorView::new(dtype, x.shape().to_vec(), bytes).map_err(|e| fail(&e))?))
        });
        let plain = serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(|e| fail(&e))?;
        with_metadata(&plain, self.metadata())
    }

    /// The state in the bytes of a safetensors file. Errors name `path`.
    ///
    /// # Errors
    /// If the bytes are not such a file, are cut off, or hold a dtype other than F32, F64, I64 and BOOL;
    /// [`StateDict::from_safetensors_converted`] reads most others.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::StateDict;
    /// let error = StateDict::from_safetensors(b"no", "model.safetensors".as_ref()).unwrap_err();
    /// assert!(error.to_string().starts_with("model.safetensors: not a safetensors file, or cut off"));
    /// ```
    pub fn from_safetensors(bytes: &[u8], path: &Path) -> Result<StateDict> {
        read(bytes, path, false)
    }

    /// Like [`StateDict::from_safetensors`], but makes tensors of all dtypes as [`StateDict::load_converted`] does.
    ///
    /// # Errors
    /// Those of [`StateDict::load_converted`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::StateDict;
    /// let header = br#"{"x":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}"#;
    /// let bytes = [&header.len().to_le_bytes()[..], header, &[3, 0xff]].concat();
    /// let state = StateDict::from_safetensors_converted(&bytes, "x.safetensors".as_ref())?;
    /// assert_eq!(state.get("x").expect("there").to_vec::<i64>()?, [3, -1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn from_safetensors_converted(bytes: &[u8], path: &Path) -> Result<StateDict> {
        read(bytes, path, true)
    }
}

fn read(bytes: &[u8], path: &Path, convert: bool) -> Result<StateDict> {
    let broken = |e| {
        let text = format!("{}: not a safetensors file, or cut off: {e}", path.display());
        Error::new(ErrorKind::Format, text)
    };
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let mut entries = Vec::new();
    for (name, view) in file.iter() {
        let value =
            tensor(&view, convert).map_err(|e| e.context(format_args!("{}: tensor {name:?}", path.display())))?;
        // Files hold tensors in the order of alignment; their positions in the file give the order in which they
        // were written. Those without elements share a position with the next: their size and name decide.
        let data = view.data();
        entries.push(((data.as_ptr() as usize, data.len(), name.to_string()), value));
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut state: StateDict = entries.into_iter().map(|((_, _, name), value)| (name, value)).collect();
    state.metadata_mut().extend(header.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())));
    Ok(state)
}

/// A tensor of a file.
fn tensor(view: &TensorView<'_>, convert: bool) -> Result<Tensor> {
    let (data, shape) = (view.data(), view.shape());
    macro_rules! read {
        ($t:ty, $make:expr) => {
            Tensor::from_vec(data.as_chunks().0.iter().map(|b| $make(<$t>::from_le_bytes(*b))).collect(), shape)
        };
    }
    match (view.dtype(), convert) {
        (Dtype::F32, _) => read!(f32, f32::from),
        (Dtype::F64, _) => read!(f64, f64::from),
        (Dtype::I64, _) => read!(i64, i64::from),
        (Dtype::BOOL, _) => Tensor::from_vec(data.iter().map(|b| *b != 0).collect(), shape),
        (Dtype::F16, true) => read!(u16, half),
        (Dtype::BF16, true) => read!(u16, |bits| f32::from_bits(u32::from(bits) << 16)),
        (Dtype::U8, true) => read!(u8, i64::from),
        (Dtype::I8, true) => read!(i8, i64::from),
        (Dtype::U16, true) => read!(u16, i64::from),
        (Dtype::I16, true) => read!(i16, i64::from),
        (Dtype::U32, true) => read!(u32, i64::from),
        (Dtype::I32, true) => read!(i32, i64::from),
        (Dtype::U64, true) => {
            let numbers = data.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b));
            let fits = |number| i64::try_from(number).map_err(|_| beyond(number));
            Tensor::from_vec(numbers.map(fits).collect::<Result<Vec<i64>>>()?, shape)
        }
        (other, _) => Err(Error::new(ErrorKind::DType, unread(other))),
    }
}

fn beyond(number: u64) -> Error {
    Error::new(ErrorKind::Format, format!("{number} is more than I64 holds"))
}

/// Why a dtype is not read, and how it is.
fn unread(dtype: Dtype) -> String {
    let target = match dtype {
        Dtype::F16 | Dtype::BF16 => "F32",
        Dtype::U8 | Dtype::I8 | Dtype::U16 | Dtype::I16 | Dtype::U32 | Dtype::I32 | Dtype::U64 => "I64",
        other => return format!("dtype {other:?} is not read; known are F16, BF16, F32, F64, integers and BOOL"),
    };
    format!("dtype {dtype:?} is read on request: StateDict::load_converted makes {target} of it")
}

/// The number of a half-precision float: 1 bit of sign, 5 of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), bits & 0x3ff);
    match exponent {
        0 => sign * f32::from(fraction) * 2f32.powi(-24),
        // Infinite, or NaN with its sign and payload.
        31 => f32::from_bits(u32::from(bits >> 15) << 31 | 0x7f80_0000 | u32::from(fraction) << 13),
        _ => sign * f32::from(fraction | 0x400) * 2f32.powi(exponent - 25),
    }
}

/// The file with the texts at the front of its header, in order, and `format: pt` if they do not say a format.
fn with_metadata(file: &[u8], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut all = metadata.clone();
    all.entry("format".into()).or_insert_with(|| "pt".into());
    let texts: Vec<String> = all.iter().map(|(key, text)| format!("{}:{}", quoted(key), quoted(text))).collect();
    // The file was made by `serialize`: the length of the header, the header, the data.
    let Some((length, rest)) = file.split_first_chunk() else { unreachable!("a file begins with its length") };
    let (header, data) = rest.split_at((u64::from_le_bytes(*length) as usize).min(rest.len()));
    let tensors = header.trim_ascii_end().strip_prefix(b"{").unwrap_or_default();
    let comma = if tensors == b"}" { "" } else { "," };
    let mut whole = format!("{{\"{METADATA}\":{{{}}}{comma}", texts.join(",")).into_bytes();
    whole.extend(tensors);
    // Spaces, until the data begins at a multiple of 8.
    whole.resize(whole.len().next_multiple_of(8), b' ');
    if whole.len() > MOST_HEADER {
        let text = format!(
            "a header of {} bytes, with the metadata, is more than the {MOST_HEADER} of a safetensors file",
            whole.len()
        );
        return Err(Error::new(ErrorKind::State, format!("save: {text}")));
    }
    Ok([&(whole.len() as u64).to_le_bytes()[..], &whole, data].concat())
}

/// Larger headers are refused by whoever reads them.
const MOST_HEADER: usize = 100_000_000;

/// A text in JSON.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json + "\""
}

fn little_endian(x: &Tensor) -> Result<Vec<u8>> {
    reads("save");
    let (x, mut bytes) = (x.try_packed("save")?, Vec::new());
    let room = bytes.try_reserve_exact(x.numel() * x.dtype().size());
    room.map_err(|_| Error::too_large("save", x.shape()))?;
    bytes.resize(x.numel() * x.dtype().size(), 0);
    // Number by number, of a size that the compiler knows: an iterator over single bytes takes ten times as long.
    for_any!(x.dtype(), T => {
        let places = bytes.chunks_exact_mut(size_of::<T>());
        places.zip(x.flat::<T>()).for_each(|(place, number)| place.copy_from_slice(&number.to_le_bytes()));
    });
    Ok(bytes)
}
