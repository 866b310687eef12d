//! Selections and writes of elements by index.

use super::Table;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{Bag, EmbeddingBagOptions, EmbeddingOptions, ScatterReduce};

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
    ("take", |c| c.one(c.tensor("input")?.take(c.tensor("index")?))),
    ("take_along_dim", |c| {
        let (x, indices) = (c.tensor("input")?, c.tensor("indices")?);
        match c.maybe_integer("dim")? {
            Some(dim) => c.one(x.take_along_dim(indices, dim)),
            // Without a dim it goes through all elements, as `take` of a list does.
            None => c.one(x.take(&indices.flatten(0, -1)?)),
        }
    }),
    ("put", |c| {
        let (x, index, source) = (c.tensor("input")?, c.tensor("index")?, c.tensor("source")?);
        c.one(if c.flag("accumulate")? { x.put_add(index, source) } else { x.put(index, source) })
    }),
    ("scatter", |c| {
        let (x, dim, index) = (c.tensor("input")?, c.integer("dim")?, c.tensor("index")?);
        match c.maybe_tensor("src") {
            Ok(_) => c.one(x.scatter(dim, index, c.tensor("src")?)),
            Err(_) => c.one(x.scatter_scalar(dim, index, c.number("src")?)),
        }
    }),
    ("scatter_add", |c| c.one(c.tensor("input")?.scatter_add(c.integer("dim")?, c.tensor("index")?, c.tensor("src")?))),
    ("scatter_reduce", |c| {
        let reduce = match c.word("reduce")? {
            "sum" => ScatterReduce::sum(),
            "mean" => ScatterReduce::mean(),
            "prod" => ScatterReduce::prod(),
            "amax" => ScatterReduce::amax(),
            "amin" => ScatterReduce::amin(),
            other => return Err(Stop::argument("reduce", other)),
        };
        let (reduce, dim) = (reduce.include_self(c.flag("include_self")?), c.integer("dim")?);
        c.one(c.tensor("input")?.scatter_reduce(dim, c.tensor("index")?, c.tensor("src")?, reduce))
    }),
    ("index_add", |c| {
        let (dim, alpha) = (c.integer("dim")?, c.number("alpha")?);
        c.one(c.tensor("input")?.index_add(dim, c.tensor("index")?, c.tensor("source")?, alpha))
    }),
    ("index_copy", |c| {
        c.one(c.tensor("input")?.index_copy(c.integer("dim")?, c.tensor("index")?, c.tensor("source")?))
    }),
    ("index_fill", |c| {
        let (x, dim, index) = (c.tensor("input")?, c.integer("dim")?, c.tensor("index")?);
        match c.maybe_tensor("value") {
            Ok(_) => c.one(x.index_fill_tensor(dim, index, c.tensor("value")?)),
            Err(_) => c.one(x.index_fill(dim, index, c.number("value")?)),
        }
    }),
    ("index_put", |c| {
        let (x, indices, values) = (c.tensor("input")?, c.tensors("indices"), c.tensor("values")?);
        c.one(if c.flag("accumulate")? { x.index_put_add(&indices, values) } else { x.index_put(&indices, values) })
    }),
    ("masked_select", |c| c.one(c.tensor("input")?.masked_select(c.tensor("mask")?))),
    ("masked_scatter", |c| c.one(c.tensor("input")?.masked_scatter(c.tensor("mask")?, c.tensor("source")?))),
    ("nonzero", |c| c.one(c.tensor("input")?.nonzero())),
    ("argwhere", |c| c.one(c.tensor("input")?.argwhere())),
    ("bincount", |c| {
        let minlength = c.count("minlength")?;
        c.one(c.tensor("input")?.bincount(c.maybe_tensor("weights")?, minlength))
    }),
    ("embedding", |c| {
        without_norm(c)?;
        let options = EmbeddingOptions::new().scale_grad_by_freq(c.flag("scale_grad_by_freq")?);
        let options = c.maybe_integer("padding_idx")?.into_iter().fold(options, EmbeddingOptions::padding_idx);
        c.one(c.tensor("weight")?.embedding(c.tensor("input")?, options))
    }),
    ("embedding_bag", |c| {
        without_norm(c)?;
        let mode = match c.word("mode")? {
            "sum" => Bag::Sum,
            "mean" => Bag::Mean,
            "max" => Bag::Max,
            other => return Err(Stop::argument("mode", other)),
        };
        let options = EmbeddingBagOptions::new()
            .mode(mode)
            .scale_grad_by_freq(c.flag("scale_grad_by_freq")?)
            .include_last_offset(c.flag("include_last_offset")?);
        let options = c.maybe_integer("padding_idx")?.into_iter().fold(options, EmbeddingBagOptions::padding_idx);
        let weights = c.maybe_tensor("per_sample_weights")?.cloned();
        let options = weights.into_iter().fold(options, EmbeddingBagOptions::per_sample_weights);
        c.one(c.tensor("weight")?.embedding_bag(c.tensor("input")?, c.maybe_tensor("offsets")?, options))
    }),
];

/// The tables of layers are renormalised by the layers; gradients are dense.
fn without_norm(c: &Call<'_>) -> Outcome<()> {
    c.value("norm_type");
    c.absent("max_norm")?;
    c.only("sparse", false)
}
