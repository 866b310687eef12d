//! Matrix products.

use super::Table;

pub(super) const TABLE: Table = &[
    ("matmul", |c| c.one(c.tensor("input")?.matmul(c.tensor("other")?))),
    ("linear", |c| c.one(c.tensor("input")?.linear(c.tensor("weight")?, c.maybe_tensor("bias")?))),
];
