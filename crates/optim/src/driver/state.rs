//! Saving and loading what changes while training.

use super::{Driver, Slot};
use crate::error::{Error, Result};
use crate::rule::Rule;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Shape, Tensor};
use std::collections::HashSet;

const LR: &str = "lr";
const STEP: &str = "step";

impl<R: Rule> Driver<R> {
    pub(super) fn save(&self) -> StateDict {
        let mut state = StateDict::new();
        state.insert(LR, Tensor::scalar(self.hyper.lr));
        for slot in self.slots.iter().filter(|slot| slot.t > 0) {
            // 2⁶³ steps are out of reach.
            state.insert(format!("{}.{STEP}", slot.name), Tensor::scalar(slot.t as i64));
            for (name, value) in slot.hyper.rule.slots().iter().zip(&slot.state) {
                state.insert(format!("{}.{name}", slot.name), value.clone());
            }
        }
        state
    }

    pub(super) fn load(&mut self, state: &StateDict) -> Result<()> {
        let mut problems = Vec::new();
        let mut slots: Vec<Slot<R>> = Vec::new();
        let mut seen = HashSet::new();
        let owners = state.iter().filter_map(|(key, _)| key.rsplit_once('.')).map(|(parameter, _)| parameter);
        for parameter in owners.filter(|parameter| seen.insert(*parameter)) {
            let hyper = self.hyper_of(parameter, |_| ());
            let mut find = |slot: &str| {
                let key = format!("{parameter}.{slot}");
                let value = state.get(&key);
                if value.is_none() {
                    problems.push(StateProblem::Missing(key));
                }
                value
            };
            let t = find(STEP).map_or(Ok(0), |t| step_count::<R>(parameter, t))?;
            let tensors = hyper.rule.slots().iter().filter_map(|slot| find(slot).map(Tensor::detach)).collect();
            slots.push(Slot { name: parameter.into(), id: None, hyper, t, fits: None, state: tensors });
        }
        let owned = |parameter: &str| slots.iter().find(|slot| slot.name == parameter).map(|slot| &slot.hyper.rule);
        for (key, _) in state.iter() {
            let known = match key.rsplit_once('.') {
                None => key == LR,
                Some((_, STEP)) => true,
                Some((parameter, slot)) => owned(parameter).is_some_and(|rule| rule.slots().contains(&slot)),
            };
            if !known {
                problems.push(StateProblem::Unexpected(key.into()));
            }
        }
        let lr = match state.get(LR) {
            Some(lr) => learning_rate::<R>(lr)?,
            None => {
                problems.insert(0, StateProblem::Missing(LR.into()));
                self.hyper.lr
            }
        };
        if !problems.is_empty() {
            return Err(autograd_core::Error::from(StateMismatch { problems }).into());
        }
        self.hyper.lr = lr;
        self.slots = slots;
        self.bound = false;
        Ok(())
    }
}

/// A step count; PyTorch's are floats.
fn step_count<R: Rule>(parameter: &str, value: &Tensor) -> Result<u64> {
    match single(value) {
        Some(t) if t >= 0.0 && t.fract() == 0.0 && t <= i64::MAX as f64 => Ok(t as u64),
        _ => Err(wrong::<R>(format!("{parameter}.{STEP}"), value, "one whole number, at least 0")),
    }
}

fn learning_rate<R: Rule>(value: &Tensor) -> Result<f64> {
    match single(value) {
        Some(lr) if value.dtype() == DType::F64 && lr >= 0.0 && lr.is_finite() => Ok(lr),
        _ => Err(wrong::<R>(LR.into(), value, "one F64, finite and at least 0")),
    }
}

fn single(value: &Tensor) -> Option<f64> {
    if value.numel() == 1 { value.to_f64s().first().copied() } else { None }
}

fn wrong<R: Rule>(key: String, value: &Tensor, must: &'static str) -> Error {
    let value = match single(value) {
        Some(number) => format!("{number} ({})", value.dtype()),
        None => format!("{} {}", value.dtype(), Shape::from(value.shape())),
    };
    Error::StateValue { optimizer: R::NAME, key, value, must }
}
