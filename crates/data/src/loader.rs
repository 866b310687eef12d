//! Batches of a dataset, epoch by epoch.

use crate::dataset::Dataset;
use crate::inputs::only_input;
use crate::shuffle::{permutation, room};
use autograd_core::{Error, ErrorKind, Result, Tensor, seeded};
use std::iter::FusedIterator;

/// Cuts a dataset into batches, in order or shuffled anew each epoch.
///
/// The order is a pure function of the seed and the number of the epoch: a run that is resumed in epoch 17, even in the
/// middle of it (`for batch in epoch(17)?.skip(k)` fetches nothing that it skips), sees exactly what the first one
/// would have seen.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::{DataLoader, TensorDataset};
///
/// let set = TensorDataset::new(Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]), Tensor::from([1, 2, 3, 4, 5]))?;
/// let loader = DataLoader::new(&set).batch_size(2);
/// let sizes: Vec<usize> = loader.epoch(0)?.map(|batch| batch.map(|(x, _)| x.numel())).collect::<Result<_, _>>()?;
/// assert_eq!(sizes, [2, 2, 1]);
///
/// let shuffled = DataLoader::new(&set).batch_size(2).shuffle(7).drop_last(true);
/// assert_eq!(shuffled.epoch(0)?.len(), 2);
/// # Ok::<(), wengert_data::Error>(())
/// ```
///
/// # Differs from
/// PyTorch: `shuffle` takes a seed; `drop_last` with fewer samples than one batch is an error, not an epoch without
/// batches.
#[derive(Debug)]
pub struct DataLoader<'d, D: ?Sized> {
    dataset: &'d D,
    batch_size: usize,
    seed: Option<u64>,
    drop_last: bool,
}

impl<'d, D: Dataset + ?Sized> DataLoader<'d, D> {
    /// By default: batches of one sample, in order, none dropped.
    pub fn new(dataset: &'d D) -> DataLoader<'d, D> {
        DataLoader { dataset, batch_size: 1, seed: None, drop_last: false }
    }

    /// Samples in a batch, at least 1; the last batch of an epoch may have fewer. Default 1.
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Another order for each epoch, fixed by `seed` and the number of the epoch; by default the samples keep their
    /// order. `rng.random()` draws a seed.
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Whether the last batch of an epoch is dropped if it has fewer than `batch_size` samples. Default false.
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// How many batches an epoch has.
    ///
    /// # Errors
    /// Those of [`DataLoader::epoch`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_data::{DataLoader, TensorDataset};
    /// let set = TensorDataset::new(Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]), Tensor::from([0, 1, 0, 1, 0]))?;
    /// let loader = DataLoader::new(&set).batch_size(2);
    /// assert_eq!((loader.num_batches()?, loader.drop_last(true).num_batches()?), (3, 2));
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn num_batches(&self) -> Result<usize> {
        self.batches_of(self.dataset.len())
    }

    /// How many batches `n` samples make.
    fn batches_of(&self, n: usize) -> Result<usize> {
        let batch_size = self.batch_size;
        if batch_size == 0 {
            return Err(Error::argument("DataLoader", "batch_size", batch_size, "at least 1"));
        }
        if n == 0 {
            return Err(Error::new(ErrorKind::Data, "DataLoader: there are no samples"));
        }
        match if self.drop_last { n / batch_size } else { n.div_ceil(batch_size) } {
            0 => {
                let sizes = format!("there are {n} samples and batch_size is {batch_size}");
                Err(Error::new(ErrorKind::Data, format!("DataLoader: drop_last leaves no batch: {sizes}")))
            }
            batches => Ok(batches),
        }
    }

    /// The indices of the samples in batch number `batch` of epoch number `epoch`, both counted from 0; none after the
    /// last batch.
    ///
    /// # Errors
    /// Those of [`DataLoader::epoch`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_data::{DataLoader, TensorDataset};
    /// let set = TensorDataset::new(Tensor::from([10, 11, 12, 13, 14]), Tensor::from([0, 1, 0, 1, 0]))?;
    /// let loader = DataLoader::new(&set).batch_size(2);
    /// assert_eq!((loader.indices(0, 1)?, loader.indices(0, 2)?), (vec![2, 3], vec![4]));
    /// let shuffled = loader.shuffle(7);
    /// let (x, _) = shuffled.epoch(3)?.nth(1).expect("the second batch")?;
    /// let indices = shuffled.indices(3, 1)?;
    /// assert_eq!(x.to_vec::<i64>()?, [10 + indices[0] as i64, 10 + indices[1] as i64]);
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn indices(&self, epoch: u64, batch: usize) -> Result<Vec<usize>> {
        let Epoch { order, len, batches, .. } = self.epoch(epoch)?;
        if batch >= batches {
            return Ok(Vec::new());
        }
        let samples = batch * self.batch_size..(batch + 1).saturating_mul(self.batch_size).min(len);
        let mut indices = room("DataLoader", Some(samples.len()))?;
        match order {
            Some(order) => indices.extend_from_slice(&order[samples]),
            None => indices.extend(samples),
        }
        Ok(indices)
    }

    /// The batches of epoch number `epoch`. Without `shuffle` a [`TensorDataset`](crate::TensorDataset) gives views and
    /// copies nothing.
    ///
    /// # Errors
    /// If `batch_size` is 0, the dataset is empty, `drop_last` would drop all of it, or it is to be shuffled and has
    /// more samples than memory holds numbers.
    ///
    /// A batch is an error if the dataset fails, or gives more or fewer rows than it was asked for.
    pub fn epoch(&self, epoch: u64) -> Result<Epoch<'d, D>> {
        // Read once: it may be another one a moment later.
        let len = self.dataset.len();
        let batches = self.batches_of(len)?;
        let shuffled = |seed| {
            let mut rng = seeded(seed);
            // Streams of one ChaCha key are independent: no two epochs share numbers.
            rng.set_stream(epoch);
            permutation("DataLoader", len, &mut rng)
        };
        let order = self.seed.map(shuffled).transpose()?;
        Ok(Epoch { dataset: self.dataset, batch_size: self.batch_size, len, order, next: 0, batches })
    }
}

