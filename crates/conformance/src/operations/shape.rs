//! Rearrangements of elements.

use super::Table;
use autograd_core::module::Module;
use autograd_core::{Tensor, seeded};
use wengert_nn::{Dropout, Layer};

pub(super) const TABLE: Table = &[
    ("reshape", |c| c.one(c.tensor("input")?.reshape(&c.integers("shape")?))),
    ("ravel", |c| c.one(c.tensor("input")?.flatten(0, -1))),
    ("flatten", |c| c.one(c.tensor("input")?.flatten(c.integer("start_dim")?, c.integer("end_dim")?))),
    ("squeeze", |c| c.one(c.tensor("input")?.squeeze(&c.dims("dim")?))),
    ("unsqueeze", |c| c.one(c.tensor("input")?.unsqueeze(c.integer("dim")?))),
    ("permute", |c| c.one(c.tensor("input")?.permute(&c.integers("dims")?))),
    ("transpose", |c| c.one(c.tensor("input")?.transpose(c.integer("dim0")?, c.integer("dim1")?))),
    ("t", |c| c.one(c.tensor("input")?.t())),
    ("expand", |c| c.one(c.tensor("input")?.expand(&c.integers("shape")?))),
    ("broadcast_to", |c| c.one(c.tensor("input")?.expand(&c.integers("shape")?))),
    ("narrow", |c| c.one(c.tensor("input")?.narrow(c.integer("dim")?, c.integer("start")?, c.count("length")?))),
    ("slice", |c| {
        let (start, end) = (c.maybe_integer("start")?, c.maybe_integer("end")?);
        c.one(c.tensor("input")?.slice(c.integer("dim")?, start, end, c.count("step")?))
    }),
    ("cat", |c| c.one(Tensor::cat(&c.tensors("tensors"), c.integer("dim")?))),
    ("stack", |c| c.one(Tensor::stack(&c.tensors("tensors"), c.integer("dim")?))),
    ("dropout", |c| {
        let (x, p, training) = (c.tensor("input")?, c.number("p")?, c.flag("training")?);
        let mut layer = Dropout::new(p, &mut seeded(7))?;
        if !training {
            layer.eval();
        }
        c.one(layer.forward(x))
    }),
];
