//! The history of the last steps, and the direction that follows from it.

use super::vector::{Vector, add, difference, dot, scaled};
use crate::driver::misfit;
use autograd_core::module::{Module, StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use std::collections::HashSet;

/// Everything that changes while training, except the parameters and the rate.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Names of the parameters; the vectors have one tensor for each.
    names: Vec<String>,
    pub(super) iterations: u64,
    pub(super) evaluations: u64,
    /// The last direction, and the length of the step along it.
    pub(super) direction: Vector,
    pub(super) t: f64,
    /// The gradient before the last step.
    gradient: Vector,
    pairs: Vec<Pair>,
    /// `sᵀy / yᵀy` of the last pair: the size of the inverse Hessian.
    scale: f64,
}

/// One step, and how the gradient changed on it.
#[derive(Clone, Debug)]
struct Pair {
    y: Vector,
    s: Vector,
    /// `1 / yᵀs`
    rho: f64,
}

impl Default for History {
    fn default() -> Self {
        let (names, direction, gradient, pairs) = Default::default();
        History { names, iterations: 0, evaluations: 0, direction, t: 0.0, gradient, pairs, scale: 1.0 }
    }
}

impl History {
    /// Makes sure that the history is that of the model's trained parameters, in their order.
    pub(super) fn fit(&mut self, model: &dyn Module) -> Result<()> {
        let params: Vec<_> = model.named_parameters().into_iter().filter(|(_, param)| param.is_trainable()).collect();
        let names: Vec<String> = params.iter().map(|(name, _)| name.clone()).collect();
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            let text = format!("LBFGS: two parameters are called {name:?}");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        if self.iterations == 0 {
            self.names = names;
            return Ok(());
        }
        let refuse = |text: String| Err(Error::new(ErrorKind::State, format!("LBFGS: {text}")));
        let mut order = Vec::new();
        for (name, param) in &params {
            let Some(at) = self.names.iter().position(|known| known == name) else {
                return refuse(format!("there is no state for {name:?}, which was not trained before"));
            };
            let pairs = self.pairs.iter().flat_map(|pair| [("old_dirs", &pair.y), ("old_stps", &pair.s)]);
            for (slot, state) in [("d", &self.direction), ("prev_flat_grad", &self.gradient)].into_iter().chain(pairs) {
                if !state[at].is_like(param) {
                    return Err(misfit("LBFGS", "the state", &format!("{name}.{slot}"), &state[at], param));
                }
            }
            order.push(at);
        }
        if let Some(name) = self.names.iter().find(|name| !names.contains(name)) {
            return refuse(format!("there is state for {name:?}, but the model trains no such parameter"));
        }
        // A state dict may come in another order, and sums depend on it.
        let sort = |x: &mut Vector| *x = order.iter().map(|at| x[*at].clone()).collect();
        sort(&mut self.direction);
        sort(&mut self.gradient);
        self.pairs.iter_mut().flat_map(|pair| [&mut pair.y, &mut pair.s]).for_each(sort);
        self.names = names;
        Ok(())
    }

    /// Learns from the last step, and finds the next direction `d = −H g` by the two-loop recursion.
    pub(super) fn turn(&mut self, g: &[Tensor], history_size: usize) -> Result<()> {
        self.iterations += 1;
        let mut r = scaled(g, -1.0);
        if self.iterations > 1 {
            let (y, s) = (difference(g, &self.gradient)?, scaled(&self.direction, self.t));
            let ys = dot(&y, &s)?;
            if ys > 1e-10 {
                self.pairs.drain(..(self.pairs.len() + 1).saturating_sub(history_size));
                self.scale = ys / dot(&y, &y)?;
                self.pairs.push(Pair { y, s, rho: 1.0 / ys });
            }
            let mut alphas = vec![0.0; self.pairs.len()];
            for (pair, alpha) in self.pairs.iter().zip(&mut alphas).rev() {
                *alpha = dot(&pair.s, &r)? * pair.rho;
                add(&mut r, -*alpha, &pair.y)?;
            }
            r = scaled(&r, self.scale);
            for (pair, alpha) in self.pairs.iter().zip(&alphas) {
                let beta = dot(&pair.y, &r)? * pair.rho;
                add(&mut r, alpha - beta, &pair.s)?;
            }
        }
        self.direction = r;
        self.gradient = g.to_vec();
        Ok(())
    }

