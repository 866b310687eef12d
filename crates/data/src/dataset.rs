//! Numbered samples that can be fetched together.

use crate::shuffle::room;
use autograd_core::{Result, Tensor};
use std::ops::Range;

/// Numbered pairs of an input and a target.
///
/// Only `len` and `batch` must be written. A dataset that has its samples in one piece should also write `range`. What
/// is returned is checked by the [`DataLoader`](crate::DataLoader): one row for each sample that was asked for.
///
/// A tensor, or a `Vec` of them, is a dataset of inputs without targets, to predict from.
///
/// # Several inputs
/// A dataset whose samples have several inputs says how many, and writes `batch_all`; its `batch` is
/// `only_input(self.batch_all(indices)?)`, which says so where one is asked for.
/// [`InputsDataset`](crate::InputsDataset) is one of tensors in memory.
///
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::{DataLoader, Dataset, Result};
///
/// struct Squares(usize);
///
/// impl Dataset for Squares {
///     fn len(&self) -> usize {
///         self.0
///     }
///     fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
///         let x: Vec<f32> = indices.iter().map(|i| *i as f32).collect();
///         let y = x.iter().map(|x| x * x).collect();
///         Ok((Tensor::from_vec(x, &[indices.len(), 1])?, Tensor::from_vec(y, &[indices.len(), 1])?))
///     }
/// }
///
/// let batches: Vec<_> = DataLoader::new(&Squares(5)).batch_size(3).epoch(0)?.collect::<Result<_>>()?;
/// assert_eq!(batches[1].1.to_vec::<f32>()?, [9.0, 16.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub trait Dataset {
    /// How many samples there are.
    fn len(&self) -> usize;

    /// Inputs `[B, ..]` and targets `[B, ..]` of the samples with these numbers, in this order; numbers may repeat.
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)>;

    /// Inputs and targets of neighbouring samples.
    fn range(&self, samples: Range<usize>) -> Result<(Tensor, Tensor)> {
        self.batch(&listed(self.name(), samples)?)
    }

    /// How many inputs a sample has. Default 1.
    fn inputs(&self) -> usize {
        1
    }

    /// All inputs, each `[B, ..]`, and the targets of the samples with these numbers. By default the input of `batch`.
    fn batch_all(&self, indices: &[usize]) -> Result<(Vec<Tensor>, Tensor)> {
        self.batch(indices).map(|(x, y)| (vec![x], y))
    }

    /// All inputs and the targets of neighbouring samples. By default those of `range` if there is one input.
    fn range_all(&self, samples: Range<usize>) -> Result<(Vec<Tensor>, Tensor)> {
        match self.inputs() {
            1 => self.range(samples).map(|(x, y)| (vec![x], y)),
            _ => self.batch_all(&listed(self.name(), samples)?),
        }
    }

    /// Whether the samples have targets. Default true.
    fn has_targets(&self) -> bool {
        true
    }

    /// A text that only this set has: another order, other samples, another transform give another text. A name with a
    /// version, or a checksum. Default none.
    ///
    /// A run that writes or reads a checkpoint knows its sets by this text. Of a set that has none it reads samples, as
    /// many as are in a mebibyte ([in memory](Dataset::in_memory), in 256), which a set that counts what it gives, or
    /// draws at random, will notice.
    fn fingerprint(&self) -> Option<String> {
        None
    }

    /// Whether all samples are in memory as they are, and reading them costs no more than copying. Default false.
    fn in_memory(&self) -> bool {
        false
    }

    /// Its name in errors. Default "the dataset".
    fn name(&self) -> &str {
        "the dataset"
    }

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn listed(name: &str, samples: Range<usize>) -> Result<Vec<usize>> {
    let mut numbers = room(name, Some(samples.len()))?;
    numbers.extend(samples);
    Ok(numbers)
}
