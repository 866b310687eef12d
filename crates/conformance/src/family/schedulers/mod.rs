//! Learning-rate schedules: the rate at each step.

mod others;
mod plateau;
mod table;

use super::inputs::tolerance;
use crate::call::Call;
use crate::case::{Array, Case, Precision};
use crate::compare;
use crate::stop::Outcome;
use std::collections::BTreeMap;
use wengert_optim::Schedule;

pub(super) use table::build;

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let inputs = BTreeMap::new();
    let call = Call::new(&case.args, &inputs, precision);
    let base_lr = call.maybe_number("base_lr")?.unwrap_or(1.0);
    if case.name == "ReduceLROnPlateau" {
        return plateau::run(case, &call, base_lr, precision);
    }
    let schedule = build(&case.name, &call)?;
    let momentum = table::momentum(&case.name, &call)?;
    let steps = case.field::<u64>("steps")?;
    for schedule in std::iter::once(&schedule).chain(&momentum) {
        schedule.check()?;
        schedule.check_steps(steps.unwrap_or(0))?;
    }
    if case.expect_error {
        return Ok(());
    }
    let (tolerance, steps) = (tolerance(case, precision)?, case.required::<u64>("steps")?);
    let rates = |schedule: &dyn Schedule| (0..steps).map(|k| schedule.rate(base_lr, k)).collect::<Vec<f64>>();
    compare::numbers("lr", &rates(&schedule), &case.required::<Array>("lrs")?.floats(), tolerance)?;
    let (got, want) = (momentum.map(|schedule| rates(&schedule)), case.field::<Array>("momentums")?);
    compare::numbers("momentum", &got.unwrap_or_default(), &want.map_or(Vec::new(), |want| want.floats()), tolerance)
}
