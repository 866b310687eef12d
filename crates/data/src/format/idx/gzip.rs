//! Gzip files as gunzip reads them: members one after another, and zeros as padding behind the last.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// The content of a gzip file.
pub(super) struct Members<R> {
    /// The member that is being read; none at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(source: R) -> Members<R> {
        Members { member: Some(GzDecoder::new(source)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let got = member.read(buffer)?;
            if got > 0 || buffer.is_empty() {
                return Ok(got);
            }
            self.member = self.member.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
        }
    }
}

/// The member that follows; none if nothing follows but padding.
fn next_member<R: BufRead>(mut source: R) -> io::Result<Option<GzDecoder<R>>> {
    let mut padded = false;
    loop {
        let bytes = source.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        match (bytes.len() - zeros, padded || zeros > 0) {
            (0, _) if bytes.is_empty() => return Ok(None),
            (0, _) => {
                padded = true;
                source.consume(zeros);
            }
            (_, true) => return Err(io::Error::new(io::ErrorKind::InvalidData, "something follows the padding")),
            (_, false) => return Ok(Some(GzDecoder::new(source))),
        }
    }
}
