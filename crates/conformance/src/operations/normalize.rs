//! Normalisations, which relate every element of a row to the whole row.

use super::Table;

pub(super) const TABLE: Table = &[
    ("softmax", |c| c.one(c.tensor("input")?.softmax(c.integer("dim")?))),
    ("softmin", |c| c.one(c.tensor("input")?.softmin(c.integer("dim")?))),
    ("log_softmax", |c| c.one(c.tensor("input")?.log_softmax(c.integer("dim")?))),
];
