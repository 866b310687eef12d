//! A table of a model's layers: the shape that each returns and the number of its parameters.

mod run;
mod table;

pub use run::{summary, summary_of};
pub use table::{Row, Summary};
