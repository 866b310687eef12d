//! The history of a run: its metrics, epoch by epoch.

pub(crate) mod float;
pub(crate) mod short;
mod table;
pub(crate) mod width;

use serde::{Deserialize, Serialize};

/// The epochs of a run, and how it ended.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, seeded};
/// # use wengert_data::TensorDataset;
/// # use wengert_nn::{Linear, mse_loss};
/// # use wengert_optim::Sgd;
/// use wengert_train::{EpochRecord, History, Trainer};
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(3);
/// let history: History = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// assert_eq!((history.epochs.len(), history.values("loss").len(), history.stopped.is_none()), (3, 3, true));
/// let best: &EpochRecord = history.best().expect("losses are numbers");
/// assert_eq!((best.epoch, best.get("val_loss")), (3, None));
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One record for each epoch.
    pub epochs: Vec<EpochRecord>,
    /// Names of the parameters that were trainable in some step, and got no gradient in any: they learned nothing.
    pub without_gradient: Vec<String>,
    /// Why the run was stopped or paused, if it was, be it in its last epoch.
    pub stopped: Option<String>,
}

/// The measurements of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// The learning rate of its last step.
    #[serde(with = "float")]
    pub lr: f64,
    /// On the training set, while it was being learned: the loss, then the metrics. Layers were in training mode, and
    /// the weights changed from batch to batch.
    pub train: Metrics,
    /// On the validation set after the epoch, in evaluation mode: the loss, then the metrics. Empty without a
    /// validation set, and in an epoch without validation
    /// ([`Trainer::validate_every`](crate::Trainer::validate_every)).
    pub valid: Metrics,
}

/// Values by name, in a fixed order.
///
/// # Examples
/// ```
/// use wengert_train::Metrics;
/// let metrics: Metrics = [("loss".to_string(), 0.5), ("accuracy".to_string(), 0.75)].into_iter().collect();
/// assert_eq!((metrics.get("accuracy"), metrics.iter().next()), (Some(0.75), Some(("loss", 0.5))));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics(Vec<MetricValue>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct MetricValue {
    name: String,
    #[serde(with = "float")]
    value: f64,
}

impl History {
    /// The epoch with the lowest loss on the validation set, of those that were validated (without one: on the training
    /// set), the first of equals; none if there is no epoch whose loss is a number.
    pub fn best(&self) -> Option<&EpochRecord> {
        let of_valid = self.epochs.iter().any(|epoch| epoch.get("val_loss").is_some());
        let name = if of_valid { "val_loss" } else { "loss" };
        let loss = |epoch: &EpochRecord| epoch.get(name).filter(|loss| !loss.is_nan());
        let losses = self.epochs.iter().filter_map(|epoch| Some((epoch, loss(epoch)?)));
        losses.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(epoch, _)| epoch)
    }

    /// The values of one metric, epoch by epoch, by the names of [`EpochRecord::get`], of the epochs in which it was
    /// measured.
    pub fn values(&self, name: &str) -> Vec<f64> {
        self.epochs.iter().filter_map(|epoch| epoch.get(name)).collect()
    }

    /// All names that [`EpochRecord::get`] knows in some epoch: those of the training set, then those of the validation
    /// set. A run that goes on may measure others than before.
    pub(crate) fn names(&self) -> Vec<String> {
        let train = self.epochs.iter().flat_map(|epoch| epoch.train.iter().map(|(name, _)| name.to_string()));
        let valid = self.epochs.iter().flat_map(|epoch| epoch.valid.iter().map(|(name, _)| format!("val_{name}")));
        let mut names = Vec::new();
        for name in train.chain(valid) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl EpochRecord {
    /// The value of a name: `loss`, `accuracy` for the training set, `val_loss`, `val_accuracy` for the validation set.
    pub fn get(&self, name: &str) -> Option<f64> {
        match name.strip_prefix("val_") {
            Some(name) => self.valid.get(name),
            None => self.train.get(name),
        }
    }
}

impl Metrics {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values, the loss first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|entry| (entry.name.as_str(), entry.value))
    }
}

impl FromIterator<(String, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (String, f64)>>(values: I) -> Self {
        Metrics(values.into_iter().map(|(name, value)| MetricValue { name, value }).collect())
    }
}
