//! Rearrangements of elements.

use super::{Outputs, Table};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{Indexing, PadMode, Result, Rng, Tensor, seeded};
use wengert_nn::{AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, Layer};

pub(super) const TABLE: Table = &[
    ("reshape", |c| c.one(c.tensor("input")?.reshape(&c.integers("shape")?))),
    ("ravel", |c| c.one(c.tensor("input")?.flatten(0, -1))),
    ("flatten", |c| c.one(c.tensor("input")?.flatten(c.integer("start_dim")?, c.integer("end_dim")?))),
    ("squeeze", |c| match c.value("dim") {
        None => c.one(c.tensor("input")?.squeeze_all()),
        Some(_) => c.one(c.tensor("input")?.squeeze(&c.integers("dim")?)),
    }),
    ("unsqueeze", |c| c.one(c.tensor("input")?.unsqueeze(c.integer("dim")?))),
    ("permute", |c| c.one(c.tensor("input")?.permute(&c.integers("dims")?))),
    ("transpose", |c| c.one(c.tensor("input")?.transpose(c.integer("dim0")?, c.integer("dim1")?))),
    ("t", |c| c.one(c.tensor("input")?.t())),
    ("expand", |c| c.one(c.tensor("input")?.expand(&c.integers("shape")?))),
    ("broadcast_to", |c| c.one(c.tensor("input")?.expand(&c.integers("shape")?))),
    ("narrow", |c| c.one(c.tensor("input")?.narrow(c.integer("dim")?, c.integer("start")?, c.integer("length")?))),
    ("slice", |c| {
        let (start, end) = (c.maybe_integer("start")?, c.maybe_integer("end")?);
        c.one(c.tensor("input")?.slice(c.integer("dim")?, start, end, c.count("step")?))
    }),
    ("cat", |c| c.one(Tensor::cat(&c.tensors("tensors"), c.integer("dim")?))),
    ("stack", |c| c.one(Tensor::stack(&c.tensors("tensors"), c.integer("dim")?))),
    ("view", |c| c.one(c.tensor("input")?.view(&c.integers("shape")?))),
    ("unflatten", |c| c.one(c.tensor("input")?.unflatten(c.integer("dim")?, &c.integers("sizes")?))),
    ("repeat", |c| c.one(c.tensor("input")?.repeat(&c.counts("repeats")?))),
    ("tile", |c| c.one(c.tensor("input")?.tile(&c.counts("dims")?))),
    ("repeat_interleave", |c| {
        let (x, dim) = (c.tensor("input")?, c.maybe_integer("dim")?);
        match c.maybe_tensor("repeats") {
            Ok(Some(repeats)) => {
                let size = c.maybe_integer("output_size")?;
                let size = size.map(|size| usize::try_from(size).map_err(|_| Stop::argument("output_size", size)));
                c.one(x.repeat_interleave_tensor(repeats, dim, size.transpose()?))
            }
            _ => {
                let y = x.repeat_interleave(c.count("repeats")?, dim)?;
                // With one number it says nothing new.
                match c.maybe_integer("output_size")? {
                    Some(size)
                        if size != y.shape()[dim.unwrap_or(0).rem_euclid(y.rank() as isize) as usize] as isize =>
                    {
                        Err(Stop::argument("output_size", size))
                    }
                    _ => Ok(vec![y]),
                }
            }
        }
    }),
    ("flip", |c| c.one(c.tensor("input")?.flip(&c.integers("dims")?))),
    ("fliplr", |c| c.one(c.tensor("input")?.fliplr())),
    ("flipud", |c| c.one(c.tensor("input")?.flipud())),
    ("roll", |c| c.one(c.tensor("input")?.roll(&c.integers("shifts")?, &c.dims("dims")?))),
    ("rot90", |c| c.one(c.tensor("input")?.rot90(c.integer("k")?, &c.integers("dims")?))),
    ("movedim", |c| c.one(c.tensor("input")?.movedim(&c.integers("source")?, &c.integers("destination")?))),
    ("select", |c| c.one(c.tensor("input")?.select(c.integer("dim")?, c.integer("index")?))),
    ("split", |c| {
        let (x, dim) = (c.tensor("input")?, c.integer("dim")?);
        Ok(match c.value("split_size_or_sections").is_some_and(serde_json::Value::is_array) {
            true => x.split_with_sizes(&c.counts("split_size_or_sections")?, dim)?,
            false => x.split(c.count("split_size_or_sections")?, dim)?,
        })
    }),
    ("split_with_sizes", |c| Ok(c.tensor("input")?.split_with_sizes(&c.counts("split_sizes")?, c.integer("dim")?)?)),
    ("hsplit", |c| sections(c, |x, at| x.hsplit(at), |x, n| x.hsplit(n))),
    ("vsplit", |c| sections(c, |x, at| x.vsplit(at), |x, n| x.vsplit(n))),
    ("dsplit", |c| sections(c, |x, at| x.dsplit(at), |x, n| x.dsplit(n))),
    ("atleast_1d", |c| c.unary(Tensor::atleast_1d)),
    ("atleast_2d", |c| c.unary(Tensor::atleast_2d)),
    ("combinations", |c| {
        let (x, r) = (c.tensor("input")?, c.count("r")?);
        c.one(if c.flag("with_replacement")? { x.combinations_with_replacement(r) } else { x.combinations(r) })
    }),
    ("chunk", |c| Ok(c.tensor("input")?.chunk(c.count("chunks")?, c.integer("dim")?)?)),
    ("unbind", |c| Ok(c.tensor("input")?.unbind(c.integer("dim")?)?)),
    ("tensor_split", |c| {
        let (x, dim) = (c.tensor("input")?, c.integer("dim")?);
        if let Ok(Some(places)) = c.maybe_tensor("indices_or_sections") {
            if places.rank() == 0 {
                return Ok(x.tensor_split(places.item::<i64>()? as isize, dim)?);
            }
            if places.rank() > 1 {
                return Err(Stop::argument("indices_or_sections", "a tensor of several dims"));
            }
            let places: Vec<isize> = places.to_vec::<i64>()?.into_iter().map(|place| place as isize).collect();
            return Ok(x.tensor_split(&places[..], dim)?);
        }
        Ok(match c.value("indices_or_sections").is_some_and(serde_json::Value::is_array) {
            true => x.tensor_split(&c.integers("indices_or_sections")?[..], dim)?,
            false => x.tensor_split(c.integer("indices_or_sections")?, dim)?,
        })
    }),
    ("tensor_unfold", |c| {
        c.one(c.tensor("input")?.unfold(c.integer("dimension")?, c.count("size")?, c.count("step")?))
    }),
    ("diagonal", |c| c.one(c.tensor("input")?.diagonal(c.integer("offset")?, c.integer("dim1")?, c.integer("dim2")?))),
    ("diag", |c| c.one(c.tensor("input")?.diag(c.integer("diagonal")?))),
    ("diag_embed", |c| {
        c.one(c.tensor("input")?.diag_embed(c.integer("offset")?, c.integer("dim1")?, c.integer("dim2")?))
    }),
    ("tril", |c| c.one(c.tensor("input")?.tril(c.integer("diagonal")?))),
    ("triu", |c| c.one(c.tensor("input")?.triu(c.integer("diagonal")?))),
    ("pad", pad),
    ("hstack", |c| c.one(Tensor::hstack(&c.tensors("tensors")))),
    ("vstack", |c| c.one(Tensor::vstack(&c.tensors("tensors")))),
    ("dstack", |c| c.one(Tensor::dstack(&c.tensors("tensors")))),
    ("column_stack", |c| c.one(Tensor::column_stack(&c.tensors("tensors")))),
    ("block_diag", |c| c.one(Tensor::block_diag(&c.tensors("tensors")))),
    ("broadcast_tensors", |c| Ok(Tensor::broadcast_tensors(&c.tensors("tensors"))?)),
    ("cartesian_prod", |c| c.one(Tensor::cartesian_prod(&c.tensors("tensors")))),
    ("meshgrid", |c| match c.word("indexing")? {
        "ij" => Ok(Tensor::meshgrid(&c.tensors("tensors"), Indexing::Ij)?),
        "xy" => Ok(Tensor::meshgrid(&c.tensors("tensors"), Indexing::Xy)?),
        other => Err(Stop::argument("indexing", other)),
    }),
    ("dropout", |c| dropped(c, Dropout::new)),
    ("dropout1d", |c| dropped(c, Dropout1d::new)),
    ("dropout2d", |c| dropped(c, Dropout2d::new)),
    ("dropout3d", |c| dropped(c, Dropout3d::new)),
    ("alpha_dropout", |c| dropped(c, AlphaDropout::new)),
    ("feature_alpha_dropout", |c| dropped(c, FeatureAlphaDropout::new)),
];

