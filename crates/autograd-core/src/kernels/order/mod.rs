//! The order of elements: sorting, ranks, and what needs the largest of a row.

pub mod rank;
pub mod sort;
pub mod sparsemax;
