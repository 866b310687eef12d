//! Checks that are made before anything has changed.

use super::rates::{LR, numbers_of};
use super::resume::callback_keys;
use crate::callbacks::Callback;
use crate::checkpoint;
use crate::run::{MetricInfo, Plan};
use crate::trainer::{Every, Scheduled, Trainer};
use autograd_core::module::{Module, check_names};
use autograd_core::{Description, Error, ErrorKind, Result};
use wengert_data::{DataLoader, Dataset};

/// Sizes and names of a run.
pub(super) fn plan(trainer: &Trainer<'_>, train: &dyn Dataset, valid: Option<&dyn Dataset>) -> Result<Plan> {
    const OP: &str = "fit";
    if trainer.epochs == 0 {
        return Err(Error::argument(OP, "epochs", trainer.epochs, "at least 1"));
    }
    if trainer.batch_size == 0 {
        return Err(Error::argument(OP, "batch_size", trainer.batch_size, "at least 1"));
    }
    if trainer.accumulate == 0 {
        return Err(Error::argument(OP, "accumulate", trainer.accumulate, "at least 1"));
    }
    if trainer.validation_batch_size == Some(0) {
        return Err(Error::argument(OP, "validation_batch_size", 0, "at least 1"));
    }
    if trainer.validate_every == 0 {
        return Err(Error::argument(OP, "validate_every", trainer.validate_every, "at least 1"));
    }
    if trainer.check_capture > 0 && !trainer.capture {
        let text = format!("{OP}: check_capture is {}, and nothing is captured", trainer.check_capture);
        return Err(Error::new(ErrorKind::Argument, format!("{text}: capture(true) makes the replays that it checks")));
    }
    if let Some(max_norm) = trainer.clip_norm
        && (max_norm.is_nan() || max_norm <= 0.0)
    {
        return Err(Error::argument(OP, "clip_norm", max_norm, "greater than 0"));
    }
    for (part, set) in [("train", Some(train)), ("valid", valid)] {
        if set.is_some_and(|set| set.is_empty()) {
            return Err(Error::new(ErrorKind::Data, format!("{OP}: the {part} set has no samples")));
        }
    }
    for (part, set) in [("train", Some(train)), ("valid", valid)] {
        if let Some(set) = set.filter(|set| !set.has_targets()) {
            let text = format!("{OP}: the {part} set, {}, has no targets to learn from", set.name());
            return Err(Error::new(ErrorKind::Data, text));
        }
    }
    let mut metrics = vec![MetricInfo::loss()];
    for metric in &trainer.metrics {
        metric.start()?;
        let metric = MetricInfo::of(&**metric);
        if metric.name.starts_with("val_") {
            let text = format!("{OP}: the metric {:?} must have a name that does not begin with val_", metric.name);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        if metric.name.is_empty() || ["epoch", "lr"].contains(&&*metric.name) {
            let text = format!("{OP}: a metric cannot be called {:?}, it is a column of histories", metric.name);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        if metrics.iter().any(|other| other.name == metric.name) {
            let text = format!("{OP}: two metrics are called {:?}", metric.name);
            return Err(Error::new(ErrorKind::Argument, text));
        }
        metrics.push(metric);
    }
    Ok(Plan {
        epochs: trainer.epochs,
        batch_size: trainer.batch_size,
        batches: batches_of(train, trainer)?,
        train_samples: train.len(),
        valid_samples: valid.map(|valid| valid.len()),
        metrics,
        scheduled: trainer.schedules.iter().map(|scheduled| scheduled.name.clone()).collect(),
    })
}

/// The number of batches in an epoch.
fn batches_of(train: &dyn Dataset, trainer: &Trainer<'_>) -> Result<usize> {
    let loader = DataLoader::new(train).batch_size(trainer.batch_size).drop_last(trainer.drop_last);
    loader.num_batches().map_err(|e| e.context("fit: the train set"))
}

/// Whether there is a hyperparameter for every schedule, and a schedule for every step.
fn schedules(trainer: &Trainer<'_>, plan: &Plan) -> Result<()> {
    for Scheduled { name, schedule, every } in &trainer.schedules {
        let setter = |every: &Every| match (name == LR, every) {
            (true, Every::Epoch) => "schedule",
            (true, Every::Step) => "schedule_by_step",
            (false, Every::Epoch) => "schedule_of",
            (false, Every::Step) => "schedule_of_by_step",
        };
        let same = trainer.schedules.iter().filter(|other| other.name == *name);
        let all: Vec<&str> = same.map(|other| setter(&other.every)).collect();
        if all.len() > 1 {
            let of = if name == LR { String::new() } else { format!(" of {name}") };
            let text = format!("fit: a run has one schedule{of}, set are {}; then joins two", all.join(" and "));
            return Err(Error::new(ErrorKind::Argument, text));
        }
        trainer.optimizer.get(name).map_err(|e| e.context(setter(every)))?;
        schedule.check()?;
        schedule.check_steps(numbers_of(*every, plan, trainer.accumulate))?;
    }
    Ok(())
}

/// Whether at most one callback decides which weights the model has at the end.
fn one_restores(callbacks: &[Box<dyn Callback + '_>]) -> Result<()> {
    let restores = |of: Description| {
        of.kind() == "EarlyStopping" && of.options().any(|option| option == ("restore_best_weights", "true"))
    };
    if callbacks.iter().filter(|callback| restores(callback.describe())).count() < 2 {
        return Ok(());
    }
    let text = "fit: two EarlyStopping would put their best weights back, and the model can have those of one";
    Err(Error::new(ErrorKind::Argument, format!("{text}: set restore_best_weights(false) on the others")))
}

/// Whether the run can begin, checkpoints apart; the callbacks are asked last.
pub(super) fn all(trainer: &mut Trainer<'_>, plan: &Plan, model: &dyn Module) -> Result<()> {
    trainer.optimizer.check()?;
    schedules(trainer, plan)?;
    trainer.penalties.iter().try_for_each(|penalty| penalty.check())?;
    trainer.gradients.iter().try_for_each(|rule| rule.check())?;
    if let Some(sampled) = &trainer.sampled {
        if sampled.every == 0 {
            return Err(Error::argument("update_hessian", "every", 0, "at least 1"));
        }
        if !trainer.optimizer.estimates_hessian() {
            let text = "the optimizer keeps no estimate of the Hessian, SophiaG does";
            return Err(Error::new(ErrorKind::Argument, format!("update_hessian: {text}")));
        }
    }
    check_names(model)?;
    let parameters = model.parameters();
    if !parameters.iter().any(|parameter| parameter.is_trainable()) {
        let model = format!("the model has {} parameters, and none of them is trainable", parameters.len());
        return Err(Error::new(ErrorKind::Argument, format!("fit: nothing to train: {model}")));
    }
    if trainer.resume && trainer.checkpoint.is_none() {
        let text = "fit: resume needs to know where from: name the directory with checkpoint";
        return Err(Error::new(ErrorKind::Argument, text));
    }
    if let (true, Some(dir)) = (trainer.resume, &trainer.checkpoint) {
        // Before callbacks make the directory.
        checkpoint::find(dir)?;
    }
    one_restores(&trainer.callbacks)?;
    let keys = callback_keys(&trainer.callbacks);
    if let Some((_, twice)) = keys.iter().enumerate().find(|(i, key)| keys[..*i].contains(key)) {
        let text = format!("fit: two callbacks would be called {twice:?} in a checkpoint; one needs another name");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    trainer.callbacks.iter_mut().try_for_each(|callback| callback.check(plan).map_err(|e| e.context(callback.name())))
}
