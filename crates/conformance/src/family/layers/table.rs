//! The register of layers. Wiring one up is one entry.

use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::SeededRng;
use wengert_nn::{
    Approximate, Dropout, Flatten, GELU, Identity, Layer, LayerClone, LeakyReLU, Linear, LogSoftmax, PReLU, ReLU, SiLU,
    Sigmoid, Softmax, Softplus, Tanh,
};

pub(super) type Build = fn(&Call<'_>, &mut SeededRng) -> Outcome<Box<dyn LayerClone>>;

/// How the layer of a name is built.
pub(super) fn find(name: &str) -> Outcome<Build> {
    let entry = TABLE.iter().find(|(known, _)| *known == name);
    entry.map(|(_, build)| *build).ok_or_else(|| Stop::Unsupported(String::new()))
}

const TABLE: &[(&str, Build)] = &[
    ("Identity", |_, _| layer(Identity)),
    ("ReLU", |_, _| layer(ReLU)),
    ("SiLU", |_, _| layer(SiLU)),
    ("Sigmoid", |_, _| layer(Sigmoid)),
    ("Tanh", |_, _| layer(Tanh)),
    ("LeakyReLU", |c, _| layer(LeakyReLU::new(c.number("negative_slope")?))),
    ("Softplus", |c, _| layer(Softplus::new(c.number("beta")?, c.number("threshold")?)?)),
    ("Softmax", |c, _| layer(Softmax::new(c.integer("dim")?))),
    ("LogSoftmax", |c, _| layer(LogSoftmax::new(c.integer("dim")?))),
    ("PReLU", |c, _| layer(PReLU::new(c.count("num_parameters")?, c.number("init")?)?)),
    ("GELU", |c, _| match c.word("approximate")? {
        "none" => layer(GELU::new(Approximate::None)),
        "tanh" => layer(GELU::new(Approximate::Tanh)),
        other => Err(Stop::argument("approximate", other)),
    }),
    ("Flatten", |c, _| layer(Flatten::new(c.integer("start_dim")?, c.integer("end_dim")?))),
    ("Dropout", |c, rng| layer(Dropout::new(c.number("p")?, rng)?)),
    ("Linear", |c, rng| {
        let (inputs, outputs) = (c.count("in_features")?, c.count("out_features")?);
        layer(if c.flag_or("bias", true)? {
            Linear::new(inputs, outputs, rng)?
        } else {
            Linear::no_bias(inputs, outputs, rng)?
        })
    }),
];

fn layer(layer: impl Layer + Clone + 'static) -> Outcome<Box<dyn LayerClone>> {
    Ok(Box::new(layer))
}
