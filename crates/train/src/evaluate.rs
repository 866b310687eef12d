//! A trained model in use.

use crate::metrics::Metric;
use autograd_core::{Error, ErrorKind, Result, Tensor, no_grad};
use wengert_data::{DataLoader, Dataset};
use wengert_nn::Layer;

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
    Evaluation::new().evaluate(model, data, metric)
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
    Evaluation::new().predict(model, data)
}

/// A model in use, with options: [`evaluate`] and [`predict`] are without.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_data::TensorDataset;
/// use wengert_nn::Identity;
/// use wengert_train::{Accuracy, Evaluation};
///
/// let data = TensorDataset::new(Tensor::from([[2.0, 1.0], [0.0, 5.0]]), Tensor::from([0, 0]))?;
/// let one_by_one = Evaluation::new().batch_size(1);
/// assert_eq!(one_by_one.evaluate(&Identity, &data, Accuracy)?, 0.5);
/// assert_eq!(one_by_one.predict(&Identity, &data)?.to_vec::<f32>()?, [2.0, 1.0, 0.0, 5.0]);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "an evaluation does nothing before evaluate or predict"]
pub struct Evaluation {
    batch_size: usize,
}

impl Default for Evaluation {
    fn default() -> Self {
        Evaluation { batch_size: 256 }
    }
}

impl Evaluation {
    /// By default batches of 256 samples.
    pub fn new() -> Evaluation {
        Evaluation::default()
    }

    /// Samples in a batch, at least 1: fewer where one of them takes much memory, more where it takes little. Default
    /// 256.
    pub fn batch_size(mut self, batch_size: usize) -> Evaluation {
        self.batch_size = batch_size;
        self
    }

    /// A metric of a model on a dataset, as [`evaluate`] has it.
    ///
    /// # Errors
    /// Those of [`evaluate`], or if `batch_size` is 0.
    pub fn evaluate<M: Layer + Clone>(&self, model: &M, data: &dyn Dataset, metric: impl Metric) -> Result<f64> {
        let mut tally = metric.start()?;
        if !data.has_targets() {
            let text = format!("evaluate: {} has no targets to compare with", data.name());
            return Err(Error::new(ErrorKind::Data, text));
        }
        self.each_output("evaluate", model, data, |output, target| tally.update(output, target))?;
        Ok(tally.value())
    }

    /// The outputs of a model for all samples of a dataset, as [`predict`] has them.
    ///
    /// # Errors
    /// Those of [`predict`], or if `batch_size` is 0.
    pub fn predict<M: Layer + Clone>(&self, model: &M, data: &dyn Dataset) -> Result<Tensor> {
        let mut outputs = Vec::new();
        self.each_output("predict", model, data, |output, target| {
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

    /// Whether a metric fits the first outputs of a model that is to be trained, which stays as it is. What the model
    /// refuses its training says, and with a better place.
    pub(crate) fn try_metric<M: Layer + Clone>(
        &self,
        model: &M,
        data: &dyn Dataset,
        metric: &dyn Metric,
    ) -> Result<()> {
        let (mut model, mut tally) = (model.clone(), metric.start()?);
        model.eval();
        let Some((inputs, y)) = DataLoader::new(data).batch_size(self.batch_size).epoch(0)?.all().next().transpose()?
        else {
            return Ok(());
        };
        let tried = no_grad(|| model.forward_all(&inputs).map_or(Ok(()), |output| tally.update(&output, &y)));
        // Training changes numbers, but no shapes.
        tried.or_else(|error| match error.kind() {
            ErrorKind::Shape | ErrorKind::DType => Err(error),
            _ => Ok(()),
        })
    }

    /// Calls `f` with outputs and targets, batch by batch.
    fn each_output<M: Layer + Clone>(
        &self,
        op: &str,
        model: &M,
        data: &dyn Dataset,
        mut f: impl FnMut(&Tensor, &Tensor) -> Result<()>,
    ) -> Result<()> {
        if self.batch_size == 0 {
            return Err(Error::argument(op, "batch_size", self.batch_size, "at least 1"));
        }
        if data.is_empty() {
            return Err(Error::new(ErrorKind::Data, format!("{op}: the test set has no samples")));
        }
        let mut model = model.clone();
        model.eval();
        for batch in DataLoader::new(data).batch_size(self.batch_size).epoch(0)?.all() {
            // A set may compute gradients itself.
            let (inputs, y) = batch?;
            no_grad(|| f(&model.forward_all(&inputs)?, &y))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use wengert_data::TensorDataset;
    use wengert_nn::Identity;

    /// Notes the sizes of batches.
    struct Sizes(RefCell<Vec<usize>>);

    struct Noted<'s>(&'s RefCell<Vec<usize>>);

    impl Metric for Sizes {
        fn name(&self) -> &str {
            "sizes"
        }
        fn start(&self) -> Result<Box<dyn crate::metrics::Tally + '_>> {
            Ok(Box::new(Noted(&self.0)))
        }
    }

    impl crate::metrics::Tally for Noted<'_> {
        fn update(&mut self, output: &Tensor, _: &Tensor) -> Result<()> {
            self.0.borrow_mut().push(output.shape()[0]);
            Ok(())
        }
        fn value(&self) -> f64 {
            0.0
        }
    }

    #[test]
    fn batches_have_the_size_that_is_asked_for() {
        let x = Tensor::from_vec((0..600).map(f64::from).collect(), &[300, 2]).expect("600");
        let set = TensorDataset::new(x.clone(), x.clone()).expect("as many");
        let sizes = |evaluation: Evaluation| {
            let metric = Sizes(RefCell::new(Vec::new()));
            evaluation.evaluate(&Identity, &set, &metric).expect("it fits");
            assert_eq!(evaluation.predict(&Identity, &set).expect("it fits").to_f64s(), x.to_f64s());
            metric.0.into_inner()
        };
        assert_eq!(sizes(Evaluation::new()), [256, 44]);
        assert_eq!(sizes(Evaluation::new().batch_size(130)), [130, 130, 40]);
        assert_eq!(sizes(Evaluation::new().batch_size(usize::MAX)), [300]);
        let none = Evaluation::new().batch_size(0);
        let text = none.evaluate(&Identity, &set, Sizes(RefCell::new(Vec::new()))).expect_err("none").to_string();
        assert_eq!(text, "evaluate: batch_size is 0, it must be at least 1");
        let text = none.predict(&Identity, &set).expect_err("none").to_string();
        assert_eq!(text, "predict: batch_size is 0, it must be at least 1");
    }
}
