//! The facts that make up the identity of a run.

use super::content;
use super::rates::{self, LR};
use super::resume::callback_keys;
use crate::run::{Identity, Plan};
use crate::trainer::{Every, Scheduled, Trainer};
use autograd_core::Description;
use autograd_core::module::{Item, Module, Path, ties};
use std::collections::HashMap;
use wengert_data::Dataset;

/// The facts that are known before the first step, in two parts: reading the sets takes longest and is put off until
/// something asks.
pub(super) fn of(trainer: &Trainer<'_>, plan: &Plan, model: &dyn Module) -> Identity {
    let mut identity = Identity::default();
    identity.add("library", concat!("wengert ", env!("CARGO_PKG_VERSION")));
    if let Some((fold, seed)) = &trainer.fold {
        identity.add("fold", fold);
        identity.add("fold.seed", seed);
    }
    identity.add("epochs", plan.epochs);
    identity.add("batch_size", plan.batch_size);
    if trainer.drop_last {
        identity.add("drop_last", true);
    }
    if !trainer.shuffle {
        identity.add("shuffle", false);
    }
    if let Some(size) = trainer.validation_batch_size.filter(|size| *size != plan.batch_size) {
        identity.add("validation_batch_size", size);
    }
    if trainer.validate_every != 1 {
        identity.add("validate_every", trainer.validate_every);
    }
    if trainer.accumulate != 1 {
        identity.add("accumulate", trainer.accumulate);
    }
    if trainer.update_batch_norm {
        identity.add("update_batch_norm", true);
    }
    identity.add("clip_norm", trainer.clip_norm.map_or("none".into(), |norm| norm.to_string()));
    for (i, rule) in trainer.gradients.iter().enumerate() {
        identity.describe(&format!("gradients.{i}"), &rule.describe());
    }
    let parameters: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
    identity.describe("optimizer", &(*trainer.optimizer).describe(&parameters));
    if !trainer.schedules.iter().any(|scheduled| scheduled.name == LR) {
        identity.add("schedule", "none");
    }
    // What they make of the numbers is known when the base is: see `Rates::describe`.
    for Scheduled { name, schedule, every } in &trainer.schedules {
        let name = rates::fact(name);
        identity.describe(&name, &(**schedule).describe());
        identity.add(format!("{name}.counts"), if *every == Every::Epoch { "epochs" } else { "steps" });
    }
    if let Some(sampled) = &trainer.sampled {
        identity.describe("update_hessian", &sampled.description);
    }
    identity.describe("loss", &trainer.loss.describe());
    for (i, penalty) in trainer.penalties.iter().enumerate() {
        identity.describe(&format!("penalties.{i}"), &penalty.describe(&parameters));
    }
    for metric in &trainer.metrics {
        identity.describe(&format!("metrics.{}", metric.name()), &metric.describe());
    }
    for (key, callback) in callback_keys(&trainer.callbacks).iter().zip(&trainer.callbacks) {
        if !callback.only_watches() {
            identity.describe(&format!("callbacks.{key}"), &callback.describe());
        }
    }
    structure(&mut identity, model);
    identity
}

/// The facts about both sets.
pub(super) fn of_data(identity: &mut Identity, train: &dyn Dataset, valid: Option<&dyn Dataset>) {
    identity.describe("train", &content::describe(train));
    identity.describe("valid", &valid.map_or_else(|| Description::new("none"), content::describe));
}

/// What the model is made of, and then its tensors.
fn structure(identity: &mut Identity, model: &dyn Module) {
    identity.describe("model", &model.describe());
    let ties: HashMap<String, String> = ties(model).into_iter().collect();
    model.visit(&Path::root(), &mut |path, item| {
        let path = path.to_string();
        let name = if path.is_empty() { "model.self".to_string() } else { format!("model.{path}") };
        match item {
            Item::Param(param) => {
                identity.add(name.as_str(), format_args!("{} {:?}", param.dtype(), param.shape()));
                identity.add(format!("{name}.trainable"), param.is_trainable());
            }
            // Whether it is trained is said where it is listed first.
            Item::Tied(param) => {
                let to = ties.get(&path).map_or("another", String::as_str);
                identity.add(name, format_args!("{} {:?}, tied to {to}", param.dtype(), param.shape()));
            }
            Item::Buffer(buffer) => {
                let buffer = buffer.get();
                identity.add(name, format_args!("{} {:?}, a buffer", buffer.dtype(), buffer.shape()));
            }
            Item::Stream(_) => identity.add(name, "a source of randomness"),
            Item::Mode(mode) => identity.add(format!("{name}.held_in_evaluation"), mode.is_held()),
        }
    });
}