/// A split at places, or into a number of parts.
fn sections(
    c: &Call<'_>,
    at: impl Fn(&Tensor, &[isize]) -> Result<Vec<Tensor>>,
    into: impl Fn(&Tensor, isize) -> Result<Vec<Tensor>>,
) -> Outcome<Outputs> {
    let x = c.tensor("input")?;
    Ok(match c.value("indices_or_sections").is_some_and(serde_json::Value::is_array) {
        true => at(x, &c.integers("indices_or_sections")?)?,
        false => into(x, c.integer("indices_or_sections")?)?,
    })
}

/// Dropping as a layer does it, in training or not.
fn dropped<L: Layer>(c: &Call<'_>, new: fn(f64, &mut dyn Rng) -> autograd_core::Result<L>) -> Outcome<Vec<Tensor>> {
    let (x, p, training) = (c.tensor("input")?, c.number("p")?, c.flag("training")?);
    let mut layer = new(p, &mut seeded(7))?;
    if !training {
        layer.eval();
    }
    c.one(layer.forward(x))
}

fn pad(c: &Call<'_>) -> Outcome<Vec<Tensor>> {
    let (x, margins, value) = (c.tensor("input")?, c.integers("pad")?, c.maybe_number("value")?);
    // PyTorch takes the value 0 for modes that have none.
    let mode = match (c.word("mode")?, value.filter(|value| *value != 0.0)) {
        ("constant", value) => PadMode::Constant(value.unwrap_or(0.0)),
        ("reflect", None) => PadMode::Reflect,
        ("replicate", None) => PadMode::Replicate,
        ("circular", None) => PadMode::Circular,
        (other, _) => return Err(Stop::argument("mode", other)),
    };
    c.one(x.pad(&margins, mode))
}
