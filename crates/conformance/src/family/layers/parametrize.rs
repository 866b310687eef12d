//! Layers with computed parameters.

use super::table::{Build, layer};
use wengert_nn::{Linear, LinearOptions, WeightNorm, WeightNormOptions};

pub(super) const TABLE: &[(&str, Build)] = &[("WeightNormLinear", |c, rng| {
    let (inputs, outputs) = (c.count("in_features")?, c.count("out_features")?);
    let options = LinearOptions::new().bias(c.flag_or("bias", true)?);
    let linear = Linear::with(inputs, outputs, options, rng)?;
    // Null is a value of its own here, but what is not written at all is the default.
    // PyTorch's -1 is all dims, too.
    let dim = c.maybe_integer("dim")?.filter(|dim| *dim != -1);
    let norm = WeightNormOptions::new();
    let norm = if dim.is_none() && !c.is_given("dim") { norm } else { norm.dim(dim) };
    layer(WeightNorm::with(linear, norm)?)
})];
