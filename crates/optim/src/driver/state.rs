//! The state dict of a driver: saving and loading.

use super::group_names::RATIO;
use super::{Driver, Slot, Slots};
use crate::evaluation::Swapped;
use crate::rule::Rule;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Error, ErrorKind, Result, Shape, Tensor};
use std::collections::HashSet;

const LR: &str = "lr";
const STEP: &str = "step";
/// The shape of state that is in use and not there: it was switched on while its parameter rested, whose next step
/// makes it.
const NOT_BEGUN: [usize; 1] = [0];

impl<R> Slot<R> {
    /// What a file has for state that is not there; of the dtype of the rest, if there is any.
    fn not_begun(&self) -> Tensor {
        let dtype = self.state.iter().flatten().next().map_or(DType::F32, Tensor::dtype);
        Tensor::zeros(&NOT_BEGUN, dtype).unwrap_or_else(|_| unreachable!("nothing is small"))
    }
}

impl<R: Rule> Driver<R> {
    pub(super) fn save(&self) -> StateDict {
        let mut state = StateDict::new();
        state.insert(LR, Tensor::scalar(self.hyper.lr));
        for (name, value) in R::SHARED.iter().zip(&self.shared) {
            state.insert(*name, Tensor::scalar(*value));
        }
        for slot in self.slots.iter().filter(|slot| slot.t > 0) {
            // 2⁶³ steps are out of reach.
            state.insert(format!("{}.{STEP}", slot.name), Tensor::scalar(slot.t as i64));
            for (name, value) in R::NUMBERS.iter().zip(&slot.numbers) {
                state.insert(format!("{}.{name}", slot.name), Tensor::scalar(*value));
            }
            // What was switched off since the last step is not used by the next one. Otherwise the slot knows, and the
            // closures of groups are not run.
            let changed = (self.slots_are != Slots::Current).then(|| self.hyper_of(&slot.name, |_| ()).rule);
            let rule = changed.as_ref().unwrap_or(&slot.hyper.rule);
            for (k, (name, value)) in R::STATE.iter().zip(&slot.state).enumerate() {
                if rule.uses(k) {
                    let value = value.clone().unwrap_or_else(|| slot.not_begun());
                    state.insert(format!("{}.{name}", slot.name), value);
                }
            }
        }
        self.save_ratios(&mut state);
        if let Some(swapped) = &self.swapped {
            swapped.save(&mut state);
        }
        state
    }

    pub(super) fn load(&mut self, state: &StateDict) -> Result<()> {
        let (ratios, mut rest) = self.ratios(state)?;
        let mut swapped = None;
        if R::EVALUATES {
            (swapped, rest) = Swapped::split(&rest)?;
        }
        self.load_slots(&rest, &ratios)?;
        self.swapped = swapped;
        Ok(())
    }

    fn load_slots(&mut self, state: &StateDict, ratios: &[Option<f64>]) -> Result<()> {
        let mut problems = Vec::new();
        let mut slots: Vec<Slot<R>> = Vec::new();
        let mut seen = HashSet::new();
        let mut expected: HashSet<String> = R::SHARED.iter().map(|name| name.to_string()).collect();
        expected.insert(LR.into());
        let mut find = |key: String| {
            let value = state.get(&key);
            if value.is_none() {
                problems.push(StateProblem::Missing(key.clone()));
            }
            expected.insert(key);
            value
        };
        let lr = find(LR.into()).map_or(Ok(self.hyper.lr), learning_rate::<R>)?;
        // A rate that is left is that of a group that there is not.
        let owners = state.iter().filter_map(|(key, _)| key.rsplit_once('.')).filter(|(_, what)| *what != RATIO);
        let owners = owners.map(|(parameter, _)| parameter);
        for parameter in owners.filter(|parameter| seen.insert(*parameter)) {
            let hyper = self.hyper_of(parameter, |_| ());
            let key = |name: &str| format!("{parameter}.{name}");
            let t = find(key(STEP)).map_or(Ok(0), |t| whole(R::NAME, &key(STEP), t))?;
            let mut numbers = Vec::new();
            for name in R::NUMBERS {
                numbers.extend(find(key(name)).map(|value| number::<R>(key(name), value)).transpose()?);
            }
            let tensors = R::STATE.iter().enumerate().map(|(k, name)| {
                let value = hyper.rule.uses(k).then(|| find(key(name))).flatten();
                // What is always in use has begun: of this shape it is compared with the parameter, too.
                value.filter(|value| k < R::ALWAYS || value.shape() != NOT_BEGUN).map(Tensor::detach)
            });
            let state = tensors.collect();
            let (name, begins) = (parameter.into(), t == 0);
            slots.push(Slot { name, id: None, hyper, t, fits: None, state, numbers, begins, place: 0 });
        }
        // There are no shared numbers before the first step.
        let mut shared = Vec::new();
        for name in R::SHARED {
            if !slots.is_empty() || state.get(name).is_some() {
                shared.extend(find(name.to_string()).map(|value| number::<R>(name.to_string(), value)).transpose()?);
            }
        }
        let strangers = state.iter().filter(|(key, _)| !expected.contains(*key));
        problems.extend(strangers.map(|(key, _)| StateProblem::Unexpected(key.into())));
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        self.load_ratios(ratios);
        self.hyper.lr = lr;
        self.slots = slots;
        self.shared = shared;
        self.slots_are = Slots::Unbound;
        Ok(())
    }
}

/// A count of steps; PyTorch's are floats.
pub(crate) fn whole(optimizer: &str, key: &str, value: &Tensor) -> Result<u64> {
    match single(value) {
        Some(t) if t >= 0.0 && t.fract() == 0.0 && t <= i64::MAX as f64 => Ok(t as u64),
        _ => Err(wrong(optimizer, key, value, "one whole number, at least 0")),
    }
}

fn learning_rate<R: Rule>(value: &Tensor) -> Result<f64> {
    rate(R::NAME, value)
}

/// The learning rate of a state dict.
pub(crate) fn rate(optimizer: &str, value: &Tensor) -> Result<f64> {
    match single(value) {
        Some(lr) if value.dtype() == DType::F64 && lr >= 0.0 && lr.is_finite() => Ok(lr),
        _ => Err(wrong(optimizer, LR, value, "one F64, finite and at least 0")),
    }
}

fn number<R: Rule>(key: String, value: &Tensor) -> Result<f64> {
    // Infinite or NaN after such a gradient: the run goes on as it would have.
    match single(value) {
        Some(number) if value.dtype() == DType::F64 => Ok(number),
        _ => Err(wrong(R::NAME, &key, value, "one F64")),
    }
}

pub(crate) fn single(value: &Tensor) -> Option<f64> {
    if value.numel() == 1 { value.to_f64s().first().copied() } else { None }
}

/// A number in a state dict that cannot be what its name says.
pub(crate) fn wrong(optimizer: &str, key: &str, value: &Tensor, must: &str) -> Error {
    let value = match single(value) {
        Some(number) => format!("{number} ({})", value.dtype()),
        None => format!("{} {}", value.dtype(), Shape::from(value.shape())),
    };
    let text = format!("{optimizer}: the state {key:?} is {value}, it must be {must}; nothing was loaded");
    Error::new(ErrorKind::State, text)
}
