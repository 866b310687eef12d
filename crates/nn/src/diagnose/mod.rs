//! The gradient doctor: a look at every parameter's gradient, and at the layers that gave it.

mod doctor;
mod run;
mod table;

pub use doctor::{Doctor, diagnose, diagnose_run};
pub use table::{Ailment, Diagnosis, ParameterRow, UnitsRow};
