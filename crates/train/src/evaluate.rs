//! A trained model in use.
use crate::metrics::Metric;
use autograd_core::{Error, ErrorKind, Result, Tensor, no_grad};
use wengert_data::{DataLoader, Dataset};
use wengert_nn::Layer;

/// The number of samples in a batch.
const BATCH: usize = 256;

/// A metric of a model on a dataset.
///
/// A clone of the model in evaluation mode does the work, in batches, without recording: the model stays as it is.
///
/// # Errors
/// If the dataset is empty, an option of the metric is outside its range, or the model or the metric fails on a batch.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::TensorDataset;
/// use wengert_nn::Identity;
/// use wengert_train::{Accuracy, evaluate};
///
/// let outputs = TensorDataset::new(Tensor::from([[2.0, 1.0], [0.0, 5.0]]), Tensor::from([0, 0]))?;
/// assert_eq!(evaluate(&Identity, &outputs, Accuracy)?, 0.5);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub fn evaluate<M: Layer + Clone>(model: &M, data: &dyn Dataset, metric: impl Metric) -> Result<f64> {
    let mut tally = metric.start()?;
    if !data.has_targets() {
        let text = format!("evaluate: {} has no targets to compare with", data.name());
        return Err(Error::new(ErrorKind::Data, text));
    }
    each_output("evaluate", model, data, |output, target| tally.update(output, target))?;
    Ok(tally.value())
}

/// The outputs of a model for all samples of a dataset, in order, computed as in [`evaluate`]. Targets are not needed:
/// the dataset may be a tensor of inputs, or a `Vec` of them for a model of several.
///
/// # Shapes
/// `[N, ..]`, where a batch of B samples has an output `[B, ..]`.
///
/// # Errors
/// If the dataset is empty, or the model fails on a batch or does not return a row for each sample.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::TensorDataset;
/// use wengert_nn::Identity;
/// use wengert_train::predict;
///
/// let x = Tensor::from([[2.0, 1.0], [0.0, 5.0]]);
/// assert_eq!(predict(&Identity, &x)?.to_vec::<f32>()?, [2.0, 1.0, 0.0, 5.0]);
/// let data = TensorDataset::new(x, Tensor::from([0, 0]))?;
/// assert_eq!(predict(&Identity, &data)?.to_vec::<f32>()?, [2.0, 1.0, 0.0, 5.0]);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub fn predict<M: Layer + Clone>(model: &M, data: &dyn Dataset) -> Result<Tensor> {
    let mut outputs = Vec::new();
    each_output("predict", model, data, |output, target| {
        let samples = target.shape().first();
        if output.shape().first() != samples {
            let expected = format!("[{}, ..], a row for each sample", samples.unwrap_or(&0));
            return Err(Error::shape("predict", "the output", output.shape(), expected));
        }
        outputs.push(output.clone());
        Ok(())
    })?;
    no_grad(|| Tensor::cat(&outputs.iter().collect::<Vec<_>>(), 0))
}

/// Calls `f` with outputs and targets, batch by batch.
fn each_output<M: Layer + Clone>(
    op: &str,
    model: &M,
    data: &dyn Dataset,
    mut f: impl FnMut(&Tensor, &Tensor) -> Result<()>,
) -> Result<()> {
    if data.is_empty() {
        return Err(Error::new(ErrorKind::Data, format!("{op}: the test set has no samples")));
    }
    let mut model = model.clone();
    model.eval();
    for batch in DataLoader::new(data).batch_size(BATCH).epoch(0)?.all() {
        // A set may compute gradients itself.
        let (inputs, y) = batch?;
        no_grad(|| f(&model.forward_all(&inputs)?, &y))?;
    }
    Ok(())
}
