//! What is found out by runs: folds, ranges of rates, checkups, pictures.

#[path = "../moons/mod.rs"]
mod moons;

mod cross_validation;
mod lr_finder;
#[cfg(feature = "plot")]
mod plots;
mod trains;
