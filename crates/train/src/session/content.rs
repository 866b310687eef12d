//! The contents of a dataset as a few words.

use crate::checksum::checksum;
use autograd_core::module::StateDict;
use autograd_core::{Description, Result, Tensor};
use wengert_data::Dataset;

/// So many bytes of a set are read to know it again: all of a small one.
const BYTES: usize = 1 << 20;
/// So many of a set in memory, which takes a second or two.
const IN_MEMORY: usize = 1 << 28;
/// At least so many samples are read, however large they are.
const SAMPLES: usize = 32;
/// Samples that are read at a time.
const BATCH: usize = 256;

/// The number of samples, shape and dtype of one, and a checksum: of all samples of a small set, of a fixed selection,
/// evenly spread, of a large one. In memory few sets are large. A set whose samples differ from one reading to the next
/// is known by the rest; one that has a fingerprint is known by that and not read.
pub(super) fn describe(data: &dyn Dataset) -> Description {
    let whole = Description::new("a set").option("samples", data.len());
    if let Some(fingerprint) = data.fingerprint() {
        return whole.option("content", fingerprint);
    }
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
    let room = if data.in_memory() { IN_MEMORY } else { BYTES };
    let count = (room / bytes).max(SAMPLES).min(samples);
    // The first, the last, and what is between at equal distances.
    let place = |i: usize| (i as u128 * (samples - 1) as u128 / (count.max(2) - 1) as u128) as usize;
    let sum = |from: usize, to: usize| -> Result<String> {
        let indices: Vec<usize> = (from..to.min(count)).map(place).collect();
        let (mut tensors, y) = data.batch_all(&indices)?;
        tensors.push(y);
        let named = tensors.into_iter().enumerate().map(|(i, tensor)| (i.to_string(), tensor));
        Ok(format!("{:016x}", by_words(&named.collect::<StateDict>().to_safetensors()?)))
    };
    if sum(0, 8)? != sum(0, 8)? {
        return Ok((sample, "another at each reading".into()));
    }
    let sums = (0..count).step_by(BATCH).map(|at| sum(at, at + BATCH)).collect::<Result<Vec<_>>>()?;
    let which = if count == samples { "all samples".into() } else { format!("{count} samples of them") };
    Ok((sample, format!("{} ({which})", checksum(sums.concat().as_bytes()))))
}

/// A checksum that takes eight bytes at a time, for hundreds of megabytes. Both halves of the product count: in the
/// lower one alone a difference of the highest bit, a sign, stays where it is until a second sign undoes it.
fn by_words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let step = |sum: u64, word: u64| {
        let product = u128::from(sum ^ word) * 0x9e37_79b9_7f4a_7c15;
        product as u64 ^ (product >> 64) as u64
    };
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    (0..2).fold(step(sum, u64::from_le_bytes(last)), step)
}

#[cfg(test)]
mod tests {
    use super::{by_words, describe};
    use autograd_core::{DType, Result, Tensor};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use wengert_data::{Dataset, InputsDataset, TensorDataset};

    /// A thousand million samples of 4096 numbers, one of which may be another; or other samples at each reading.
    struct Large {
        read: AtomicUsize,
        other: Option<usize>,
        random: bool,
    }

    impl Dataset for Large {
        fn len(&self) -> usize {
            1_000_000_000
        }
        fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
            let read = self.read.fetch_add(indices.len(), Ordering::Relaxed);
            let value = |i: &usize| match self.other {
                _ if self.random => read as f32,
                Some(other) if other == *i => -1.0,
                _ => (i % 1000) as f32,
            };
            let x: Vec<f32> = indices.iter().flat_map(|i| vec![value(i); 4096]).collect();
            Ok((Tensor::from_vec(x, &[indices.len(), 4096])?, Tensor::zeros(&[indices.len()], DType::I64)?))
        }
    }

    fn content(other: Option<usize>, random: bool) -> String {
        let set = Large { read: AtomicUsize::new(0), other, random };
        let text = describe(&set).to_string();
        assert!(text.starts_with("a set { samples: 1000000000, sample: F32 [4096] and I64 [], content: "), "{text}");
        assert!(set.read.into_inner() < 100, "it costs little");
        text
    }

    #[test]
    fn large_sets_are_known_by_a_selection() {
        let plain = content(None, false);
        assert!(plain.ends_with(" (63 samples of them) }"), "{plain}");
        assert_eq!(content(None, false), plain);
        for seen in [0, 1_000_000_000 - 1] {
            assert_ne!(content(Some(seen), false), plain);
        }
        assert_eq!(content(Some(1), false), plain);
    }

    #[test]
    fn every_bit_of_every_byte_counts() {
        let plain: Vec<u8> = (0..37).collect();
        let mut all = vec![by_words(&plain), by_words(&plain[..36]), by_words(&[])];
        for at in 0..37 * 8 {
            // With the sign of another number, too.
            for other in [None, Some(31), Some(63), Some(127)].into_iter().filter(|other| *other != Some(at)) {
                let mut bytes = plain.clone();
                [Some(at), other].into_iter().flatten().for_each(|bit| bytes[bit / 8] ^= 1 << (bit % 8));
                all.push(by_words(&bytes));
            }
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        // Two signs are flipped in two orders.
        assert_eq!(all.len(), count - 3);
    }

    #[test]
    fn sets_in_memory_are_known_by_all_samples() {
        let content = |other: Option<usize>| {
            let mut y: Vec<i64> = vec![0; 5000];
            other.iter().for_each(|i| y[*i] = 1);
            let x = Tensor::zeros(&[5000, 100], DType::F32).expect("small");
            let y = Tensor::from_vec(y, &[5000]).expect("as many");
            let text = describe(&TensorDataset::new(x.clone(), y.clone()).expect("as many rows")).to_string();
            assert!(text.ends_with(" (all samples) }"), "{text}");
            let several = describe(&InputsDataset::new(vec![x.clone(), x], y).expect("as many rows")).to_string();
            assert!(several.ends_with(" (all samples) }") && several != text, "{several}");
            (text, several)
        };
        let plain = content(None);
        assert_eq!(content(None), plain);
        for seen in [0, 1, 1234, 4998, 4999] {
            let (text, several) = content(Some(seen));
            assert!(text != plain.0 && several != plain.1, "sample {seen}");
        }
    }

    #[test]
    fn random_sets_are_known_by_the_rest() {
        assert!(content(None, true).ends_with("content: another at each reading }"));
    }

    #[test]
    fn a_set_that_cannot_be_read_is_no_error_yet() {
        struct Torn;
        impl Dataset for Torn {
            fn len(&self) -> usize {
                3
            }
            fn batch(&self, _: &[usize]) -> Result<(Tensor, Tensor)> {
                Err(autograd_core::Error::user("torn"))
            }
        }
        assert_eq!(describe(&Torn).to_string(), "a set { samples: 3, content: it cannot be read: torn }");
    }
}
