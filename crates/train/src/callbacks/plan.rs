//! What is known of a run before it begins.

use crate::error::{Error, Result};
use crate::metrics::Metric;

/// The sizes and names of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many epochs there are to be.
    pub epochs: u64,
    /// Samples a batch.
    pub batch_size: usize,
    /// Batches an epoch.
    pub batches: usize,
    /// Samples to learn from.
    pub train_samples: usize,
    /// Samples to validate on.
    pub valid_samples: usize,
    /// What is measured, the loss first. The value on the validation set has the name with `val_` before it.
    pub metrics: Vec<MetricInfo>,
}

/// One of the things that are measured.
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
}

impl Plan {
    /// What stands behind a name like `loss` or `val_accuracy`. `callback` is for the error.
    ///
    /// # Errors
    /// If nothing of that name is measured.
    pub fn metric(&self, callback: &str, name: &str) -> Result<&MetricInfo> {
        let plain = name.strip_prefix("val_").unwrap_or(name);
        self.metrics.iter().find(|metric| metric.name == plain).ok_or_else(|| {
            let train = self.metrics.iter().map(|metric| metric.name.clone());
            let valid = self.metrics.iter().map(|metric| format!("val_{}", metric.name));
            Error::UnknownMetric { callback: callback.into(), name: name.into(), known: train.chain(valid).collect() }
        })
    }
}
