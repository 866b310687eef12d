//! The state dict of Mechanic.

use super::{Mechanic, NAME, Tuner};
use crate::driver::wrong;
use crate::optimizer::Optimizer;
use crate::wrappers::kept::Kept;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Result, Tensor};

const MEMORY: [&str; 4] = ["r", "m", "v", "s"];
const START: &str = "x0";

impl<O: Optimizer> Mechanic<O> {
    pub(super) fn save(&self) -> StateDict {
        let mut own = StateDict::new();
        if self.has_begun() {
            for (name, numbers) in MEMORY.iter().zip(&self.memory) {
                let numbers = Tensor::from_slice(numbers, &[numbers.len()]);
                own.insert(*name, numbers.unwrap_or_else(|_| unreachable!("as many as there are")));
            }
            self.start.save(START, &mut own);
        }
        let inner = self.inner.state_dict();
        let own = own.iter().map(|(key, value)| (format!("mechanic.{key}"), value.clone()));
        let key = |key: &str| if key == "lr" { key.to_string() } else { format!("inner.{key}") };
        own.chain(inner.iter().map(|(name, value)| (key(name), value.clone()))).collect()
    }

    pub(super) fn load(&mut self, state: &StateDict) -> Result<()> {
        let (mut inner, mut rest, mut problems) = (StateDict::new(), StateDict::new(), Vec::new());
        let mut memory: [Vec<f64>; 4] = Default::default();
        for (key, value) in state.iter() {
            let own = key.strip_prefix("mechanic.");
            let place = own.and_then(|name| MEMORY.iter().position(|known| *known == name));
            match (key.strip_prefix("inner."), place, own) {
                (Some(key), ..) => inner.insert(key, value.clone()),
                (_, Some(place), _) => memory[place] = self.tuner.numbers(key, value)?,
                (.., Some(name)) => rest.insert(name, value.clone()),
                _ if key == "lr" => inner.insert(key, value.clone()),
                _ => problems.push(StateProblem::Unexpected(key.into())),
            }
        }
        let key = |name: &str| format!("mechanic.{name}");
        let begun = memory.iter().any(|numbers| !numbers.is_empty());
        let start = Kept::load(NAME, key, START, 0, begun, &mut rest, &mut problems)?;
        problems.extend(rest.iter().map(|(name, _)| StateProblem::Unexpected(key(name))));
        if begun || !start.is_empty() {
            let missing = MEMORY.iter().zip(&memory).filter(|(_, numbers)| numbers.is_empty());
            problems.extend(missing.map(|(name, _)| StateProblem::Missing(key(name))));
        }
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        self.inner.load_state_dict(&inner)?;
        (self.memory, self.start) = (memory, start);
        Ok(())
    }
}

impl Tuner {
    fn numbers(&self, key: &str, value: &Tensor) -> Result<Vec<f64>> {
        if value.dtype() == DType::F64 && value.shape() == [self.num_betas] {
            return Ok(value.to_f64s());
        }
        Err(wrong(NAME, key, value, &format!("F64 [{}], one number for each of num_betas", self.num_betas)))
    }
}