/// The batches of one epoch: made by [`DataLoader::epoch`].
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::{DataLoader, Epoch, TensorDataset};
/// let set = TensorDataset::new(Tensor::from([1.0, 2.0, 3.0]), Tensor::from([0, 1, 0]))?;
/// let mut epoch: Epoch<'_, TensorDataset> = DataLoader::new(&set).batch_size(2).epoch(0)?;
/// assert_eq!(epoch.len(), 2);
/// let (x, _) = epoch.nth(1).expect("the second batch")?;
/// assert_eq!(x.to_vec::<f32>()?, [3.0]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Debug)]
pub struct Epoch<'d, D: ?Sized> {
    dataset: &'d D,
    batch_size: usize,
    /// How many samples there were when the epoch began.
    len: usize,
    /// The samples in shuffled order; none if they keep their own order.
    order: Option<Vec<usize>>,
    next: usize,
    batches: usize,
}

impl<'d, D: Dataset + ?Sized> Epoch<'d, D> {
    /// The same batches with all inputs of the samples, for a dataset of several.
    pub fn all(self) -> EpochAll<'d, D> {
        EpochAll(self)
    }

    /// The batch after those that are skipped. They are not fetched.
    fn fetch(&mut self, skip: usize) -> Option<Result<(Vec<Tensor>, Tensor)>> {
        let batch = self.next.saturating_add(skip);
        if batch >= self.batches {
            self.next = self.batches;
            return None;
        }
        self.next = batch + 1;
        let start = batch * self.batch_size;
        let end = start.saturating_add(self.batch_size).min(self.len);
        let fetched = match &self.order {
            None => self.dataset.range_all(start..end),
            Some(order) => self.dataset.batch_all(order.get(start..end).unwrap_or_default()),
        };
        Some(fetched.and_then(|batch| checked(self.dataset, end - start, batch)))
    }

    fn left(&self) -> usize {
        self.batches - self.next
    }
}

/// The batch, if it is what was asked for: a row for each sample.
fn checked<D: Dataset + ?Sized>(
    dataset: &D,
    samples: usize,
    (inputs, target): (Vec<Tensor>, Tensor),
) -> Result<(Vec<Tensor>, Tensor)> {
    let refuse = |what: String| Err(Error::new(ErrorKind::Data, format!("DataLoader: {} gave {what}", dataset.name())));
    if inputs.len() != dataset.inputs() {
        return refuse(format!("{} inputs, its samples have {}", inputs.len(), dataset.inputs()));
    }
    let several = inputs.len() > 1;
    let all =
        inputs.iter().enumerate().map(|(i, x)| (x, if several { format!("input {}", i + 1) } else { "x".into() }));
    for (tensor, what) in all.chain([(&target, "y".into())]) {
        if tensor.shape().first() != Some(&samples) {
            let expected = format!("expected [{samples}, ..], a row for each");
            return refuse(format!("{what} of shape {:?} for {samples} samples, {expected}", tensor.shape()));
        }
    }
    Ok((inputs, target))
}

impl<D: Dataset + ?Sized> Iterator for Epoch<'_, D> {
    type Item = Result<(Tensor, Tensor)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    /// Skipped batches are not fetched.
    fn nth(&mut self, skip: usize) -> Option<Self::Item> {
        self.fetch(skip).map(|batch| batch.and_then(only_input))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }
}

impl<D: Dataset + ?Sized> ExactSizeIterator for Epoch<'_, D> {}
impl<D: Dataset + ?Sized> FusedIterator for Epoch<'_, D> {}

/// The batches of one epoch with all their inputs: made by [`Epoch::all`].
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::{DataLoader, EpochAll, InputsDataset};
/// let (a, b, y) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]), Tensor::from([0, 1]));
/// let set = InputsDataset::new(vec![a, b], y)?;
/// let mut epoch: EpochAll<'_, InputsDataset> = DataLoader::new(&set).epoch(0)?.all();
/// let (inputs, _) = epoch.next().expect("the first batch")?;
/// assert_eq!((inputs[0].item::<f32>()?, inputs[1].item::<f32>()?), (1.0, 3.0));
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Debug)]
pub struct EpochAll<'d, D: ?Sized>(Epoch<'d, D>);

impl<D: Dataset + ?Sized> Iterator for EpochAll<'_, D> {
    type Item = Result<(Vec<Tensor>, Tensor)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    /// Skipped batches are not fetched.
    fn nth(&mut self, skip: usize) -> Option<Self::Item> {
        self.0.fetch(skip)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<D: Dataset + ?Sized> ExactSizeIterator for EpochAll<'_, D> {}
impl<D: Dataset + ?Sized> FusedIterator for EpochAll<'_, D> {}
