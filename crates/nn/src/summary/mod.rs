//! A table of a model's layers: what each returns and how many parameters it has.

mod run;
mod table;
mod trace;

pub use run::{summary, summary_of};
pub use table::{Row, Summary};
pub use trace::Trace;
