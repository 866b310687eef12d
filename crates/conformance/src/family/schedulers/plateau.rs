//! The schedule that follows a measurement.

use super::super::inputs::tolerance;
use crate::call::Call;
use crate::case::{Array, Case, Precision};
use crate::compare;
use crate::stop::Outcome;
use wengert_optim::schedule::{Better, ReduceLROnPlateau, ThresholdMode};

pub(super) fn run(case: &Case, call: &Call<'_>, base_lr: f64, precision: Precision) -> Outcome<()> {
    let mut plateau = build(call)?;
    plateau.check()?;
    if case.expect_error {
        return Ok(());
    }
    let mut lr = base_lr;
    let rates: Vec<f64> = case
        .required::<Array>("metrics")?
        .floats()
        .into_iter()
        .map(|metric| {
            let used = lr;
            lr = plateau.step(metric, lr);
            used
        })
        .collect();
    compare::numbers("lr", &rates, &case.required::<Array>("lrs")?.floats(), tolerance(case, precision)?)
}

fn build(c: &Call<'_>) -> Outcome<ReduceLROnPlateau> {
    let mode: Better = c.maybe_word("mode")?.unwrap_or("min").parse()?;
    let threshold_mode: ThresholdMode = c.maybe_word("threshold_mode")?.unwrap_or("rel").parse()?;
    let plateau = ReduceLROnPlateau::new()
        .mode(mode)
        .factor(c.number_or("factor", 0.1)?)
        .patience(c.steps_or("patience", 10)?)
        .threshold(c.number_or("threshold", 1e-4)?)
        .threshold_mode(threshold_mode)
        .cooldown(c.steps_or("cooldown", 0)?)
        .min_lr(c.number_or("min_lr", 0.0)?)
        .eps(c.number_or("eps", 1e-8)?);
    c.all_read()?;
    Ok(plateau)
}
