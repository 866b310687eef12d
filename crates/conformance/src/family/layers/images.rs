//! Layers for signals, images and volumes.

use super::table::{Build, layer};
use super::{BuildCalled, Called};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::module::Module;
use autograd_core::{OutputSize, PadMode, Padding, Tensor};
use serde_json::Value;
use wengert_nn::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d,
    AvgPool1d, AvgPool2d, AvgPool3d, Conv1d, Conv2d, Conv3d, ConvOptions, LPPool1d, LPPool2d, LPPool3d, Layer,
    MaxPool1d, MaxPool2d, MaxPool3d, MaxUnpool1d, MaxUnpool2d, MaxUnpool3d, Module, Result,
};

/// Pooling by windows: what all have, and each one's own setters.
macro_rules! pool {
    ($c:ident, $pool:expr, $($own:ident($value:expr)),*) => {{
        let mut pool = $pool;
        if let Some(stride) = stride($c)? {
            pool = pool.stride(&stride[..]);
        }
        $(pool = pool.$own($value);)*
        pool.ceil_mode($c.flag_or("ceil_mode", false)?)
    }};
}

macro_rules! max_pool {
    ($c:ident, $Pool:ident) => {{
        let (padding, dilation) = ($c.integers_or("padding", 0)?, $c.integers_or("dilation", 1)?);
        pool!($c, $Pool::new(&$c.integers("kernel_size")?[..]), padding(&padding[..]), dilation(&dilation[..]))
    }};
}

macro_rules! avg_pool {
    ($c:ident, $Pool:ident) => {{
        let (padding, counts) = ($c.integers_or("padding", 0)?, $c.flag_or("count_include_pad", true)?);
        let mut average = $Pool::new(&$c.integers("kernel_size")?[..]);
        if let Some(divisor) = $c.maybe_integer("divisor_override")? {
            average = average.divisor_override(divisor);
        }
        layer(pool!($c, average, padding(&padding[..]), count_include_pad(counts)))
    }};
}

macro_rules! lp_pool {
    ($c:ident, $Pool:ident, $shape:expr) => {{
        let norm_type = $c.number("norm_type")?;
        let pool = pool!($c, $Pool::new(norm_type, &$c.integers("kernel_size")?[..]),);
        if norm_type == 0.0 {
            // PyTorch refuses it when the layer is built, the library when it is called.
            drop(pool.forward(&Tensor::ones(&$shape, $c.precision().dtype())?)?);
        }
        layer(pool)
    }};
}

macro_rules! max_unpool {
    ($c:ident, $Unpool:ident, $D:literal) => {{
        let padding = $c.integers_or("padding", 0)?;
        let mut unpool = $Unpool::new(&$c.integers("kernel_size")?[..]).padding(&padding[..]);
        if let Some(stride) = stride($c)? {
            unpool = unpool.stride(&stride[..]);
        }
        // An argument of the call: the sizes of all dims or of the spatial ones.
        if $c.value("output_size").is_some() {
            let size = $c.integers("output_size")?;
            unpool = unpool.output_size(&size[size.len().saturating_sub($D)..]);
        }
        layer(unpool)
    }};
}

macro_rules! conv {
    ($c:ident, $rng:ident, $Conv:ident) => {{
        let (inputs, outputs) = ($c.count("in_channels")?, $c.count("out_channels")?);
        layer($Conv::with(inputs, outputs, &$c.integers("kernel_size")?[..], options($c)?, $rng)?)
    }};
}

pub(super) const TABLE: &[(&str, Build)] = &[
    ("Conv1d", |c, rng| conv!(c, rng, Conv1d)),
    ("Conv2d", |c, rng| conv!(c, rng, Conv2d)),
    ("Conv3d", |c, rng| conv!(c, rng, Conv3d)),
    ("MaxPool1d", |c, _| {
        c.only("return_indices", false)?;
        layer(max_pool!(c, MaxPool1d))
    }),
    ("MaxPool2d", |c, _| {
        c.only("return_indices", false)?;
        layer(max_pool!(c, MaxPool2d))
    }),
    ("MaxPool3d", |c, _| {
        c.only("return_indices", false)?;
        layer(max_pool!(c, MaxPool3d))
    }),
    ("AvgPool1d", |c, _| avg_pool!(c, AvgPool1d)),
    ("AvgPool2d", |c, _| avg_pool!(c, AvgPool2d)),
    ("AvgPool3d", |c, _| avg_pool!(c, AvgPool3d)),
    ("LPPool1d", |c, _| lp_pool!(c, LPPool1d, [1, 1, 1])),
    ("LPPool2d", |c, _| lp_pool!(c, LPPool2d, [1, 1, 1, 1])),
    ("LPPool3d", |c, _| lp_pool!(c, LPPool3d, [1, 1, 1, 1, 1])),
    ("AdaptiveAvgPool1d", |c, _| layer(AdaptiveAvgPool1d::new(output_size(c)?))),
    ("AdaptiveAvgPool2d", |c, _| layer(AdaptiveAvgPool2d::new(output_size(c)?))),
    ("AdaptiveAvgPool3d", |c, _| layer(AdaptiveAvgPool3d::new(output_size(c)?))),
    ("AdaptiveMaxPool1d", |c, _| {
        c.only("return_indices", false)?;
        layer(AdaptiveMaxPool1d::new(output_size(c)?))
    }),
    ("AdaptiveMaxPool2d", |c, _| {
        c.only("return_indices", false)?;
        layer(AdaptiveMaxPool2d::new(output_size(c)?))
    }),
    ("AdaptiveMaxPool3d", |c, _| {
        c.only("return_indices", false)?;
        layer(AdaptiveMaxPool3d::new(output_size(c)?))
    }),
    ("MaxUnpool1d", |c, _| max_unpool!(c, MaxUnpool1d, 1)),
    ("MaxUnpool2d", |c, _| max_unpool!(c, MaxUnpool2d, 2)),
    ("MaxUnpool3d", |c, _| max_unpool!(c, MaxUnpool3d, 3)),
];

