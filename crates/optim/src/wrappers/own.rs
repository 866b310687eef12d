//! The numbers of a wrapper, beside those of the optimizer inside.

use crate::optimizer::{Optimizer, unknown};
use crate::rule::See;
use autograd_core::{Description, Error, Result};

/// Shows every number of a wrapper.
pub(super) type Show<'a> = &'a mut dyn FnMut(&mut See<'_>);

/// All by name.
pub(super) fn numbers(show: Show<'_>) -> Vec<(&'static str, f64)> {
    let mut all = Vec::new();
    show(&mut |name, value, _| all.push((name, *value)));
    all
}

/// Whether each is in its range.
pub(super) fn check(op: &str, show: Show<'_>) -> Result<()> {
    let mut outcome = Ok(());
    show(&mut |name, value, range| {
        if outcome.is_ok() {
            outcome = range.check(op, name, *value);
        }
    });
    outcome
}

/// Those of the optimizer inside, and then the wrapper's.
pub(super) fn hyperparameters<O: Optimizer>(show: Show<'_>, inner: &O) -> Vec<(&'static str, f64)> {
    let mut all = inner.hyperparameters();
    all.extend(numbers(show));
    all
}

/// The number of a name.
pub(super) fn get<O: Optimizer>(name: &str, show: Show<'_>, inner: &O) -> Result<f64> {
    match numbers(show).into_iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Ok(value),
        None => inner.get(name).map_err(|error| refusal(name, error, show, inner)),
    }
}

/// Changes the number of a name.
pub(super) fn set<O: Optimizer>(op: &str, name: &str, value: f64, show: Show<'_>, inner: &mut O) -> Result<()> {
    let mut found = false;
    show(&mut |known, number, _| {
        if known == name {
            (*number, found) = (value, true);
        }
    });
    if found {
        return Ok(());
    }
    inner.set(name, value).map_err(|error| refusal(name, error, show, inner).context(op))
}

/// The refusal of a name; one with a dot may be that of a group, of which the optimizer inside knows more.
fn refusal<O: Optimizer>(name: &str, error: Error, show: Show<'_>, inner: &O) -> Error {
    if name.contains('.') { error } else { unknown(name, &hyperparameters(show, inner)) }
}

/// A wrapper's options, each after its prefix, with the description of the optimizer inside.
pub(super) fn describe(op: &str, prefix: &str, options: Vec<(String, String)>, inner: &Description) -> Description {
    let named = |all: Description, (name, value): (String, String)| {
        all.option(format!("{prefix}.{name}"), format_args!("{value}"))
    };
    options.into_iter().fold(Description::new(op), named).flat(inner)
}

/// Options from the fields of a type.
pub(super) fn options(of: &impl std::fmt::Debug) -> Vec<(String, String)> {
    let all = Description::from_debug(of);
    all.options().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}
