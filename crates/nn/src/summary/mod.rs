//! A table of a model's layers: the shape that each returns and the number of its parameters.

mod run;
mod table;

pub(crate) use run::unchanged;
pub use run::{summary, summary_of, summary_with};
pub use table::{Row, Summary};
