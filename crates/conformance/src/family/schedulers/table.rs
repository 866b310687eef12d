//! The register of schedules. Wiring one up is one entry.

use crate::call::Call;
use crate::case::Arguments;
use crate::stop::{Outcome, Stop};
use autograd_core::Error;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use wengert_optim::Schedule;
use wengert_optim::schedule::{
    Anneal, Combined, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, CyclicMode, ExponentialLR,
    LambdaLR, LinearLR, MultiStepLR, MultiplicativeLR, OneCycleLR, PolynomialLR, SWALR, StepLR,
};

type Build = fn(&Call<'_>) -> Outcome<Box<dyn Schedule>>;

const TABLE: &[(&str, Build)] = &[
    ("StepLR", |c| Ok(Box::new(StepLR::new(c.steps("step_size")?).gamma(c.number_or("gamma", 0.1)?)))),
    ("MultiStepLR", |c| {
        let milestones: Vec<u64> =
            c.integers("milestones")?.into_iter().map(|k| steps("milestones", k)).collect::<Outcome<_>>()?;
        Ok(Box::new(MultiStepLR::new(milestones).gamma(c.number_or("gamma", 0.1)?)))
    }),
    ("ConstantLR", |c| {
        let factor = c.number_or("factor", 1.0 / 3.0)?;
        Ok(Box::new(ConstantLR::new().factor(factor).total_iters(c.steps_or("total_iters", 5)?)))
    }),
    ("LinearLR", |c| {
        let (start, end) = (c.number_or("start_factor", 1.0 / 3.0)?, c.number_or("end_factor", 1.0)?);
        let total_iters = c.steps_or("total_iters", 5)?;
        Ok(Box::new(LinearLR::new().start_factor(start).end_factor(end).total_iters(total_iters)))
    }),
    ("ExponentialLR", |c| Ok(Box::new(ExponentialLR::new(c.number("gamma")?)))),
    ("PolynomialLR", |c| {
        let (total_iters, power) = (c.steps_or("total_iters", 5)?, c.number_or("power", 1.0)?);
        Ok(Box::new(PolynomialLR::new().total_iters(total_iters).power(power)))
    }),
    ("CosineAnnealingLR", |c| {
        Ok(Box::new(CosineAnnealingLR::new(c.steps("T_max")?).eta_min(c.number_or("eta_min", 0.0)?)))
    }),
    ("CosineAnnealingWarmRestarts", |c| {
        let (t_mult, eta_min) = (c.number_or("T_mult", 1.0)?, c.number_or("eta_min", 0.0)?);
        // PyTorch takes whole numbers, the library Keras's fractions too.
        if t_mult.fract() != 0.0 {
            return Err(Stop::argument("T_mult", t_mult));
        }
        Ok(Box::new(CosineAnnealingWarmRestarts::new(c.steps("T_0")?).t_mult(t_mult).eta_min(eta_min)))
    }),
    ("CyclicLR", |c| Ok(Box::new(cyclic(c)?.0))),
    ("OneCycleLR", |c| {
        let max_lr = c.number("max_lr")?;
        Ok(Box::new(one_cycle(c)?.0.with_base(max_lr)))
    }),
    ("SWALR", |c| {
        let (swa_lr, strategy) = (c.number("swa_lr")?, anneal(c)?);
        Ok(Box::new(SWALR::new(swa_lr).anneal_epochs(c.steps_or("anneal_epochs", 10)?).anneal_strategy(strategy)))
    }),
    ("LambdaLR", |c| {
        let factors = c.numbers("factors")?;
        Ok(Box::new(LambdaLR::new(move |k| factors.get(k as usize).copied().unwrap_or(f64::NAN))))
    }),
    ("MultiplicativeLR", |c| {
        let factors = c.numbers("factors")?;
        Ok(Box::new(MultiplicativeLR::new(factors.len(), |k| factors[k as usize])))
    }),
    ("ChainedScheduler", |c| Ok(Box::new(Combined::product(parts(c)?)))),
    ("SequentialLR", |c| {
        let parts = parts(c)?;
        let milestones = c.integers("milestones")?;
        let mut parts = parts.into_iter();
        // Schedules joined by `then` are one more than the steps they are joined at.
        let refused = |must: &str| Error::argument("SequentialLR", "milestones", &milestones, must);
        let first = parts.next().ok_or_else(|| refused("those of at least one scheduler"))?;
        if parts.len() != milestones.len() {
            return Err(refused("one fewer than the schedulers").into());
        }
        parts.zip(milestones).try_fold(first, |before, (next, at)| {
            Ok(Box::new(before.then(next, steps("milestones", at)?)) as Box<dyn Schedule>)
        })
    }),
];

/// The schedule of a name.
pub(in crate::family) fn build(name: &str, call: &Call<'_>) -> Outcome<Box<dyn Schedule>> {
    let mut entries = TABLE.iter().chain(super::others::TABLE);
    let (_, build) = entries.find(|(known, _)| *known == name).ok_or_else(|| Stop::Unsupported(String::new()))?;
    let schedule = build(call)?;
    call.maybe_number("base_lr")?;
    call.all_read()?;
    Ok(schedule)
}

/// The schedule of the momentum beside that of a name; none if it has none.
pub(super) fn momentum(name: &str, call: &Call<'_>) -> Outcome<Option<Box<dyn Schedule>>> {
    Ok(match name {
        "CyclicLR" => {
            let (schedule, numbers) = cyclic(call)?;
            numbers.map(|[base, max]| Box::new(schedule.momentum(base, max)) as Box<dyn Schedule>)
        }
        "OneCycleLR" => {
            let (schedule, numbers) = one_cycle(call)?;
            numbers.map(|[base, max]| Box::new(schedule.momentum(base, max)) as Box<dyn Schedule>)
        }
        _ => None,
    })
}

/// A schedule, and the lowest and the highest momentum, if that is to go in a cycle.
type WithMomentum<S> = Outcome<(S, Option<[f64; 2]>)>;

fn cyclic(c: &Call<'_>) -> WithMomentum<CyclicLR> {
    let mode: CyclicMode = c.maybe_word("mode")?.unwrap_or("triangular").parse()?;
    // It says what a function counts that is none of the modes; these have their own, and it is ignored.
    let _ = c.value("scale_mode");
    let (up, gamma) = (c.steps_or("step_size_up", 2000)?, c.number_or("gamma", 1.0)?);
    let schedule = CyclicLR::new(c.number("max_lr")?).step_size_up(up).mode(mode).gamma(gamma);
    let down = c.steps_or("step_size_down", up)?;
    Ok((schedule.step_size_down(down), cycled(c, [0.8, 0.9])?))
}

fn one_cycle(c: &Call<'_>) -> WithMomentum<OneCycleLR> {
    c.maybe_number("max_lr")?;
    let schedule = OneCycleLR::new(c.steps("total_steps")?)
        .pct_start(c.number_or("pct_start", 0.3)?)
        .anneal_strategy(anneal(c)?)
        .div_factor(c.number_or("div_factor", 25.0)?)
        .final_div_factor(c.number_or("final_div_factor", 1e4)?)
        .three_phase(c.flag_or("three_phase", false)?);
    Ok((schedule, cycled(c, [0.85, 0.95])?))
}

fn cycled(c: &Call<'_>, [base, max]: [f64; 2]) -> Outcome<Option<[f64; 2]>> {
    let numbers = [c.number_or("base_momentum", base)?, c.number_or("max_momentum", max)?];
    Ok(c.flag_or("cycle_momentum", true)?.then_some(numbers))
}

fn anneal(c: &Call<'_>) -> Outcome<Anneal> {
    Ok(c.maybe_word("anneal_strategy")?.unwrap_or("cos").parse()?)
}

/// A number of steps. A negative one is unsupported: the type rules it out.
pub(super) fn steps(name: &str, value: isize) -> Outcome<u64> {
    u64::try_from(value).map_err(|_| Stop::argument(name, value))
}

impl Call<'_> {
    pub(super) fn steps(&self, name: &str) -> Outcome<u64> {
        steps(name, self.integer(name)?)
    }

    /// The files leave defaults out of bad calls.
    pub(super) fn steps_or(&self, name: &str, default: u64) -> Outcome<u64> {
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
