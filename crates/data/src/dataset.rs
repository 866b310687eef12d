//! Numbered samples that can be fetched together.
use crate::shuffle::{permutation, room};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use rand::Rng;
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

/// Inputs and targets in memory, one row for each sample.
///
/// # Shapes
/// `x: [N, ..]`, `y: [N, ..]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::TensorDataset;
///
/// let set = TensorDataset::new(Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor::from([0, 1, 0]))?;
/// assert_eq!(set.len(), 3);
/// assert_eq!(set.select(&[2, 0])?.x.to_vec::<f32>()?, [5.0, 6.0, 1.0, 2.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TensorDataset {
    /// The inputs.
    pub x: Tensor,
    /// The targets.
    pub y: Tensor,
}

impl TensorDataset {
    /// A dataset of the rows of `x` and `y`.
    ///
    /// # Errors
    /// If one of them is a scalar, or they do not have the same number of rows.
    pub fn new(x: Tensor, y: Tensor) -> Result<TensorDataset> {
        for (what, tensor) in [("x", &x), ("y", &y)] {
            if tensor.rank() == 0 {
                return Err(Error::shape("TensorDataset", what, tensor.shape(), "[N, ..]"));
            }
        }
        let samples = |tensor: &Tensor| tensor.shape().first().copied().unwrap_or(0);
        if samples(&x) != samples(&y) {
            let text = format!(
                "TensorDataset: x has {} samples and y has {} (shapes {:?} and {:?})",
                samples(&x),
                samples(&y),
                x.shape(),
                y.shape()
            );
            return Err(Error::new(ErrorKind::Data, text));
        }
        Ok(TensorDataset { x, y })
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.x.shape().first().copied().unwrap_or(0)
    }

    /// Whether there are no samples.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_data::TensorDataset;
    /// assert!(TensorDataset::new(Tensor::zeros(&[0, 4], DType::F32)?, Tensor::zeros(&[0], DType::I64)?)?.is_empty());
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies of the samples with these numbers, in this order; a number may be repeated.
    ///
    /// # Errors
    /// If a sample does not exist.
    pub fn select(&self, indices: &[usize]) -> Result<TensorDataset> {
        Ok(TensorDataset { x: rows("select", &self.x, indices)?, y: rows("select", &self.y, indices)? })
    }

