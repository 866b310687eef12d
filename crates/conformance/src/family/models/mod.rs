//! Training runs: a model from a list of layers, some steps of an optimizer, and all that can be seen on the way.

mod parts;

use super::inputs::tolerance;
use super::layers::{check_state, state_dict};
use super::{optimizers, schedulers};
use crate::call::Call;
use crate::case::{Arguments, Array, Case, Precision, Tolerance};
use crate::compare;
use crate::operations;
use crate::stop::{Outcome, Stop};
use autograd_core::module::{Module, Param};
use autograd_core::{Gradients, Tensor};
use parts::{Part, Setting};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use wengert_nn::{Layer, Sequential};
use wengert_optim::{Optimizer, Schedule, clip_grad_norm};

/// A name and its arguments.
#[derive(Deserialize)]
struct Named {
    name: String,
    args: Arguments,
}

/// A training run.
struct Run {
    model: Sequential,
    optimizer: Box<dyn Optimizer>,
    schedule: Option<Box<dyn Schedule>>,
    loss: Named,
    clip: Option<f64>,
    accumulate: usize,
    precision: Precision,
}

/// The observations of a run.
#[derive(Default)]
struct Seen {
    first_output: Option<Tensor>,
    first_grads: BTreeMap<String, Tensor>,
    losses: Vec<f64>,
    grad_norms: Vec<f64>,
    lrs: Vec<f64>,
}

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let mut run = Run::build(case, precision)?;
    if case.expect_error {
        return Ok(());
    }
    run.model.load_state_dict(&state_dict(&case.required("state")?, precision)?)?;
    let data: BTreeMap<String, Array> = case.required("data")?;
    let part = |name: &str| data.get(name).ok_or_else(|| Stop::Malformed(format!("no data {name}")))?.tensor(precision);
    let (x, y) = (part("x")?, part("y")?);
    let batches: Vec<Vec<i64>> = case.required("batches")?;
    let seen = run.train(&x, &y, &batches, argument(case, "steps")?)?;

    let tolerance = tolerance(case, precision)?;
    seen.check(case, tolerance)?;
    check_state(&run.model, &case.required("state_after")?, tolerance)?;
    run.model.eval();
    compare::tensor("eval_output", &run.model.forward(&x)?, &case.required("eval_output")?, tolerance)
}

fn argument<T: DeserializeOwned>(case: &Case, name: &str) -> Outcome<T> {
    let value = case.args.get(name).cloned().unwrap_or_default();
    T::deserialize(value).map_err(|error| Stop::Malformed(format!("{name}: {error}")))
}

impl Run {
    fn build(case: &Case, precision: Precision) -> Outcome<Run> {
        let state = case.field("state")?.unwrap_or_default();
        let setting = Setting { state: &state, precision };
        let model = parts::sequential(&argument::<Vec<Part>>(case, "layers")?, "", setting)?;
        let loss: Named = argument(case, "loss")?;
        if loss.name != HALF_SQUARED_ERROR {
            operations::find(&loss.name).map_err(|stop| of(&loss.name, stop))?;
        }
        let named: Named = argument(case, "optimizer")?;
        let optimizer =
            optimizers::build(&named.name, &named.args, &[], precision).map_err(|stop| of(&named.name, stop))?;
        let nothing = BTreeMap::new();
        let schedule = argument::<Option<Named>>(case, "scheduler")?.map(|named| {
            let call = Call::new(&named.args, &nothing, precision);
            schedulers::build(&named.name, &call).map_err(|stop| of(&named.name, stop))
        });
        let (clip, accumulate) = (argument(case, "clip_grad_norm")?, argument(case, "accumulate")?);
        Ok(Run { model, optimizer, schedule: schedule.transpose()?, loss, clip, accumulate, precision })
    }

    fn train(&mut self, x: &Tensor, y: &Tensor, batches: &[Vec<i64>], steps: u64) -> Outcome<Seen> {
        let mut seen = Seen::default();
        let base_lr = self.optimizer.lr();
        let mut turns = batches.iter().cycle();
        self.model.train();
        for k in 0..steps {
            let mut grads = Gradients::default();
            for rows in turns.by_ref().take(self.accumulate) {
                let rows = Tensor::from_slice(rows, &[rows.len()])?;
                let output = self.model.forward(&x.index_select(0, &rows)?)?;
                let loss = self.loss(&output, &y.index_select(0, &rows)?)?;
                seen.first_output.get_or_insert_with(|| output.detach());
                seen.losses.extend(loss.to_f64s());
                grads.accumulate(loss.div_scalar(self.accumulate as f64).backward()?)?;
            }
            if let Some(max_norm) = self.clip {
                seen.grad_norms.push(clip_grad_norm(&mut grads, max_norm)?);
            }
            if k == 0 {
                let own = |(name, param): (String, &Param)| Some((name, grads.get(param)?.clone()));
                seen.first_grads = self.model.named_parameters().into_iter().filter_map(own).collect();
            }
            if let Some(schedule) = &self.schedule {
                self.optimizer.set_lr(schedule.rate(base_lr, k));
            }
            seen.lrs.push(self.optimizer.lr());
            self.optimizer.step(&mut self.model, &grads)?;
        }
        Ok(seen)
    }

    fn loss(&self, output: &Tensor, target: &Tensor) -> Outcome<Tensor> {
        if self.loss.name == HALF_SQUARED_ERROR {
            return Ok(output.try_sub(target)?.square().sum().mul_scalar(0.5));
        }
        let inputs = [("input".to_owned(), output.clone()), ("target".to_owned(), target.clone())].into();
        let call = Call::new(&self.loss.args, &inputs, self.precision);
        let found = operations::call(operations::find(&self.loss.name)?, &call)?;
        found.into_iter().next().ok_or_else(|| Stop::Differs("the loss gives nothing".into()))
    }
}

/// `Σ (output − target)² / 2`
const HALF_SQUARED_ERROR: &str = "half_squared_error";

impl Seen {
    fn check(&self, case: &Case, tolerance: Tolerance) -> Outcome<()> {
        let first = self.first_output.as_ref().ok_or_else(|| Stop::Malformed("no step".into()))?;
        compare::tensor("first_output", first, &case.required("first_output")?, tolerance)?;
        for (name, want) in case.required::<BTreeMap<String, Option<Array>>>("first_grads")? {
            let got = self.first_grads.get(&name);
            compare::gradient(format!("first_grads {name}"), got, want.as_ref(), tolerance)?;
        }
        for (name, got) in [("losses", &self.losses), ("grad_norms", &self.grad_norms), ("lrs", &self.lrs)] {
            if let Some(want) = case.field::<Array>(name)? {
                compare::numbers(name, got, &want.floats(), tolerance)?;
            }
        }
        Ok(())
    }
}

/// Names the thing that is unsupported.
fn of(name: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Unsupported(what) if what.is_empty() => Stop::Unsupported(name.into()),
        Stop::Unsupported(what) => Stop::Unsupported(format!("{what} of {name}")),
        other => other,
    }
}
