//! Layers that pad, resize, reshape and drop, transposed convolutions, and products of several inputs.

use super::table::{Build, layer};
use super::{compared, state_dict};
use crate::call::Call;
use crate::case::{Case, Precision};
use crate::family::inputs::Inputs;
use crate::stop::{Outcome, Stop};
use autograd_core::module::Module;
use autograd_core::{InterpolateMode, PerDim, SeededRng, seeded};
use std::collections::BTreeMap;
use wengert_nn::{
    AdaptiveLogSoftmaxOptions, AdaptiveLogSoftmaxWithLoss, AlphaDropout, Bilinear, BilinearOptions, ChannelShuffle,
    CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d, ConvTranspose1d,
    ConvTranspose2d, ConvTranspose3d, ConvTransposeOptions, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, Fold,
    PixelShuffle, PixelUnshuffle, RReLU, ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReplicationPad1d,
    ReplicationPad2d, ReplicationPad3d, Softmax2d, Unflatten, Unfold, Upsample, UpsamplingBilinear2d,
    UpsamplingNearest2d, ZeroPad1d, ZeroPad2d, ZeroPad3d,
};

macro_rules! pad {
    ($c:ident, $Pad:ident$(, $value:literal)?) => {
        layer($Pad::new(&$c.integers("padding")?[..]$(, $c.number($value)?)?))
    };
}

macro_rules! transpose {
    ($c:ident, $rng:ident, $Conv:ident, $D:literal) => {{
        let (inputs, outputs) = ($c.count("in_channels")?, $c.count("out_channels")?);
        layer($Conv::with(inputs, outputs, &$c.integers("kernel_size")?[..], transposed($c, $D)?, $rng)?)
    }};
}

macro_rules! resized {
    ($c:ident, $Upsample:ident) => {
        match ($c.value("size").is_some(), $c.value("scale_factor").is_some()) {
            (true, false) => $Upsample::size(&$c.integers("size")?[..]),
            (false, true) => $Upsample::scale_factor(&$c.numbers("scale_factor")?[..]),
            // A value of the type has one of them.
            _ => return Err(Stop::argument("size", "neither or both of size and scale_factor")),
        }
    };
}

pub(super) const TABLE: &[(&str, Build)] = &[
    ("ZeroPad1d", |c, _| pad!(c, ZeroPad1d)),
    ("ZeroPad2d", |c, _| pad!(c, ZeroPad2d)),
    ("ZeroPad3d", |c, _| pad!(c, ZeroPad3d)),
    ("ConstantPad1d", |c, _| pad!(c, ConstantPad1d, "value")),
    ("ConstantPad2d", |c, _| pad!(c, ConstantPad2d, "value")),
    ("ConstantPad3d", |c, _| pad!(c, ConstantPad3d, "value")),
    ("ReflectionPad1d", |c, _| pad!(c, ReflectionPad1d)),
    ("ReflectionPad2d", |c, _| pad!(c, ReflectionPad2d)),
    ("ReflectionPad3d", |c, _| pad!(c, ReflectionPad3d)),
    ("ReplicationPad1d", |c, _| pad!(c, ReplicationPad1d)),
    ("ReplicationPad2d", |c, _| pad!(c, ReplicationPad2d)),
    ("ReplicationPad3d", |c, _| pad!(c, ReplicationPad3d)),
    ("CircularPad1d", |c, _| pad!(c, CircularPad1d)),
    ("CircularPad2d", |c, _| pad!(c, CircularPad2d)),
    ("CircularPad3d", |c, _| pad!(c, CircularPad3d)),
    ("ConvTranspose1d", |c, rng| transpose!(c, rng, ConvTranspose1d, 1)),
    ("ConvTranspose2d", |c, rng| transpose!(c, rng, ConvTranspose2d, 2)),
    ("ConvTranspose3d", |c, rng| transpose!(c, rng, ConvTranspose3d, 3)),
    ("Unfold", |c, _| {
        let unfold = Unfold::new(&c.integers("kernel_size")?[..]).dilation(&c.integers_or("dilation", 1)?[..]);
        layer(unfold.padding(&c.integers_or("padding", 0)?[..]).stride(&c.integers_or("stride", 1)?[..]))
    }),
    ("Fold", |c, _| {
        let fold = Fold::new(&c.integers("output_size")?[..], &c.integers("kernel_size")?[..]);
        let fold = fold.dilation(&c.integers_or("dilation", 1)?[..]).padding(&c.integers_or("padding", 0)?[..]);
        layer(fold.stride(&c.integers_or("stride", 1)?[..]))
    }),
    ("Upsample", |c, _| {
        let upsample = resized!(c, Upsample).mode(mode(c)?);
        let upsample = upsample.recompute_scale_factor(c.flag_or("recompute_scale_factor", false)?);
        layer(match c.value("align_corners") {
            None => upsample,
            Some(_) => upsample.align_corners(c.flag("align_corners")?),
        })
    }),
    ("UpsamplingNearest2d", |c, _| layer(resized!(c, UpsamplingNearest2d))),
    ("UpsamplingBilinear2d", |c, _| layer(resized!(c, UpsamplingBilinear2d))),
    ("PixelShuffle", |c, _| layer(PixelShuffle::new(c.integer("upscale_factor")?))),
    ("PixelUnshuffle", |c, _| layer(PixelUnshuffle::new(c.integer("downscale_factor")?))),
    ("ChannelShuffle", |c, _| layer(ChannelShuffle::new(c.integer("groups")?))),
    ("Unflatten", |c, _| layer(Unflatten::new(c.integer("dim")?, &c.integers("unflattened_size")?))),
    ("Softmax2d", |_, _| layer(Softmax2d)),
    ("RReLU", |c, rng| {
        layer(RReLU::new(rng).lower(c.number_or("lower", 0.125)?).upper(c.number_or("upper", 1.0 / 3.0)?))
    }),
    ("Dropout1d", |c, rng| layer(Dropout1d::new(c.number_or("p", 0.5)?, rng)?)),
    ("Dropout2d", |c, rng| layer(Dropout2d::new(c.number_or("p", 0.5)?, rng)?)),
    ("Dropout3d", |c, rng| layer(Dropout3d::new(c.number_or("p", 0.5)?, rng)?)),
    ("AlphaDropout", |c, rng| layer(AlphaDropout::new(c.number_or("p", 0.5)?, rng)?)),
    ("FeatureAlphaDropout", |c, rng| layer(FeatureAlphaDropout::new(c.number_or("p", 0.5)?, rng)?)),
    ("Bilinear", |c, rng| {
        let sizes = [c.count("in1_features")?, c.count("in2_features")?, c.count("out_features")?];
        let options = BilinearOptions::new().bias(c.flag_or("bias", true)?);
        layer(Bilinear::with(sizes[0], sizes[1], sizes[2], options, rng)?)
    }),
    ("AdaptiveLogSoftmaxWithLoss", |c, rng| layer(log_softmax(c, rng)?)),
];