/// Those whose second output is the positions of the first.
pub(super) const CALLED: &[(&str, BuildCalled)] = &[
    ("MaxPool1d", |c, _| positioned(c, max_pool!(c, MaxPool1d), MaxPool1d::forward_with_indices)),
    ("MaxPool2d", |c, _| positioned(c, max_pool!(c, MaxPool2d), MaxPool2d::forward_with_indices)),
    ("MaxPool3d", |c, _| positioned(c, max_pool!(c, MaxPool3d), MaxPool3d::forward_with_indices)),
    ("AdaptiveMaxPool1d", |c, _| {
        positioned(c, AdaptiveMaxPool1d::new(output_size(c)?), AdaptiveMaxPool1d::forward_with_indices)
    }),
    ("AdaptiveMaxPool2d", |c, _| {
        positioned(c, AdaptiveMaxPool2d::new(output_size(c)?), AdaptiveMaxPool2d::forward_with_indices)
    }),
    ("AdaptiveMaxPool3d", |c, _| {
        positioned(c, AdaptiveMaxPool3d::new(output_size(c)?), AdaptiveMaxPool3d::forward_with_indices)
    }),
];

/// A layer that gives positions too.
#[derive(Clone, Module)]
struct Positioned<P> {
    #[module(flatten)]
    pool: P,
    #[module(skip)]
    forward: WithPositions<P>,
}

type WithPositions<P> = fn(&P, &Tensor) -> Result<(Tensor, Tensor)>;

impl<P: Module> Called for Positioned<P> {
    fn outputs(&self, c: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let (y, positions) = (self.forward)(&self.pool, c.tensor("input")?)?;
        Ok(vec![y, positions])
    }
}

/// The layer with its positions, if the case wants them.
fn positioned<P: Layer + Clone + 'static>(
    c: &Call<'_>,
    pool: P,
    forward: WithPositions<P>,
) -> Outcome<Box<dyn Called>> {
    Ok(if c.flag_or("return_indices", false)? {
        Box::new(Positioned { pool, forward })
    } else {
        Box::new(layer(pool)?)
    })
}

/// One number for all dims, or one for each; null is the size of the input.
fn output_size(c: &Call<'_>) -> Outcome<OutputSize> {
    let one = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::Number(size) => {
            size.as_i64().map(|size| Some(size as isize)).ok_or_else(|| Stop::argument("output_size", size))
        }
        other => Err(Stop::argument("output_size", other)),
    };
    match c.value("output_size") {
        Some(Value::Array(sizes)) => Ok(OutputSize::from(&sizes.iter().map(one).collect::<Outcome<Vec<_>>>()?[..])),
        _ => Ok(c.integer("output_size")?.into()),
    }
}

fn stride(c: &Call<'_>) -> Outcome<Option<Vec<isize>>> {
    if c.value("stride").is_none() {
        return Ok(None);
    }
    Ok(Some(c.integers("stride")?).filter(|stride| !stride.is_empty()))
}

fn options(c: &Call<'_>) -> Outcome<ConvOptions> {
    let mut options = ConvOptions::new().groups(c.count_or("groups", 1)?).bias(c.flag_or("bias", true)?);
    if c.value("stride").is_some() {
        options = options.stride(&c.integers("stride")?[..]);
    }
    if c.value("dilation").is_some() {
        options = options.dilation(&c.integers("dilation")?[..]);
    }
    options = match c.value("padding") {
        Some(Value::String(word)) if word == "same" => options.padding(Padding::Same),
        Some(Value::String(word)) if word == "valid" => options.padding(Padding::Valid),
        Some(Value::String(word)) => return Err(Stop::argument("padding", word)),
        Some(_) => options.padding(&c.integers("padding")?[..]),
        None => options,
    };
    Ok(match c.maybe_word("padding_mode")?.unwrap_or("zeros") {
        "zeros" => options,
        "reflect" => options.padding_mode(PadMode::Reflect),
        "replicate" => options.padding_mode(PadMode::Replicate),
        "circular" => options.padding_mode(PadMode::Circular),
        other => return Err(Stop::argument("padding_mode", other)),
    })
}
