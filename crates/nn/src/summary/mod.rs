//! A table of a model's layers: the shape that each returns, the number of its parameters, and the work it does.

mod run;
mod table;

pub(crate) use run::Unchanged;
pub use run::{summary, summary_of, summary_with};
pub use table::{Row, Summary};
