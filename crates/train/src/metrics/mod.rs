//! Metrics: measures of a model beside its loss, one file for each.
//!
//! A [`Metric`] has the settings, and starts a [`Tally`] that measures it over one pass. They are two types: there is
//! nothing to reset, and one metric can be measured on several sets at once. Names are scikit-learn's.

#[cfg(test)]
#[macro_use]
mod cases;

mod accuracy;
pub use accuracy::Accuracy;
mod binary_accuracy;
pub use binary_accuracy::BinaryAccuracy;
mod confusion_matrix;
pub use confusion_matrix::{ConfusionMatrix, confusion_matrix};
mod mean_loss;
pub use mean_loss::MeanLoss;

use crate::number::number;
use autograd_core::{Description, Error, ErrorKind, Result, Tensor};
use wengert_nn::LossParts;

/// A measure of outputs against their targets.
///
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::{Metric, Result, Tally};
///
/// /// The largest error of any prediction.
/// struct MaxError;
///
/// /// NaN before anything is counted.
/// struct Largest(f64);
///
/// impl Metric for MaxError {
///     fn name(&self) -> &str {
///         "max_error"
///     }
///     fn higher_is_better(&self) -> bool {
///         false
///     }
///     fn start(&self) -> Result<Box<dyn Tally + '_>> {
///         Ok(Box::new(Largest(f64::NAN)))
///     }
/// }
///
/// impl Tally for Largest {
///     fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
///         self.0 = output.try_sub(target)?.to_f64s().iter().fold(self.0, |largest, e| largest.max(e.abs()));
///         Ok(())
///     }
///     fn value(&self) -> f64 {
///         self.0
///     }
/// }
///
/// let mut tally = MaxError.start()?;
/// assert!(tally.value().is_nan());
/// tally.update(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 2.5]))?;
/// tally.update(&Tensor::from([3.0]), &Tensor::from([2.0]))?;
/// assert_eq!(tally.value(), 1.0);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub trait Metric {
    /// Its name in histories, plots and monitors.
    fn name(&self) -> &str;

    /// Whether larger values are better ones.
    fn higher_is_better(&self) -> bool {
        true
    }

    /// Its kind and options: a run goes on from a checkpoint only with the same metrics. The default is the name of the
    /// type; a metric with options should describe them, too.
    fn describe(&self) -> Description {
        Description::of::<Self>()
    }

    /// Starts measuring.
    ///
    /// # Errors
    /// If an option is outside its range.
    fn start(&self) -> Result<Box<dyn Tally + '_>>;
}

/// A [`Metric`] being measured, batch by batch.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::{Accuracy, Metric, Tally};
/// let mut tally: Box<dyn Tally> = Accuracy.start()?;
/// tally.update(&Tensor::from([[0.2, 0.8]]), &Tensor::from([1]))?;
/// tally.update(&Tensor::from([[0.2, 0.8]]), &Tensor::from([0]))?;
/// assert_eq!(tally.value(), 0.5);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub trait Tally {
    /// Counts in the outputs and targets of a batch.
    ///
    /// # Errors
    /// If they do not fit the metric; then nothing is counted.
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()>;

    /// The metric of everything counted so far; NaN if nothing was counted.
    fn value(&self) -> f64;
}

/// The error for an output and a target that do not fit a metric.
fn misfits(metric: &str, output: &Tensor, target: &Tensor, expected: &str) -> Error {
    let (dtype, o, t) = (target.dtype(), output.shape(), target.shape());
    Error::new(ErrorKind::Shape, format!("{metric}: output {o:?} and target {dtype} {t:?} do not fit: {expected}"))
}

/// A sum and what it is divided by: the number of samples, or the sum of their weights.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    pub(crate) fn add(&mut self, sum: f64, count: usize) {
        self.sum += sum;
        self.count += count as f64;
    }

    /// Adds a batch's numerator and denominator.
    pub(crate) fn add_parts(&mut self, parts: &LossParts) -> Result<()> {
        let denominator = denominator_of(parts)?;
        self.sum += number("numerator of the loss", &parts.numerator)?;
        self.count += denominator;
        Ok(())
    }

    /// Whether nothing was counted.
    pub(crate) fn is_of_nothing(&self) -> bool {
        self.count == 0.0
    }

    /// The mean; NaN without samples.
    pub(crate) fn value(&self) -> f64 {
        self.sum / self.count
    }
}

/// What a loss divides by, as a number.
///
/// # Errors
/// If it is not finite.
pub(crate) fn denominator_of(parts: &LossParts) -> Result<f64> {
    let denominator = number("denominator of the loss", &parts.denominator)?;
    if denominator.is_finite() {
        return Ok(denominator);
    }
    let text = format!("the denominator of the loss is {denominator}, it must be finite");
    Err(Error::new(ErrorKind::NotFinite, text))
}

impl<M: Metric + ?Sized> Metric for &M {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn higher_is_better(&self) -> bool {
        (**self).higher_is_better()
    }

    fn describe(&self) -> Description {
        (**self).describe()
    }

    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        (**self).start()
    }
}
