//! The contents of a dataset as a few words.

use autograd_core::module::StateDict;
use autograd_core::{Description, Result, Tensor};
use wengert_data::Dataset;

/// So many bytes of a set are read to know it again: all of a small one.
const BYTES: usize = 1 << 20;
/// At least so many samples are read, however large they are.
const SAMPLES: usize = 32;
/// Samples that are read at a time.
const BATCH: usize = 256;

/// The number of samples, shape and dtype of one, and a checksum: of all samples of a small set, of a fixed selection,
/// evenly spread, of a large one. A set whose samples differ from one reading to the next is known by the rest.
pub(super) fn describe(data: &dyn Dataset) -> Description {
    let whole = Description::new("a set").option("samples", data.len());
    match read(data) {
        Ok((sample, content)) => {
            whole.option("sample", format_args!("{sample}")).option("content", format_args!("{content}"))
        }
        // The run reports it where the sample is used.
        Err(e) => whole.option("content", format_args!("it cannot be read: {e}")),
    }
}

fn read(data: &dyn Dataset) -> Result<(String, String)> {
    let samples = data.len();
    let (mut tensors, y) = data.batch_all(&[0])?;
    tensors.push(y);
    let one = |x: &Tensor| format!("{} {:?}", x.dtype(), x.shape().get(1..).unwrap_or_default());
    let sample = tensors.iter().map(one).collect::<Vec<_>>().join(" and ");
    let bytes = tensors.iter().map(|x| x.numel() * x.dtype().size()).sum::<usize>().max(1);
    let count = (BYTES / bytes).max(SAMPLES).min(samples);
    // The first, the last, and what is between at equal distances.
    let place = |i: usize| (i as u128 * (samples - 1) as u128 / (count.max(2) - 1) as u128) as usize;
    let indices: Vec<usize> = (0..count).map(place).collect();
    let sum = |indices: &[usize]| -> Result<String> {
        let (mut tensors, y) = data.batch_all(indices)?;
        tensors.push(y);
        let named = tensors.into_iter().enumerate().map(|(i, tensor)| (i.to_string(), tensor));
        Ok(checksum(&named.collect::<StateDict>().to_safetensors()?))
    };
    let few = &indices[..indices.len().min(8)];
    if sum(few)? != sum(few)? {
        return Ok((sample, "another at each reading".into()));
    }
    let sums = indices.chunks(BATCH).map(sum).collect::<Result<Vec<_>>>()?;
    let which = if count == samples { "all samples".into() } else { format!("{count} samples of them") };
    Ok((sample, format!("{} ({which})", checksum(sums.concat().as_bytes()))))
}

/// FNV-1a, 64 bits, in hexadecimal: it shows a difference, not malice.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:016x}", crate::checkpoint::fnv1a(bytes))
}
