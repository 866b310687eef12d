//! Layers for signals, images and volumes.

use super::table::{Build, layer};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{OutputSize, PadMode, Padding};
use serde_json::Value;
use wengert_nn::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d,
    AvgPool1d, AvgPool2d, AvgPool3d, Conv1d, Conv2d, Conv3d, ConvOptions, LPPool1d, LPPool2d, LPPool3d, MaxPool1d,
    MaxPool2d, MaxPool3d,
};

/// Pooling by windows: what all have, and each one's own setters.
macro_rules! pool {
    ($c:ident, $pool:expr, $($own:ident($value:expr)),*) => {{
        let mut pool = $pool;
        if let Some(stride) = stride($c)? {
            pool = pool.stride(&stride[..]);
        }
        $(pool = pool.$own($value);)*
        layer(pool.ceil_mode($c.flag("ceil_mode")?))
    }};
}

macro_rules! max_pool {
    ($c:ident, $Pool:ident) => {{
        $c.only("return_indices", false)?;
        let (padding, dilation) = ($c.integers("padding")?, $c.integers("dilation")?);
        pool!($c, $Pool::new(&$c.integers("kernel_size")?[..]), padding(&padding[..]), dilation(&dilation[..]))
    }};
}

macro_rules! avg_pool {
    ($c:ident, $Pool:ident) => {{
        let (padding, counts) = ($c.integers("padding")?, $c.flag("count_include_pad")?);
        let mut average = $Pool::new(&$c.integers("kernel_size")?[..]);
        if let Some(divisor) = $c.maybe_integer("divisor_override")? {
            average = average.divisor_override(divisor);
        }
        pool!($c, average, padding(&padding[..]), count_include_pad(counts))
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
    ("MaxPool1d", |c, _| max_pool!(c, MaxPool1d)),
    ("MaxPool2d", |c, _| max_pool!(c, MaxPool2d)),
    ("MaxPool3d", |c, _| max_pool!(c, MaxPool3d)),
    ("AvgPool1d", |c, _| avg_pool!(c, AvgPool1d)),
    ("AvgPool2d", |c, _| avg_pool!(c, AvgPool2d)),
    ("AvgPool3d", |c, _| avg_pool!(c, AvgPool3d)),
    ("LPPool1d", |c, _| pool!(c, LPPool1d::new(c.number("norm_type")?, &c.integers("kernel_size")?[..]),)),
    ("LPPool2d", |c, _| pool!(c, LPPool2d::new(c.number("norm_type")?, &c.integers("kernel_size")?[..]),)),
    ("LPPool3d", |c, _| pool!(c, LPPool3d::new(c.number("norm_type")?, &c.integers("kernel_size")?[..]),)),
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
];

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
    let mut options = ConvOptions::new().groups(c.count("groups")?).bias(c.flag_or("bias", true)?);
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
