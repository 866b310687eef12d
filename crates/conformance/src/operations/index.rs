//! Selections of elements by index.

use super::Table;

pub(super) const TABLE: Table = &[
    ("index_select", |c| c.one(c.tensor("input")?.index_select(c.integer("dim")?, c.tensor("index")?))),
    ("gather", |c| {
        c.only("sparse_grad", false)?;
        c.one(c.tensor("input")?.gather(c.integer("dim")?, c.tensor("index")?))
    }),
    ("one_hot", |c| {
        let classes = if c.integer("num_classes")? == -1 { None } else { Some(c.count("num_classes")?) };
        c.one(c.tensor("input")?.one_hot(classes))
    }),
];
