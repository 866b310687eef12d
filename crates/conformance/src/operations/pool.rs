//! Pooling, resampling and rearranging of pixels.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::{
    AffineGrid, AvgPool, GridPadding, GridSample, GridSampleMode, Interpolate, InterpolateMode, LpPool, MaxPool,
    MaxUnpool, OutputSize, Result, Tensor,
};
use serde_json::Value;

pub(super) const TABLE: Table = &[
    ("max_pool1d", |c| max_pool(c, Tensor::max_pool1d_with_indices)),
    ("max_pool2d", |c| max_pool(c, Tensor::max_pool2d_with_indices)),
    ("max_pool3d", |c| max_pool(c, Tensor::max_pool3d_with_indices)),
    ("avg_pool1d", |c| avg_pool(c, Tensor::avg_pool1d)),
    ("avg_pool2d", |c| avg_pool(c, Tensor::avg_pool2d)),
    ("avg_pool3d", |c| avg_pool(c, Tensor::avg_pool3d)),
    ("lp_pool1d", |c| lp_pool(c, Tensor::lp_pool1d)),
    ("lp_pool2d", |c| lp_pool(c, Tensor::lp_pool2d)),
    ("lp_pool3d", |c| lp_pool(c, Tensor::lp_pool3d)),
    ("adaptive_avg_pool1d", |c| c.one(c.tensor("input")?.adaptive_avg_pool1d(output_size(c)?))),
    ("adaptive_avg_pool2d", |c| c.one(c.tensor("input")?.adaptive_avg_pool2d(output_size(c)?))),
    ("adaptive_avg_pool3d", |c| c.one(c.tensor("input")?.adaptive_avg_pool3d(output_size(c)?))),
    ("adaptive_max_pool1d", |c| adaptive_max_pool(c, Tensor::adaptive_max_pool1d)),
    ("adaptive_max_pool2d", |c| adaptive_max_pool(c, Tensor::adaptive_max_pool2d)),
    ("adaptive_max_pool3d", |c| adaptive_max_pool(c, Tensor::adaptive_max_pool3d)),
    ("max_unpool1d", |c| max_unpool(c, Tensor::max_unpool1d)),
    ("max_unpool2d", |c| max_unpool(c, Tensor::max_unpool2d)),
    ("max_unpool3d", |c| max_unpool(c, Tensor::max_unpool3d)),
    ("interpolate", interpolate),
    ("grid_sample", |c| {
        let mode = match c.word("mode")? {
            "bilinear" => GridSampleMode::Bilinear,
            "nearest" => GridSampleMode::Nearest,
            "bicubic" => GridSampleMode::Bicubic,
            other => return Err(Stop::argument("mode", other)),
        };
        let padding = match c.word("padding_mode")? {
            "zeros" => GridPadding::Zeros,
            "border" => GridPadding::Border,
            "reflection" => GridPadding::Reflection,
            other => return Err(Stop::argument("padding_mode", other)),
        };
        let options =
            GridSample::new().mode(mode).padding_mode(padding).align_corners(c.flag_or("align_corners", false)?);
        c.one(c.tensor("input")?.grid_sample(c.tensor("grid")?, options))
    }),
    ("affine_grid", |c| {
        let grid = AffineGrid::new(c.integers("size")?).align_corners(c.flag_or("align_corners", false)?);
        c.one(c.tensor("theta")?.affine_grid(grid))
    }),
    ("pixel_shuffle", |c| c.one(c.tensor("input")?.pixel_shuffle(c.integer("upscale_factor")?))),
    ("pixel_unshuffle", |c| c.one(c.tensor("input")?.pixel_unshuffle(c.integer("downscale_factor")?))),
    ("channel_shuffle", |c| c.one(c.tensor("input")?.channel_shuffle(c.integer("groups")?))),
];

/// The stride, if there is one: null and `[]` mean the kernel size.
fn stride(c: &Call<'_>) -> Outcome<Option<Vec<isize>>> {
    if c.value("stride").is_none() {
        return Ok(None);
    }
    Ok(Some(c.integers("stride")?).filter(|stride| !stride.is_empty()))
}

fn max_pool(c: &Call<'_>, f: impl Fn(&Tensor, MaxPool) -> Result<(Tensor, Tensor)>) -> Outcome<Outputs> {
    let windows = MaxPool::new(&c.integers("kernel_size")?[..])
        .padding(&c.integers("padding")?[..])
        .dilation(&c.integers("dilation")?[..])
        .ceil_mode(c.flag("ceil_mode")?);
    let windows = stride(c)?.iter().fold(windows, |windows, stride| windows.stride(&stride[..]));
    let indices = c.flag("return_indices")?;
    let (values, positions) = f(c.tensor("input")?, windows)?;
    Ok(if indices { vec![values, positions] } else { vec![values] })
}

