//! Optimizers on problems with gradients in closed form: the value before every step, and the parameters after it.

mod problem;
mod table;

use super::inputs::tolerance;
use crate::call::Call;
use crate::case::{Arguments, Array, Case, Precision};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use autograd_core::{Error, ErrorKind, Gradients, Tensor};
use problem::Problem;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use wengert_optim::Optimizer;

/// Builds the optimizer of a name.
pub(super) fn build(
    name: &str,
    args: &Arguments,
    groups: &[Group],
    precision: Precision,
) -> Outcome<Box<dyn Optimizer>> {
    let build = table::find(name).ok_or_else(|| Stop::Unsupported(String::new()))?;
    let nothing = BTreeMap::new();
    let call = Call::new(args, &nothing, precision);
    let mut optimizer = build(&call, groups)?;
    if name.starts_with("keras.") {
        optimizer = table::around(&call, optimizer)?;
    }
    call.all_read()?;
    // The setters take anything; this compares it with its range.
    optimizer.check()?;
    Ok(optimizer)
}

/// The names of a group's parameters.
type Members = BTreeSet<String>;

/// Parameters whose hyperparameters differ.
#[derive(Clone, Debug)]
pub(super) struct Group {
    params: Members,
    /// All arguments: the optimizer's, and over them the group's own.
    args: Arguments,
}

impl Group {
    fn read(case: &Case) -> Outcome<Vec<Group>> {
        #[derive(Deserialize)]
        struct Overrides {
            params: BTreeSet<String>,
            #[serde(flatten)]
            args: Arguments,
        }
        let mut groups: Vec<Overrides> = case.field("param_groups")?.unwrap_or_default();
        if let (false, Some(start)) = (groups.is_empty(), case.field::<BTreeMap<String, Array>>("start")?) {
            // The rest is a group as well, for its rate may be no multiple of another.
            let named = |name: &String| groups.iter().any(|group| group.params.contains(name));
            let params: Members = start.into_keys().filter(|name| !named(name)).collect();
            if !params.is_empty() {
                groups.push(Overrides { params, args: Arguments::default() });
            }
        }
        let merged = |group: Overrides| {
            let mut args = case.args.clone();
            args.extend(group.args);
            Group { params: group.params, args }
        };
        Ok(groups.into_iter().map(merged).collect())
    }
}

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let averages: BTreeMap<String, Array> = case.field("averages")?.unwrap_or_default();
    let average = AVERAGES.iter().find(|(name, _)| *name == case.name).map(|(_, state)| *state);
    let mut optimizer = build(&case.name, &case.args, &Group::read(case)?, precision)?;
    if case.expect_error && !case.rest.contains_key("problem") {
        return Ok(());
    }
    let problem: Problem = case.required("problem")?;
    let mut model = Parameters::read(&case.required("start")?, precision)?;
    let missing: BTreeMap<String, BTreeSet<usize>> = case.field("missing")?.unwrap_or_default();
    let rates: Vec<f64> = case.field("lr_steps")?.unwrap_or_default();
    let mut values = Vec::new();
    let mut stepped = Members::new();
    let mut trajectory: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut averaged: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for k in 0..case.required::<usize>("steps")? {
        if let Some(lr) = rates.get(k) {
            optimizer.set_lr(*lr);
        }
        let absent = |name: &str| missing.get(name).is_some_and(|steps| steps.contains(&k));
        if model.values().keys().all(|name| absent(name)) {
            // In the frameworks that is no step; here it is an error.
            values.push(problem.evaluate(&model, k, &absent, precision)?.0);
            for (name, after) in model.values() {
                trajectory.entry(name).or_default().extend(after);
            }
            continue;
        }
        let mut unreadable = None;
        let outcome = optimizer.step_with(&mut model, |model| {
            let evaluated = problem.evaluate(model, k, &absent, precision);
            evaluated.map_err(|stop| {
                let error = Error::new(ErrorKind::User, format!("{stop:?}"));
                unreadable = Some(stop);
                error
            })
        });
        stepped.extend(model.values().into_keys().filter(|name| !absent(name)));
        let outcome = outcome.map_err(Stop::from);
        values.push(match unreadable {
            Some(stop) => return Err(stop),
            None => outcome?.0,
        });
        for (name, after) in model.values() {
            trajectory.entry(name).or_default().extend(after);
        }
        let state = optimizer.state_dict();
        if let Some(average) = average {
            let own = model.values();
            for name in averages.keys() {
                // Before its first step a parameter is its own average.
                let found = state.get(&format!("{name}.{average}")).map(Tensor::to_f64s);
                let found = found.or_else(|| own.get(name).filter(|_| !stepped.contains(name)).cloned());
                let found = found.ok_or_else(|| Stop::Differs(format!("no average of {name}")))?;
                averaged.entry(name.clone()).or_default().extend(found);
            }
        } else if !averages.is_empty() {
            optimizer.eval(&mut model)?;
            for (name, weights) in model.values() {
                averaged.entry(name).or_default().extend(weights);
            }
            optimizer.train(&mut model)?;
        }
    }
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    compare::numbers("value", &values, &case.required::<Array>("values")?.floats(), tolerance)?;
    for (name, want) in case.required::<BTreeMap<String, Array>>("trajectory")? {
        let got = trajectory.get(&name).ok_or_else(|| Stop::Malformed(format!("no parameter {name}")))?;
        compare::numbers(format!("trajectory of {name}"), got, &want.floats(), tolerance)?;
    }
    for (name, want) in &averages {
        let got = averaged.get(name).map(Vec::as_slice).unwrap_or_default();
        compare::numbers(format!("averages of {name}"), got, &want.floats(), tolerance)?;
    }
    Ok(())
}

/// The optimizers that keep an average of each parameter, and its name in their state.
const AVERAGES: &[(&str, &str)] = &[("ASGD", "ax")];

impl Problem {
    /// The value before this step, and the gradients of all parameters that are not absent.
    fn evaluate(
        &self,
        model: &Parameters,
        step: usize,
        absent: &dyn Fn(&str) -> bool,
        precision: Precision,
    ) -> Outcome<(f64, Gradients)> {
        let (value, gradients) = self.at(&model.values(), step)?;
        let mut grads = Gradients::default();
        for (name, param) in model.0.iter().filter(|(name, _)| !absent(name)) {
            let gradient = gradients.get(name).ok_or_else(|| Stop::Malformed(format!("no gradient of {name}")))?;
            grads.insert(param, Tensor::from_slice(gradient, param.shape())?.to_dtype(precision.dtype()))?;
        }
        Ok((value, grads))
    }
}

/// A model that is nothing but named parameters.
pub(super) struct Parameters(pub(super) Vec<(String, Param)>);

impl Parameters {
    fn read(start: &BTreeMap<String, Array>, precision: Precision) -> Outcome<Parameters> {
        let param = |(name, array): (&String, &Array)| Ok((name.clone(), Param::new(array.tensor(precision)?)?));
        start.iter().map(param).collect::<Outcome<_>>().map(Parameters)
    }

    fn values(&self) -> BTreeMap<String, Vec<f64>> {
        self.0.iter().map(|(name, param)| (name.clone(), param.to_f64s())).collect()
    }
}

impl Module for Parameters {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.0.iter().for_each(|(name, param)| param.visit(&path.child(name), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.0.iter_mut().for_each(|(name, param)| param.visit_mut(&path.child(name), f));
    }
}
