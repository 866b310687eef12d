//! From bytes to a header and its elements, believing neither.

use flate2::bufread::MultiGzDecoder;
use std::io::{BufRead, ErrorKind, Read};

/// What is wrong with an IDX file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdxProblem {
    /// It does not begin as an IDX file does.
    #[error(
        "not an IDX file: it begins with {first:02x?}, not with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and a rank"
    )]
    Foreign {
        /// Its first bytes, four if it has them.
        first: Vec<u8>,
    },
    /// It ends inside the header.
    #[error("cut off in the header: size {missing} of {rank} is missing")]
    CutHeader {
        /// The number of dimensions promised.
        rank: usize,
        /// The first size that is not there, counted from 1.
        missing: usize,
    },
    /// It ends before the last element.
    #[error("cut off: shape {shape:?} of {kind} needs {expected} bytes, there are {got}")]
    CutOff {
        /// The shape in the header.
        shape: Vec<usize>,
        /// The type of the elements.
        kind: &'static str,
        /// The bytes the elements need.
        expected: usize,
        /// The bytes that are there.
        got: usize,
    },
    /// It goes on after the last element.
    #[error("too long: shape {shape:?} of {kind} needs {expected} bytes, and more follow")]
    TooLong {
        /// The shape in the header.
        shape: Vec<usize>,
        /// The type of the elements.
        kind: &'static str,
        /// The bytes the elements need.
        expected: usize,
    },
    /// A shape that no tensor can have.
    #[error("shape {shape:?} is too large (at most 64 dimensions, and no more bytes than memory holds)")]
    TooLarge {
        /// The shape in the header.
        shape: Vec<usize>,
    },
    /// It is an IDX file, but not one of images or labels.
    #[error("not a file of {what}: it holds {kind} of shape {shape:?}, expected u8 with {rank} dimensions")]
    Other {
        /// `images` or `labels`.
        what: &'static str,
        /// The number of dimensions expected.
        rank: usize,
        /// The type of the elements.
        kind: &'static str,
        /// The shape in the header.
        shape: Vec<usize>,
    },
    /// Its gzip stream is damaged.
    #[error("damaged gzip stream: {reason}")]
    Gzip {
        /// What the decoder says.
        reason: String,
    },
    /// Reading failed.
    #[error("{reason}")]
    Read {
        /// What the system says.
        reason: String,
    },
}

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

type Parsed<T> = std::result::Result<T, IdxProblem>;

/// Reads an IDX file, through gzip if it begins so.
pub(super) fn read(mut file: impl BufRead) -> Parsed<Idx> {
    // A gzip stream begins with 1f, an IDX file with 00: one byte decides, and a file that has any shows at least one.
    let start = file.fill_buf().map_err(|e| IdxProblem::Read { reason: e.to_string() })?;
    if start.first() == Some(&0x1f) {
        parse(MultiGzDecoder::new(file), |e| match e.kind() {
            ErrorKind::UnexpectedEof => IdxProblem::Gzip { reason: "cut off".into() },
            _ => IdxProblem::Gzip { reason: e.to_string() },
        })
    } else {
        parse(file, |e| IdxProblem::Read { reason: e.to_string() })
    }
}

fn parse(mut source: impl Read, fail: impl Fn(std::io::Error) -> IdxProblem) -> Parsed<Idx> {
    let first = up_to(&mut source, 4).map_err(&fail)?;
    let (kind, rank) = match first[..] {
        [0, 0, code, rank] => (Kind::from_code(code), usize::from(rank)),
        _ => (None, 0),
    };
    let Some(kind) = kind else { return Err(IdxProblem::Foreign { first }) };

    let sizes = up_to(&mut source, 4 * rank).map_err(&fail)?;
    let shape: Vec<usize> = sizes.as_chunks().0.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    if shape.len() < rank {
        return Err(IdxProblem::CutHeader { rank, missing: shape.len() + 1 });
    }
    let len = shape.iter().try_fold(kind.size(), |len, size| len.checked_mul(*size));
    let Some(expected) = len.filter(|len| *len < isize::MAX as usize) else {
        return Err(IdxProblem::TooLarge { shape });
    };

    // One byte more than promised tells a file that goes on; however it would grow under gzip, it is read no further.
    let mut bytes = up_to(&mut source, expected + 1).map_err(&fail)?;
    let kind_name = kind.name();
    match bytes.len() {
        got if got < expected => Err(IdxProblem::CutOff { shape, kind: kind_name, expected, got }),
        got if got > expected => Err(IdxProblem::TooLong { shape, kind: kind_name, expected }),
        _ => {
            bytes.shrink_to_fit();
            Ok(Idx { kind, shape, bytes })
        }
    }
}

/// The next bytes, fewer than `len` only at the end. Memory grows with what arrives, not with `len`.
fn up_to(source: &mut impl Read, len: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
