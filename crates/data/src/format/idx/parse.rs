//! The parser of IDX files, which trusts neither the header nor the length.

use super::gzip::Members;
use autograd_core::{Error, ErrorKind, Result};
use std::io::{self, BufRead, Read};

/// The type of the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Kind {
    fn from_code(code: u8) -> Option<Kind> {
        Some(match code {
            0x08 => Kind::U8,
            0x09 => Kind::I8,
            0x0b => Kind::I16,
            0x0c => Kind::I32,
            0x0d => Kind::F32,
            0x0e => Kind::F64,
            _ => return None,
        })
    }

    fn size(self) -> usize {
        match self {
            Kind::U8 | Kind::I8 => 1,
            Kind::I16 => 2,
            Kind::I32 | Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::U8 => "u8",
            Kind::I8 => "i8",
            Kind::I16 => "i16",
            Kind::I32 => "i32",
            Kind::F32 => "f32",
            Kind::F64 => "f64",
        }
    }
}

/// The content of an IDX file: as many bytes as shape and type need.
#[derive(Debug)]
pub(super) struct Idx {
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Reads an IDX file, and decompresses it if it begins like gzip.
pub(super) fn read(mut file: impl BufRead) -> Result<Idx> {
    // A gzip stream begins with 1f, an IDX file with 00: one byte decides, and `fill_buf` shows one if there is any.
    let start = file.fill_buf().map_err(unread)?;
    if start.first() == Some(&0x1f) {
        parse(Members::new(file), |e| match e.kind() {
            io::ErrorKind::UnexpectedEof => broken("damaged gzip stream: cut off"),
            _ => broken(format!("damaged gzip stream: {e}")),
        })
    } else {
        parse(file, unread)
    }
}

fn unread(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, error.to_string())
}

/// The error for malformed content.
pub(super) fn broken(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Format, text)
}

/// The error for a shape that no tensor can have.
pub(super) fn too_large(shape: &[usize]) -> Error {
    broken(format!("shape {shape:?} is too large (at most 64 dimensions, and no more bytes than memory holds)"))
}

fn parse(mut source: impl Read, fail: impl Fn(io::Error) -> Error) -> Result<Idx> {
    let first = up_to(&mut source, 4).map_err(&fail)?;
    let (kind, rank) = match first[..] {
        [0, 0, code, rank] => (Kind::from_code(code), usize::from(rank)),
        _ => (None, 0),
    };
    let Some(kind) = kind else {
        let wanted = "not with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and a rank";
        return Err(broken(format!("not an IDX file: it begins with {first:02x?}, {wanted}")));
    };

    let sizes = up_to(&mut source, 4 * rank).map_err(&fail)?;
    let shape: Vec<usize> = sizes.as_chunks().0.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    if shape.len() < rank {
        return Err(broken(format!("cut off in the header: size {} of {rank} is missing", shape.len() + 1)));
    }
    let len = shape.iter().try_fold(kind.size(), |len, size| len.checked_mul(*size));
    let Some(expected) = len.filter(|len| *len < isize::MAX as usize) else {
        return Err(too_large(&shape));
    };

    // One byte more than promised shows that the file goes on. It is read no further, however large gzip would make it.
    let mut bytes = up_to(&mut source, expected + 1).map_err(&fail)?;
    let needs = format!("shape {shape:?} of {} needs {expected} bytes", kind.name());
    match bytes.len() {
        got if got < expected => Err(broken(format!("cut off: {needs}, there are {got}"))),
        got if got > expected => Err(broken(format!("too long: {needs}, and more follow"))),
        _ => {
            bytes.shrink_to_fit();
            Ok(Idx { kind, shape, bytes })
        }
    }
}

/// The next bytes, fewer than `len` only at the end. Memory grows with what arrives, not with `len`.
fn up_to(source: &mut impl Read, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
