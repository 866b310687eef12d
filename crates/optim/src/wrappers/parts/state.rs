//! The state dict of parts: each one's own, under its name.

use super::{NAME, Parts};
use crate::driver::{rate, wrong};
use crate::optimizer::Optimizer;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Result, Tensor};

const LR: &str = "lr";
/// A learning rate that was set by name, and that of the first part then.
const RATE: &str = "lr_set";

/// What a state dict has for a part.
#[derive(Clone, Default)]
struct Own {
    rate: Option<[f64; 2]>,
    state: Vec<(String, Tensor)>,
}

impl Parts {
    pub(super) fn save(&self) -> StateDict {
        let mut all = vec![(LR.to_string(), Tensor::scalar(self.lr()))];
        for part in &self.parts {
            let key = |key: &str| format!("{}.{key}", part.name);
            if let Some(rate) = part.rate.changed() {
                all.push((
                    key(RATE),
                    Tensor::from_vec(rate.into(), &[2]).unwrap_or_else(|_| unreachable!("two numbers")),
                ));
            }
            all.extend(part.optimizer.state_dict().iter().map(|(name, value)| (key(name), value.clone())));
        }
        all.into_iter().collect()
    }

    pub(super) fn load(&mut self, state: &StateDict) -> Result<()> {
        let mut own = vec![Own::default(); self.parts.len()];
        let (mut lr, mut problems) = (None, Vec::new());
        for (key, value) in state.iter() {
            let part = key
                .split_once('.')
                .and_then(|(part, rest)| Some((self.parts.iter().position(|known| known.name == part)?, rest)));
            match part {
                Some((at, RATE)) => own[at].rate = Some(pair(key, value)?),
                Some((at, rest)) => own[at].state.push((rest.into(), value.clone())),
                None if key == LR => lr = Some(rate(NAME, value)?),
                None => problems.push(StateProblem::Unexpected(key.into())),
            }
        }
        let Some(lr) = lr.filter(|_| problems.is_empty()) else {
            if lr.is_none() {
                problems.insert(0, StateProblem::Missing(LR.into()));
            }
            return Err(StateMismatch { problems }.into());
        };
        let before: Vec<StateDict> = self.parts.iter().map(|part| part.optimizer.state_dict()).collect();
        let mut rates = Vec::new();
        for (at, Own { rate, state }) in own.into_iter().enumerate() {
            let part = &mut self.parts[at];
            if let Err(error) = part.optimizer.load_state_dict(&state.into_iter().collect()) {
                let error = super::named(error, &part.name);
                // Its own state is no surprise to any of them.
                for (part, before) in self.parts.iter_mut().zip(&before).take(at) {
                    part.optimizer.load_state_dict(before)?;
                }
                return Err(error);
            }
            rates.push(rate);
        }
        self.parts.iter_mut().zip(rates).for_each(|(part, rate)| part.rate.set(rate));
        self.set_lr(lr);
        Ok(())
    }
}

fn pair(key: &str, value: &Tensor) -> Result<[f64; 2]> {
    match value.to_f64s()[..] {
        [own, first] if value.dtype() == DType::F64 && own >= 0.0 && first > 0.0 && (own + first).is_finite() => {
            Ok([own, first])
        }
        _ => Err(wrong(NAME, key, value, "two F64, finite, the first at least 0 and the second positive")),
    }
}