fn avg_pool(c: &Call<'_>, f: impl Fn(&Tensor, AvgPool) -> Result<Tensor>) -> Outcome<Outputs> {
    let windows = AvgPool::new(&c.integers("kernel_size")?[..])
        .padding(&c.integers("padding")?[..])
        .ceil_mode(c.flag("ceil_mode")?)
        .count_include_pad(c.flag("count_include_pad")?);
    let windows = stride(c)?.iter().fold(windows, |windows, stride| windows.stride(&stride[..]));
    let windows = c.maybe_integer("divisor_override")?.into_iter().fold(windows, AvgPool::divisor_override);
    c.one(f(c.tensor("input")?, windows))
}

fn lp_pool(c: &Call<'_>, f: impl Fn(&Tensor, LpPool) -> Result<Tensor>) -> Outcome<Outputs> {
    let windows = LpPool::new(c.number("norm_type")?, &c.integers("kernel_size")?[..]).ceil_mode(c.flag("ceil_mode")?);
    let windows = stride(c)?.iter().fold(windows, |windows, stride| windows.stride(&stride[..]));
    c.one(f(c.tensor("input")?, windows))
}

/// Sizes, of which null means that of the input.
fn output_size(c: &Call<'_>) -> Outcome<OutputSize> {
    let Some(Value::Array(each)) = c.value("output_size") else { return Ok(c.integer("output_size")?.into()) };
    let size = |size: &Value| match size {
        Value::Null => Ok(None),
        size => size.as_i64().map(|size| Some(size as isize)).ok_or_else(|| Stop::argument("output_size", size)),
    };
    Ok(OutputSize::from(&each.iter().map(size).collect::<Outcome<Vec<_>>>()?[..]))
}

fn adaptive_max_pool(c: &Call<'_>, f: impl Fn(&Tensor, OutputSize) -> Result<(Tensor, Tensor)>) -> Outcome<Outputs> {
    let indices = c.flag("return_indices")?;
    let (values, positions) = f(c.tensor("input")?, output_size(c)?)?;
    Ok(if indices { vec![values, positions] } else { vec![values] })
}

fn max_unpool(c: &Call<'_>, f: impl Fn(&Tensor, &Tensor, MaxUnpool) -> Result<Tensor>) -> Outcome<Outputs> {
    let x = c.tensor("input")?;
    let kernel = c.integers("kernel_size")?;
    let mut windows = MaxUnpool::new(&kernel[..]).padding(&c.integers("padding")?[..]);
    windows = stride(c)?.iter().fold(windows, |windows, stride| windows.stride(&stride[..]));
    if c.value("output_size").is_some() {
        // The sizes of all dims or of the spatial ones.
        let size = c.integers("output_size")?;
        let spatial =
            if size.len() == kernel.len().max(x.rank().saturating_sub(2)) + 2 { &size[2..] } else { &size[..] };
        windows = windows.output_size(spatial);
    }
    c.one(f(x, c.tensor("indices")?, windows))
}

fn interpolate(c: &Call<'_>) -> Outcome<Outputs> {
    let mode = match c.word("mode")? {
        "nearest" => InterpolateMode::Nearest,
        "nearest-exact" => InterpolateMode::NearestExact,
        "linear" => InterpolateMode::Linear,
        "bilinear" => InterpolateMode::Bilinear,
        "bicubic" => InterpolateMode::Bicubic,
        "trilinear" => InterpolateMode::Trilinear,
        "area" => InterpolateMode::Area,
        other => return Err(Stop::argument("mode", other)),
    };
    let options = match (c.value("size").is_some(), c.value("scale_factor").is_some()) {
        (true, false) => Interpolate::size(&c.integers("size")?[..]),
        (false, true) => Interpolate::scale_factor(&c.numbers("scale_factor")?[..]),
        // A value of the type has one of them.
        _ => return Err(Stop::argument("size", "neither or both of size and scale_factor")),
    };
    let options = options
        .mode(mode)
        .antialias(c.flag_or("antialias", false)?)
        .recompute_scale_factor(c.flag_or("recompute_scale_factor", false)?);
    let options = match c.value("align_corners") {
        None => options,
        Some(_) => options.align_corners(c.flag("align_corners")?),
    };
    let x = c.tensor("input")?;
    for name in ["size", "scale_factor"] {
        // The library takes a list of one for one number.
        if let Some(list) = c.value(name).and_then(Value::as_array)
            && list.len() + 2 != x.rank()
        {
            return Err(Stop::argument(name, format!("{list:?}")));
        }
    }
    c.one(x.interpolate(options))
}