    /// Writes everything, by PyTorch's names.
    pub(super) fn save(&self, state: &mut StateDict) {
        if self.iterations == 0 {
            return;
        }
        // 2⁶³ are out of reach.
        state.insert("n_iter", Tensor::scalar(self.iterations as i64));
        state.insert("func_evals", Tensor::scalar(self.evaluations as i64));
        state.insert("t", Tensor::scalar(self.t));
        state.insert("H_diag", Tensor::scalar(self.scale));
        for (k, pair) in self.pairs.iter().enumerate() {
            state.insert(format!("ro.{k}"), Tensor::scalar(pair.rho));
        }
        for (i, name) in self.names.iter().enumerate() {
            state.insert(format!("{name}.d"), self.direction[i].clone());
            state.insert(format!("{name}.prev_flat_grad"), self.gradient[i].clone());
            for (k, pair) in self.pairs.iter().enumerate() {
                state.insert(format!("{name}.old_dirs.{k}"), pair.y[i].clone());
                state.insert(format!("{name}.old_stps.{k}"), pair.s[i].clone());
            }
        }
    }

    /// Reads what [`History::save`] wrote. `known` are keys that are no part of the history.
    pub(super) fn load(state: &StateDict, known: &[&str]) -> Result<History> {
        if state.iter().all(|(key, _)| known.contains(&key)) {
            return Ok(History::default());
        }
        let (mut problems, mut expected) = (Vec::new(), Vec::new());
        let mut find = |key: String| {
            let value = state.get(&key).map(Tensor::detach);
            if value.is_none() {
                problems.push(StateProblem::Missing(key.clone()));
            }
            expected.push(key);
            value
        };
        let mut number = |key: &str, dtype: DType| -> Result<f64> {
            let Some(value) = find(key.into()) else { return Ok(0.0) };
            match crate::driver::single(&value) {
                Some(number) if value.dtype() == dtype && (dtype == DType::F64 || number >= 0.0) => Ok(number),
                _ => Err(crate::driver::wrong("LBFGS", key, &value, &format!("one {dtype}, of a number it can be"))),
            }
        };
        let (iterations, evaluations) =
            (number("n_iter", DType::I64)? as u64, number("func_evals", DType::I64)? as u64);
        let (t, scale) = (number("t", DType::F64)?, number("H_diag", DType::F64)?);
        let count =
            state.iter().filter(|(key, _)| key.strip_prefix("ro.").is_some_and(|k| k.parse::<usize>().is_ok())).count();
        let rho: Vec<f64> = (0..count).map(|k| number(&format!("ro.{k}"), DType::F64)).collect::<Result<_>>()?;
        let names: Vec<String> =
            state.iter().filter_map(|(key, _)| key.strip_suffix(".d")).map(str::to_string).collect();
        let mut vector =
            |slot: &str| -> Vector { names.iter().filter_map(|name| find(format!("{name}.{slot}"))).collect() };
        let (direction, gradient) = (vector("d"), vector("prev_flat_grad"));
        let pair = |(k, rho): (usize, &f64)| Pair {
            y: vector(&format!("old_dirs.{k}")),
            s: vector(&format!("old_stps.{k}")),
            rho: *rho,
        };
        let pairs = rho.iter().enumerate().map(pair).collect();
        let strangers = state.iter().map(|(key, _)| key).filter(|key| !known.contains(key));
        let strangers = strangers.filter(|key| !expected.iter().any(|known| known == key));
        problems.extend(strangers.map(|key| StateProblem::Unexpected(key.into())));
        match problems.is_empty() {
            true => Ok(History { names, iterations, evaluations, direction, t, gradient, pairs, scale }),
            false => Err(StateMismatch { problems }.into()),
        }
    }
}