fn transposed(c: &Call<'_>, dims: usize) -> Outcome<ConvTransposeOptions> {
    c.only("padding_mode", "zeros")?;
    let options = ConvTransposeOptions::new().groups(c.count_or("groups", 1)?).bias(c.flag_or("bias", true)?);
    let mut options = options.output_padding(0);
    for (name, set) in [
        ("stride", ConvTransposeOptions::stride as fn(ConvTransposeOptions, PerDim) -> ConvTransposeOptions),
        ("padding", ConvTransposeOptions::padding),
        ("dilation", ConvTransposeOptions::dilation),
        ("output_padding", ConvTransposeOptions::output_padding),
        // An argument of the call, with batch and channels or without.
        ("output_size", ConvTransposeOptions::output_size),
    ] {
        if c.value(name).is_some() {
            let values = c.integers(name)?;
            let own = values.len().saturating_sub(dims);
            options = set(options, PerDim::from(&values[if name == "output_size" { own } else { 0 }..]));
        }
    }
    Ok(options)
}

fn mode(c: &Call<'_>) -> Outcome<InterpolateMode> {
    Ok(match c.maybe_word("mode")?.unwrap_or("nearest") {
        "nearest" => InterpolateMode::Nearest,
        "nearest-exact" => InterpolateMode::NearestExact,
        "linear" => InterpolateMode::Linear,
        "bilinear" => InterpolateMode::Bilinear,
        "bicubic" => InterpolateMode::Bicubic,
        "trilinear" => InterpolateMode::Trilinear,
        "area" => InterpolateMode::Area,
        other => return Err(Stop::argument("mode", other)),
    })
}

fn log_softmax(c: &Call<'_>, rng: &mut SeededRng) -> Outcome<AdaptiveLogSoftmaxWithLoss> {
    let (div_value, head_bias) = (c.number_or("div_value", 4.0)?, c.flag_or("head_bias", false)?);
    let options = AdaptiveLogSoftmaxOptions::new().div_value(div_value).head_bias(head_bias);
    let (features, classes, cutoffs) = (c.count("in_features")?, c.count("n_classes")?, c.counts("cutoffs")?);
    Ok(AdaptiveLogSoftmaxWithLoss::with(features, classes, &cutoffs, options, rng)?)
}

/// The layer with two outputs: the target's log-probabilities, and the loss.
pub(super) fn adaptive(case: &Case, inputs: &Inputs, precision: Precision) -> Outcome<()> {
    let (args, nothing) = (&case.args, BTreeMap::new());
    let c = Call::new(args, &nothing, precision);
    let layer = log_softmax(&c, &mut seeded(7));
    if !matches!(layer, Err(Stop::Unsupported(_))) {
        c.all_read()?;
    }
    let mut layer = layer?;
    if case.expect_error && inputs.tensors.is_empty() {
        return Ok(());
    }
    layer.to_dtype(precision.dtype())?;
    if !case.expect_error {
        layer.load_state_dict(&state_dict(&case.required("state")?, precision)?)?;
    }
    let input = |name: &str| inputs.tensors.get(name).ok_or_else(|| Stop::Malformed(format!("no input {name}")));
    let (output, loss) = layer.with_loss(input("input")?, input("target")?)?;
    if case.expect_error {
        return Ok(());
    }
    compared(case, inputs, &layer, &[output, loss], precision)
}
