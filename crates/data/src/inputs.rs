//! Datasets of several inputs, and inputs without targets.

use crate::dataset::Dataset;
use crate::rows::{rows, rows_between};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use std::ops::Range;

/// Several inputs and a target in memory, one row for each sample: for models with
/// `forward_all`, as the trait `Layer` has it.
///
/// # Shapes
/// Each of `inputs` and `y`: `[N, ..]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::{DataLoader, InputsDataset};
///
/// let (user, film) = (Tensor::from([0, 1, 1]), Tensor::from([[0.5], [1.5], [2.5]]));
/// let set = InputsDataset::new(vec![user, film], Tensor::from([1.0, 0.0, 1.0]))?;
/// let (inputs, y) = DataLoader::new(&set).batch_size(2).epoch(0)?.all().next().expect("two batches")?;
/// assert_eq!((inputs[0].shape(), inputs[1].shape(), y.shape()), (&[2][..], &[2, 1][..], &[2][..]));
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct InputsDataset {
    inputs: Vec<Tensor>,
    y: Tensor,
}

impl InputsDataset {
    /// A dataset of the rows of all inputs and of `y`.
    ///
    /// # Errors
    /// If there is no input, one of the tensors is a scalar, or they do not have the same number of rows.
    pub fn new(inputs: Vec<Tensor>, y: Tensor) -> Result<InputsDataset> {
        same_rows("InputsDataset", inputs.iter().chain([&y]))?;
        if inputs.is_empty() {
            return Err(Error::new(ErrorKind::Data, "InputsDataset: needs at least one input"));
        }
        Ok(InputsDataset { inputs, y })
    }

    /// Copies of the samples with these numbers, in this order; a number may be repeated.
    ///
    /// # Errors
    /// If a sample does not exist.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_data::{Dataset, InputsDataset};
    /// let set = InputsDataset::new(vec![Tensor::from([1, 2, 3]), Tensor::from([4, 5, 6])], Tensor::from([7, 8, 9]))?;
    /// let (inputs, y) = set.select(&[2, 0])?.batch_all(&[0])?;
    /// assert_eq!((inputs[1].to_vec::<i64>()?, y.to_vec::<i64>()?), (vec![6], vec![9]));
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn select(&self, indices: &[usize]) -> Result<InputsDataset> {
        let (inputs, y) = self.batch_all(indices)?;
        Ok(InputsDataset { inputs, y })
    }
}

impl Dataset for InputsDataset {
    fn name(&self) -> &str {
        "InputsDataset"
    }
    fn len(&self) -> usize {
        self.y.shape().first().copied().unwrap_or(0)
    }
    fn inputs(&self) -> usize {
        self.inputs.len()
    }
    fn in_memory(&self) -> bool {
        true
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        only_input(self.batch_all(indices)?)
    }
    fn batch_all(&self, indices: &[usize]) -> Result<(Vec<Tensor>, Tensor)> {
        let of = |x: &Tensor| rows("batch", x, indices);
        Ok((self.inputs.iter().map(of).collect::<Result<_>>()?, of(&self.y)?))
    }
    fn range_all(&self, samples: Range<usize>) -> Result<(Vec<Tensor>, Tensor)> {
        let of = |x: &Tensor| rows_between(x, samples.clone());
        Ok((self.inputs.iter().map(of).collect::<Result<_>>()?, of(&self.y)?))
    }
}

/// The input of a batch that must have a single one: what [`Dataset::batch`] of a dataset of several inputs returns.
///
/// # Errors
/// If there are more, or none.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_data::only_input;
/// let (x, y) = (Tensor::from([1.0]), Tensor::from([0]));
/// assert_eq!(only_input((vec![x.clone()], y.clone()))?.0.shape(), [1]);
/// assert!(only_input((vec![x.clone(), x], y)).is_err());
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub fn only_input((inputs, target): (Vec<Tensor>, Tensor)) -> Result<(Tensor, Tensor)> {
    match <[Tensor; 1]>::try_from(inputs) {
        Ok([x]) => Ok((x, target)),
        Err(inputs) => {
            let text = format!("the samples have {} inputs, one is asked for; batch_all gives all", inputs.len());
            Err(Error::new(ErrorKind::Data, text))
        }
    }
}

fn same_rows<'x>(op: &str, tensors: impl Iterator<Item = &'x Tensor>) -> Result<usize> {
    let shapes: Vec<&[usize]> = tensors.map(Tensor::shape).collect();
    let rows = shapes.first().and_then(|shape| shape.first()).copied();
    match rows.filter(|rows| shapes.iter().all(|shape| shape.first() == Some(rows))) {
        Some(rows) => Ok(rows),
        None => {
            let text = format!("{op}: the shapes {shapes:?} must begin with the same number of samples");
            Err(Error::new(ErrorKind::Data, text))
        }
    }
}

/// A target for samples that have none.
fn no_target(samples: usize) -> Result<Tensor> {
    Tensor::zeros(&[samples, 0], DType::F32)
}

/// The rows of a tensor `[N, ..]` are inputs without targets, to predict from.
impl Dataset for Tensor {
    fn name(&self) -> &str {
        "the tensor"
    }
    fn len(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }
    fn has_targets(&self) -> bool {
        false
    }
    fn in_memory(&self) -> bool {
        true
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        Ok((rows("batch", self, indices)?, no_target(indices.len())?))
    }
    fn range(&self, samples: Range<usize>) -> Result<(Tensor, Tensor)> {
        Ok((rows_between(self, samples.clone())?, no_target(samples.len())?))
    }
}

/// Several inputs without targets. Where they have different numbers of rows a batch is refused.
impl Dataset for Vec<Tensor> {
    fn name(&self) -> &str {
        "the list of tensors"
    }
    fn len(&self) -> usize {
        self.iter().map(Dataset::len).max().unwrap_or(0)
    }
    fn inputs(&self) -> usize {
        Vec::len(self)
    }
    fn has_targets(&self) -> bool {
        false
    }
    fn in_memory(&self) -> bool {
        true
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        only_input(self.batch_all(indices)?)
    }
    fn batch_all(&self, indices: &[usize]) -> Result<(Vec<Tensor>, Tensor)> {
        same_rows("the list of tensors", self.iter())?;
        let inputs = self.iter().map(|x| rows("batch", x, indices)).collect::<Result<_>>()?;
        Ok((inputs, no_target(indices.len())?))
    }
}
