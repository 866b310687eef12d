//! Matrix products.

use super::Table;

pub(super) const TABLE: Table = &[
    ("matmul", |c| c.one(c.tensor("input")?.matmul(c.tensor("other")?))),
    ("mm", |c| c.one(c.tensor("input")?.mm(c.tensor("mat2")?))),
    ("bmm", |c| c.one(c.tensor("input")?.bmm(c.tensor("mat2")?))),
    ("linear", |c| c.one(c.tensor("input")?.linear(c.tensor("weight")?, c.maybe_tensor("bias")?))),
];
