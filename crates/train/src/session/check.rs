//! Everything that can be known to be wrong before anything has changed.

use crate::callbacks::{MetricInfo, Plan};
use crate::checkpoint::Snapshot;
use crate::error::{Error, Part, Result, require};
use crate::trainer::Trainer;
use autograd_core::module::Module;
use std::path::PathBuf;
use wengert_data::Dataset;

/// Sizes and names of a run.
pub(super) fn plan(trainer: &Trainer<'_>, train: &dyn Dataset, valid: &dyn Dataset) -> Result<Plan> {
    const OP: &str = "fit";
    require(trainer.epochs > 0, OP, "epochs", trainer.epochs, "at least 1")?;
    require(trainer.batch_size > 0, OP, "batch_size", trainer.batch_size, "at least 1")?;
    if let Some(max_norm) = trainer.clip_norm {
        require(max_norm > 0.0, OP, "clip_norm", max_norm, "greater than 0")?;
    }
    for (part, set) in [(Part::Train, train), (Part::Valid, valid)] {
        if set.is_empty() {
            return Err(Error::EmptyDataset { op: OP, part });
        }
    }
    let mut metrics = vec![MetricInfo::loss()];
    for metric in &trainer.metrics {
        let metric = MetricInfo::of(&**metric);
        require(
            !metric.name.starts_with("val_"),
            OP,
            "name of a metric",
            &metric.name,
            "one that does not begin with val_",
        )?;
        if metrics.iter().any(|other| other.name == metric.name) {
            return Err(Error::DuplicateMetric { name: metric.name });
        }
        metrics.push(metric);
    }
    Ok(Plan {
        epochs: trainer.epochs,
        batch_size: trainer.batch_size,
        batches: train.len().div_ceil(trainer.batch_size),
        train_samples: train.len(),
        valid_samples: valid.len(),
        metrics,
    })
}

/// Whether the run can begin; returns the checkpoint that it goes on from, and where that was found.
pub(super) fn all(trainer: &mut Trainer<'_>, plan: &Plan, model: &dyn Module) -> Result<Option<(Snapshot, PathBuf)>> {
    trainer.optimizer.check()?;
    if let Some((schedule, _)) = &trainer.schedule {
        schedule.check()?;
    }
    let parameters = model.parameters();
    if !parameters.iter().any(|parameter| parameter.is_trainable()) {
        return Err(Error::NothingToTrain { parameters: parameters.len() });
    }
    let resumed = match (&trainer.checkpoint, trainer.resume) {
        (_, false) => None,
        (None, true) => return Err(Error::ResumeFromNowhere),
        (Some(dir), true) => Some((Snapshot::load(dir)?, dir.clone())),
    };
    if let Some((snapshot, dir)) = &resumed {
        snapshot.check(plan, model, dir)?;
    }
    trainer.callbacks.iter_mut().try_for_each(|callback| callback.check(plan))?;
    Ok(resumed)
}
