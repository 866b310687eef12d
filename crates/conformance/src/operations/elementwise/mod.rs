//! Elementwise operations, in tables by sub-chapter.

mod activation;
mod arithmetic;
mod compare;
mod exponential;
mod logic;
mod rounding;
mod special;
mod trigonometric;

use super::Table;

pub(super) const TABLES: [Table; 8] = [
    arithmetic::TABLE,
    exponential::TABLE,
    trigonometric::TABLE,
    special::TABLE,
    rounding::TABLE,
    activation::TABLE,
    compare::TABLE,
    logic::TABLE,
];
