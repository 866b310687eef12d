//! The runner of each family of cases.

mod composite;
mod double_grad;
mod functional;
mod graphs;
mod init;
mod inputs;
mod layers;
mod metrics;
mod models;
mod optimizers;
mod scalers;
mod schedulers;
mod single;
mod splits;
mod training;

use crate::case::{Case, Precision};
use crate::stop::{Outcome, Stop};

/// Runs a case in one precision. For a case that must be refused, this is all calls and no comparison.
pub fn run(case: &Case, precision: Precision) -> Outcome<()> {
    match case.family.as_str() {
        "ops" | "ops_extra" | "losses" | "numerics" => single::run(case, precision),
        "double_grad" => double_grad::run(case, precision),
        "functional" => functional::run(case, precision),
        "graphs" => graphs::run(case, precision),
        "init" => init::run(case, precision),
        "layers" => layers::run(case, precision),
        "metrics" => metrics::run(case, precision),
        "models" => models::run(case, precision),
        "optimizers" => optimizers::run(case, precision),
        "scalers" => scalers::run(case, precision),
        "schedulers" => schedulers::run(case, precision),
        "splits" => splits::run(case, precision),
        "training" => training::run(case, precision),
        _ => Err(Stop::Unsupported(String::new())),
    }
}
