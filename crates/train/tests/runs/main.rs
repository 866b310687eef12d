//! Training runs, against their documentation.

#[path = "../moons/mod.rs"]
mod moons;

mod accumulate;
mod capture;
mod evaluation_weights;
mod fit;
mod group_rates;
mod hessian;
mod holds;
mod lbfgs;
mod partitions;
mod rates;
mod seams;
mod sparse;
mod threads;
mod validation;
