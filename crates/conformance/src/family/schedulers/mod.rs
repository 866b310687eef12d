//! Learning-rate schedules: the rate at each step.

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
    let schedule = build(&case.name, &call)?;
    schedule.check()?;
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    let rates: Vec<f64> = (0..case.required::<u64>("steps")?).map(|k| schedule.rate(base_lr, k)).collect();
    compare::numbers("lr", &rates, &case.required::<Array>("lrs")?.floats(), tolerance)
}
