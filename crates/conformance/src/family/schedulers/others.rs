//! Schedules of Keras and optax, and those that are no framework's, as schedules with a base of their own.

use crate::call::Call;
use crate::stop::{Outcome, Stop};
use serde::Deserialize;
use serde_json::Value;
use wengert_optim::Schedule;
use wengert_optim::schedule::{
    Anneal, ConstantLR, CosineAnnealingWarmRestarts, CosineDecay, ExponentialLR, InverseTimeDecay, NoamLR, PiecewiseLR,
    PolynomialLR,
};

type Build = fn(&Call<'_>) -> Outcome<Box<dyn Schedule>>;

pub(super) const TABLE: &[(&str, Build)] = &[
    ("noam", |c| Ok(Box::new(NoamLR::new(c.steps("d_model")?, c.steps("warmup_steps")?)))),
    ("keras.CosineDecay", |c| {
        let initial = c.number("initial_learning_rate")?;
        let schedule = CosineDecay::new(c.steps("decay_steps")?).alpha(c.number("alpha")?);
        let warmup_steps = c.steps("warmup_steps")?;
        Ok(match c.maybe_number("warmup_target")? {
            None => Box::new(schedule.with_base(initial)),
            Some(target) => warmed(warmup_steps, [initial, target], schedule.with_base(target)),
        })
    }),
    ("keras.CosineDecayRestarts", |c| {
        let schedule = CosineAnnealingWarmRestarts::new(c.steps("first_decay_steps")?)
            .t_mult(c.number("t_mul")?)
            .m_mul(c.number("m_mul")?)
            .alpha(c.number("alpha")?);
        Ok(Box::new(schedule.with_base(c.number("initial_learning_rate")?)))
    }),
    ("keras.ExponentialDecay", |c| {
        let schedule = ExponentialLR::new(c.number("decay_rate")?)
            .decay_steps(c.steps("decay_steps")?)
            .staircase(c.flag("staircase")?);
        Ok(Box::new(schedule.with_base(c.number("initial_learning_rate")?)))
    }),
    ("keras.InverseTimeDecay", |c| {
        let schedule = InverseTimeDecay::new(c.steps("decay_steps")?, c.number("decay_rate")?);
        let schedule = schedule.staircase(c.flag("staircase")?);
        Ok(Box::new(schedule.with_base(c.number("initial_learning_rate")?)))
    }),
    ("keras.PiecewiseConstantDecay", |c| {
        let boundaries = c.integers("boundaries")?.into_iter().map(|k| super::table::steps("boundaries", k));
        // A boundary is the last step of the value before it.
        let begins = boundaries.map(|at| Ok(at? + 1)).collect::<Outcome<Vec<u64>>>()?;
        let values = c.numbers("values")?;
        if values.len() != begins.len() + 1 {
            return Err(Stop::Refused(format!("{} values and {} boundaries", values.len(), begins.len())));
        }
        let knots: Vec<_> = std::iter::once(0).chain(begins).zip(values).collect();
        Ok(Box::new(PiecewiseLR::new(apart(knots)).with_base(1.0)))
    }),
    ("keras.PolynomialDecay", |c| {
        let steps = c.steps("decay_steps")?;
        if steps == 0 {
            return Err(Stop::Refused("decay_steps is 0".into()));
        }
        let schedule = PolynomialLR::new()
            .total_iters(steps)
            .power(c.number("power")?)
            .end_lr(c.number("end_learning_rate")?)
            .cycle(c.flag("cycle")?);
        Ok(Box::new(schedule.with_base(c.number("initial_learning_rate")?)))
    }),
    ("optax.cosine_decay_schedule", |c| {
        let schedule = CosineDecay::new(c.steps("decay_steps")?).alpha(c.number("alpha")?);
        Ok(Box::new(schedule.exponent(c.number("exponent")?).with_base(c.number("init_value")?)))
    }),
    ("optax.cosine_onecycle_schedule", |c| {
        let total = c.steps("transition_steps")?;
        let (start, div) = (c.number("pct_start")?, c.number("div_factor")?);
        let scales = [(part(start, total), div), (total, 1.0 / (div * c.number("final_div_factor")?))];
        Ok(Box::new(scaled(&scales).anneal(Anneal::Cosine).with_base(c.number("peak_value")? / div)))
    }),
    ("optax.linear_onecycle_schedule", |c| {
        let total = c.steps("transition_steps")?;
        let (start, end, div) = (c.number("pct_start")?, c.number("pct_final")?, c.number("div_factor")?);
        let last = 1.0 / c.number("final_div_factor")?;
        let scales = [(part(start, total), div), (part(end, total), 1.0 / div), (total, last)];
        Ok(Box::new(scaled(&scales).anneal(Anneal::Linear).with_base(c.number("peak_value")? / div)))
    }),
    ("optax.exponential_decay", |c| exponential(c, c.number("init_value")?)),
    ("optax.warmup_exponential_decay_schedule", |c| {
        let (peak, first) = (c.number("peak_value")?, c.number("init_value")?);
        Ok(warmed(c.steps("warmup_steps")?, [first, peak], exponential(c, peak)?))
    }),
    ("optax.linear_schedule", |c| polynomial(c, 1.0)),
    ("optax.polynomial_schedule", |c| polynomial(c, c.number("power")?)),
    ("optax.piecewise_constant_schedule", |c| Ok(Box::new(scaled(&scales(c)?).with_base(c.number("init_value")?)))),
    ("optax.piecewise_interpolate_schedule", |c| {
        let anneal = match c.word("interpolate_type")? {
            "cosine" => Anneal::Cosine,
            "linear" => Anneal::Linear,
            other => return Err(Stop::argument("interpolate_type", other)),
        };
        Ok(Box::new(scaled(&scales(c)?).anneal(anneal).with_base(c.number("init_value")?)))
    }),
    ("optax.sgdr_schedule", |c| {
        let Some(Value::Array(list)) = c.value("cosine_kwargs") else {
            return Err(Stop::Malformed("cosine_kwargs is no list".into()));
        };
        let parts = list.iter().map(|value| {
            Cosine::deserialize(value).map_err(|error| Stop::Malformed(format!("cosine_kwargs: {error}")))
        });
        let parts = parts.collect::<Outcome<Vec<Cosine>>>()?;
        let (mut joined, mut at): (Option<Box<dyn Schedule>>, u64) = (None, 0);
        for part in parts {
            let next = part.schedule();
            joined = Some(match joined {
                None => next,
                Some(before) => Box::new(before.then(next, at)),
            });
            at += part.decay_steps;
        }
        joined.ok_or_else(|| Stop::Malformed("no schedules".into()))
    }),
    ("optax.warmup_constant_schedule", |c| {
        let (first, peak) = (c.number("init_value")?, c.number("peak_value")?);
        match c.steps("warmup_steps")? {
            // A way of no steps stays where it begins.
            0 => Ok(constant(first)),
            steps => Ok(warmed(steps, [first, peak], constant(peak))),
        }
    }),
    ("optax.warmup_cosine_decay_schedule", |c| {
        let cosine = Cosine {
            init_value: c.number("init_value")?,
            peak_value: c.number("peak_value")?,
            warmup_steps: c.steps("warmup_steps")?,
            decay_steps: c.steps("decay_steps")?,
            end_value: c.number("end_value")?,
            exponent: c.number("exponent")?,
        };
        Ok(cosine.schedule())
    }),
];

/// A warm-up and a cosine, which together take `decay_steps` steps.
#[derive(Deserialize)]
struct Cosine {
    init_value: f64,
    peak_value: f64,
    warmup_steps: u64,
    decay_steps: u64,
    end_value: f64,
    #[serde(default = "one")]
    exponent: f64,
}

fn one() -> f64 {
    1.0
}

impl Cosine {
    fn schedule(&self) -> Box<dyn Schedule> {
        let alpha = if self.peak_value == 0.0 { 0.0 } else { self.end_value / self.peak_value };
        let cosine = CosineDecay::new(self.decay_steps.saturating_sub(self.warmup_steps));
        let cosine = cosine.alpha(alpha).exponent(self.exponent).with_base(self.peak_value);
        warmed(self.warmup_steps, [self.init_value, self.peak_value], cosine)
    }
}

fn constant(rate: f64) -> Box<dyn Schedule> {
    Box::new(ConstantLR::new().factor(1.0).with_base(rate))
}

/// From one rate to another in so many steps, and on by the schedule.
fn warmed(steps: u64, [first, peak]: [f64; 2], schedule: impl Schedule + 'static) -> Box<dyn Schedule> {
    if steps == 0 {
        return Box::new(schedule);
    }
    let way = PolynomialLR::new().total_iters(steps).power(1.0).end_lr(peak).with_base(first);
    Box::new(way.then(schedule, steps))
}

/// Of several knots at one step the last.
fn apart(mut knots: Vec<(u64, f64)>) -> Vec<(u64, f64)> {
    knots.reverse();
    knots.dedup_by_key(|(step, _)| *step);
    knots.reverse();
    knots
}

/// From 1 on, by scales at steps: of several at one step the last counts, as in a dict.
fn scaled(scales: &[(u64, f64)]) -> PiecewiseLR {
    let by_step: std::collections::BTreeMap<u64, f64> = scales.iter().copied().collect();
    let mut value = 1.0;
    let then = by_step.into_iter().map(|(step, scale)| {
        value *= scale;
        (step, value)
    });
    PiecewiseLR::new(apart(std::iter::once((0, 1.0)).chain(then).collect::<Vec<_>>()))
}

/// From this rate on.
fn exponential(c: &Call<'_>, first: f64) -> Outcome<Box<dyn Schedule>> {
    let (rate, steps, staircase) = (c.number("decay_rate")?, c.steps("transition_steps")?, c.flag("staircase")?);
    let (begin, end) = (c.steps("transition_begin")?, c.maybe_number("end_value")?);
    if steps == 0 || rate == 0.0 {
        return Ok(constant(first));
    }
    let schedule = ExponentialLR::new(rate).decay_steps(steps).staircase(staircase).delayed(begin).with_base(first);
    // The end value is the lowest of rates that fall, and the highest of those that rise.
    let (low, high) = match end {
        None => (f64::NEG_INFINITY, f64::INFINITY),
        Some(end) if rate < 1.0 => (end, f64::INFINITY),
        Some(end) => (f64::NEG_INFINITY, end),
    };
    Ok(Box::new(schedule.clamp(low, high)))
}

fn polynomial(c: &Call<'_>, power: f64) -> Outcome<Box<dyn Schedule>> {
    let (steps, first, end) = (c.steps("transition_steps")?, c.number("init_value")?, c.number("end_value")?);
    let begin = c.steps("transition_begin")?;
    if steps == 0 {
        return Ok(constant(first));
    }
    let schedule = PolynomialLR::new().total_iters(steps).power(power).end_lr(end).with_base(first);
    Ok(Box::new(schedule.delayed(begin)))
}

/// Pairs of a step and a scale.
fn scales(c: &Call<'_>) -> Outcome<Vec<(u64, f64)>> {
    let value = c.value("boundaries_and_scales").cloned().unwrap_or_default();
    Vec::deserialize(value).map_err(|error| Stop::Malformed(format!("boundaries_and_scales: {error}")))
}

/// A part of a number of steps, rounded down.
fn part(fraction: f64, total: u64) -> u64 {
    (fraction * total as f64) as u64
}
