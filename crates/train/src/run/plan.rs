//! Sizes and names of a run, known before it begins.

use crate::metrics::Metric;
use autograd_core::{Error, ErrorKind, Result};
use wengert_optim::Better;

/// The sizes and names of a run.
///
/// # Examples
/// ```
/// use wengert_train::{MetricInfo, Plan};
/// let loss = MetricInfo { name: "loss".into(), higher_is_better: false };
/// let metrics = vec![loss.clone()];
/// let plan = Plan { epochs: 9, batch_size: 32, batches: 4, train_samples: 100, valid_samples: None, metrics, scheduled: vec![] };
/// assert_eq!(plan.metric("loss")?, &loss);
/// assert!(plan.metric("val_loss").is_err());
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number of epochs, if nothing stops the run.
    pub epochs: u64,
    /// Samples in a batch; the last one of an epoch may have fewer.
    pub batch_size: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Samples to learn from.
    pub train_samples: usize,
    /// Samples to validate on; none without a validation set.
    pub valid_samples: Option<usize>,
    /// The measurements, the loss first. The value on the validation set has the name with `val_` before it.
    pub metrics: Vec<MetricInfo>,
    /// The names of the hyperparameters that schedules set; `lr` is the learning rate.
    pub scheduled: Vec<String>,
}

/// One of the measurements.
///
/// # Examples
/// ```
/// use wengert_train::MetricInfo;
/// let accuracy = MetricInfo { name: "accuracy".into(), higher_is_better: true };
/// assert!(accuracy.higher_is_better);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricInfo {
    /// Its name.
    pub name: String,
    /// Whether larger values are better ones.
    pub higher_is_better: bool,
}

impl MetricInfo {
    pub(crate) fn of(metric: &dyn Metric) -> MetricInfo {
        MetricInfo { name: metric.name().into(), higher_is_better: metric.higher_is_better() }
    }

    pub(crate) fn loss() -> MetricInfo {
        MetricInfo { name: "loss".into(), higher_is_better: false }
    }

    /// Its direction.
    pub(crate) fn better(&self) -> Better {
        if self.higher_is_better { Better::Higher } else { Better::Lower }
    }
}

impl Plan {
    /// The metric behind a name like `loss` or `val_accuracy`.
    ///
    /// # Errors
    /// If nothing of that name is measured.
    pub fn metric(&self, name: &str) -> Result<&MetricInfo> {
        let (plain, valid) = name.strip_prefix("val_").map_or((name, false), |plain| (plain, true));
        match self.metrics.iter().find(|metric| metric.name == plain) {
            Some(_) if valid && self.valid_samples.is_none() => {
                let remedy = format!("give one to fit, or use {plain:?}");
                let text = format!("{name:?} is measured on a validation set, and this run has none; {remedy}");
                Err(Error::new(ErrorKind::Argument, text))
            }
            Some(metric) => Ok(metric),
            None => {
                let train = self.metrics.iter().map(|metric| metric.name.clone());
                let valid = self.metrics.iter().filter(|_| self.valid_samples.is_some());
                let known: Vec<String> = train.chain(valid.map(|metric| format!("val_{}", metric.name))).collect();
                let text = format!("there is no metric {name:?}; measured are {known:?}");
                Err(Error::new(ErrorKind::Argument, text))
            }
        }
    }
}
