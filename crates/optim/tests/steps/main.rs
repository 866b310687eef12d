//! What optimizers promise for every step.

#[path = "../model/mod.rs"]
mod model;

mod clipping;
mod driver;
mod extremes;
mod formulas;
mod gradient_rules;
mod group_names;
mod lbfgs;
mod nested;
mod parts;
mod resume;
mod rules;
mod ties;
