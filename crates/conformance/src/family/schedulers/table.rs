//! The register of schedules. Wiring one up is one entry.

use crate::call::Call;
use crate::case::Arguments;
use crate::stop::{Outcome, Stop};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use wengert_optim::Schedule;
use wengert_optim::schedule::{ConstantLR, CosineAnnealingLR, LinearLR, MultiStepLR, StepLR};

type Build = fn(&Call<'_>) -> Outcome<Box<dyn Schedule>>;

const TABLE: &[(&str, Build)] = &[
    ("StepLR", |c| Ok(Box::new(StepLR::new(c.steps("step_size")?).gamma(c.number("gamma")?)))),
    ("MultiStepLR", |c| {
        let milestones: Vec<u64> =
            c.integers("milestones")?.into_iter().map(|k| steps("milestones", k)).collect::<Outcome<_>>()?;
        Ok(Box::new(MultiStepLR::new(milestones).gamma(c.number("gamma")?)))
    }),
    ("ConstantLR", |c| {
        Ok(Box::new(ConstantLR::new().factor(c.number("factor")?).total_iters(c.steps_or("total_iters", 5)?)))
    }),
    ("LinearLR", |c| {
        let (start, end) = (c.number_or("start_factor", 1.0 / 3.0)?, c.number_or("end_factor", 1.0)?);
        let total_iters = c.steps_or("total_iters", 5)?;
        Ok(Box::new(LinearLR::new().start_factor(start).end_factor(end).total_iters(total_iters)))
    }),
    ("CosineAnnealingLR", |c| Ok(Box::new(CosineAnnealingLR::new(c.steps("T_max")?).eta_min(c.number("eta_min")?)))),
    ("LambdaLR", |c| {
        let factors = c.numbers("factors")?;
        Ok(Box::new(move |base: f64, k: u64| base * factors.get(k as usize).copied().unwrap_or(f64::NAN)))
    }),
    ("SequentialLR", |c| {
        let parts = parts(c)?;
        let milestones = c.integers("milestones")?;
        let mut parts = parts.into_iter();
        let first = parts.next().ok_or_else(|| Stop::Malformed("no schedules".into()))?;
        parts.zip(milestones).try_fold(first, |before, (next, at)| {
            Ok(Box::new(before.then(next, steps("milestones", at)?)) as Box<dyn Schedule>)
        })
    }),
];

/// The schedule of a name.
pub(in crate::family) fn build(name: &str, call: &Call<'_>) -> Outcome<Box<dyn Schedule>> {
    let entry = TABLE.iter().find(|(known, _)| *known == name);
    let (_, build) = entry.ok_or_else(|| Stop::Unsupported(String::new()))?;
    let schedule = build(call)?;
    call.maybe_number("base_lr")?;
    call.all_read()?;
    Ok(schedule)
}

/// A number of steps. A negative one is unsupported: the type rules it out.
fn steps(name: &str, value: isize) -> Outcome<u64> {
    u64::try_from(value).map_err(|_| Stop::argument(name, value))
}

impl Call<'_> {
    fn steps(&self, name: &str) -> Outcome<u64> {
        steps(name, self.integer(name)?)
    }

    /// The files leave defaults out of bad calls.
    fn steps_or(&self, name: &str, default: u64) -> Outcome<u64> {
        self.maybe_integer(name)?.map_or(Ok(default), |value| steps(name, value))
    }
}

/// The schedules that another one is made of.
fn parts(c: &Call<'_>) -> Outcome<Vec<Box<dyn Schedule>>> {
    #[derive(Deserialize)]
    struct Part {
        name: String,
        args: Arguments,
    }
    let Some(Value::Array(list)) = c.value("schedulers") else {
        return Err(Stop::Malformed("schedulers is no list".into()));
    };
    let inputs = BTreeMap::new();
    let part = |value: &Value| {
        let part = Part::deserialize(value).map_err(|error| Stop::Malformed(format!("schedulers: {error}")))?;
        build(&part.name, &Call::new(&part.args, &inputs, c.precision())).map_err(|stop| match stop {
            Stop::Unsupported(what) => Stop::Unsupported(format!("{} {what}", part.name).trim().into()),
            other => other,
        })
    };
    list.iter().map(part).collect()
}
