//! Scalers and encoders: fitted on one table, applied to another, and back.

use super::inputs::tolerance;
use crate::call::Call;
use crate::case::{Array, Case, Precision};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::Tensor;
use std::collections::BTreeMap;
use wengert_data::transform::{Fit, StandardScaler, Transform};

/// A scaler that has seen its table.
struct Fitted {
    transform: Box<dyn Transform>,
    /// By the names of scikit-learn.
    attributes: Vec<(&'static str, Option<Tensor>)>,
}

type Build = fn(&Call<'_>) -> Outcome<Box<dyn Fn(&Tensor) -> Outcome<Fitted>>>;

/// The register of scalers. Wiring one up is one entry.
const TABLE: &[(&str, Build)] = &[("StandardScaler", |c| {
    let scaler = StandardScaler::new().mean(c.flag_or("with_mean", true)?).std(c.flag_or("with_std", true)?);
    Ok(Box::new(move |x| {
        let fitted = scaler.fit(x)?;
        let attributes = [("mean_", fitted.mean()), ("var_", fitted.var()), ("scale_", fitted.scale())];
        let attributes = attributes.map(|(name, value)| (name, value.cloned())).to_vec();
        Ok(Fitted { transform: Box::new(fitted), attributes })
    }))
})];

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let entry = TABLE.iter().find(|(known, _)| *known == case.name);
    let (_, build) = entry.ok_or_else(|| Stop::Unsupported(String::new()))?;
    let nothing = BTreeMap::new();
    let call = Call::new(&case.args, &nothing, precision);
    let fit = build(&call)?;
    call.all_read()?;
    let fitted = fit(&case.required::<Array>("fit")?.tensor(precision)?)?;
    let transformed = fitted.transform.transform(&case.required::<Array>("transform")?.tensor(precision)?)?;
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    for (name, want) in case.field::<BTreeMap<String, Option<Array>>>("attributes")?.unwrap_or_default() {
        let found = fitted.attributes.iter().find(|(known, _)| *known == name);
        let (_, got) = found.ok_or_else(|| Stop::Unsupported(format!("attribute {name}")))?;
        match (got, want) {
            (Some(got), Some(want)) => compare::tensor(&name, got, &want, tolerance)?,
            (None, None) => {}
            (got, want) => {
                let there = |there: bool| if there { "a value" } else { "none" };
                let (got, want) = (there(got.is_some()), there(want.is_some()));
                return Err(Stop::Differs(format!("{name}: got {got} want {want}")));
            }
        }
    }
    compare::tensor("output", &transformed, &case.required("output")?, tolerance)?;
    match case.field::<Array>("inverse")? {
        Some(want) => compare::tensor("inverse", &fitted.transform.inverse_transform(&transformed)?, &want, tolerance),
        None => Ok(()),
    }
}