    /// The same targets with the inputs `f(x)`.
    ///
    /// # Errors
    /// Those of `f`; also if the result has another number of rows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_data::TensorDataset;
    /// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([0, 1]))?;
    /// assert_eq!(set.map_x(|x| Ok(x * 10))?.x.to_vec::<f32>()?, [10.0, 20.0]);
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn map_x(&self, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<TensorDataset> {
        TensorDataset::new(f(&self.x)?, self.y.clone())
    }

    /// Parts of the given fractions, after shuffling: every sample is in exactly one part.
    ///
    /// ```text
    /// size_k = ⌊N · f_k⌋, and one more in the parts with the largest remainders, until all N are given out
    /// ```
    /// Where remainders are equal, the first part comes first.
    ///
    /// # Errors
    /// If a fraction is not a positive number, they do not sum to 1 (within 1e-9), or a part would be empty.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{seeded, DType, Tensor};
    /// # use wengert_data::TensorDataset;
    /// let x = Tensor::arange(0.0, 1797.0, 1.0, DType::F32)?;
    /// let [train, valid, test] = TensorDataset::new(x.clone(), x)?.split([0.70, 0.15, 0.15], &mut seeded(7))?;
    /// assert_eq!((train.len(), valid.len(), test.len()), (1258, 270, 269));
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn split<const K: usize>(&self, fractions: [f64; K], rng: &mut dyn Rng) -> Result<[TensorDataset; K]> {
        let sizes = part_sizes(self.len(), &fractions)?;
        let order = permutation("split", self.len(), rng)?;
        let mut parts = Vec::with_capacity(K);
        let mut rest = order.as_slice();
        for size in sizes {
            let (part, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
            parts.push(self.select(part)?);
            rest = after;
        }
        Ok(parts.try_into().unwrap_or_else(|_| unreachable!("one size for each of the K fractions")))
    }

    /// The class of each sample, if the targets are classes: `I64`, `[N]`.
    pub(crate) fn classes(&self) -> Option<Vec<i64>> {
        if self.y.dtype() == DType::I64 && self.y.rank() == 1 { self.y.to_vec().ok() } else { None }
    }
}

/// Copies of the rows of `x` with these numbers.
pub(crate) fn rows(op: &str, x: &Tensor, indices: &[usize]) -> Result<Tensor> {
    let len = x.shape().first().copied().unwrap_or(0);
    if let Some((position, index)) = indices.iter().enumerate().find(|(_, index)| **index >= len) {
        return Err(no_sample(op, *index, position, len));
    }
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    x.index_select(0, &Tensor::from_slice(&indices, &[indices.len()])?)
}

/// A view of neighbouring rows of `x`.
pub(crate) fn rows_between(x: &Tensor, samples: Range<usize>) -> Result<Tensor> {
    let len = x.shape().first().copied().unwrap_or(0);
    if samples.end > len && !samples.is_empty() {
        let index = samples.start.max(len);
        return Err(no_sample("range", index, index - samples.start, len));
    }
    // An empty range may lie anywhere; the front is always inside.
    let start = if samples.is_empty() { 0 } else { samples.start as isize };
    x.narrow(0, start, samples.len())
}

impl Dataset for TensorDataset {
    fn name(&self) -> &str {
        "TensorDataset"
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        Ok((rows("batch", &self.x, indices)?, rows("batch", &self.y, indices)?))
    }

    fn in_memory(&self) -> bool {
        true
    }

    /// Views: nothing is copied.
    fn range(&self, samples: Range<usize>) -> Result<(Tensor, Tensor)> {
        Ok((rows_between(&self.x, samples.clone())?, rows_between(&self.y, samples)?))
    }
}

/// The error for a sample that the dataset does not have.
fn no_sample(op: &str, index: usize, position: usize, len: usize) -> Error {
    let text = format!("{op}: sample {index} at position {position} is out of range for {len} samples");
    Error::new(ErrorKind::Index, text)
}

/// Whole sizes near `n` times the fractions, summing to `n`.
fn part_sizes(n: usize, fractions: &[f64]) -> Result<Vec<usize>> {
    if let Some(wrong) = fractions.iter().find(|f| !(f.is_finite() && **f > 0.0)) {
        return Err(Error::argument("split", "fractions", wrong, "finite and greater than 0"));
    }
    // Not `sum()`, which is −0 for no numbers.
    let sum = fractions.iter().fold(0.0, |sum, fraction| sum + fraction);
    if (sum - 1.0).abs() > 1e-9 {
        let text = format!("split: the fractions {fractions:?} sum to {sum}, they must sum to 1");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    let ideal: Vec<f64> = fractions.iter().map(|f| n as f64 * f).collect();
    let mut left = n;
    let mut sizes: Vec<usize> = Vec::with_capacity(ideal.len());
    for size in &ideal {
        // Fractions that sum to a little more than 1 must not give out more than there is.
        let size = (size.floor() as usize).min(left);
        sizes.push(size);
        left -= size;
    }
    let mut by_remainder: Vec<usize> = (0..ideal.len()).collect();
    by_remainder.sort_by(|a, b| ideal[*b].fract().total_cmp(&ideal[*a].fract()));
    for part in by_remainder.into_iter().cycle().take(left) {
        sizes[part] += 1;
    }
    match sizes.iter().position(|size| *size == 0) {
        Some(part) => {
            let few = format!("{n} samples are too few for {fractions:?}");
            Err(Error::new(ErrorKind::Data, format!("split: part {part} of {sizes:?} would be empty: {few}")))
        }
        None => Ok(sizes),
    }
}
