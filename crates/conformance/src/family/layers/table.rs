//! The register of layers. Wiring one up is one entry.

use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::SeededRng;
use wengert_nn::{
    Approximate, Dropout, DynLayer, Flatten, GELU, Identity, Layer, LeakyReLU, Linear, LinearOptions, LogSoftmax,
    PReLU, PReLUOptions, ReLU, SiLU, Sigmoid, Softmax, Softplus, Tanh,
};

pub(super) type Build = fn(&Call<'_>, &mut SeededRng) -> Outcome<Box<dyn DynLayer>>;

/// The function that builds the layer of a name.
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
    ("LeakyReLU", |c, _| layer(LeakyReLU::new().negative_slope(c.number("negative_slope")?))),
    ("Softplus", |c, _| layer(Softplus::new().beta(c.number("beta")?).threshold(c.number("threshold")?))),
    ("Softmax", |c, _| layer(Softmax::new(c.integer("dim")?))),
    ("LogSoftmax", |c, _| layer(LogSoftmax::new(c.integer("dim")?))),
    ("PReLU", |c, _| {
        let options = PReLUOptions::new().num_parameters(c.count("num_parameters")?).init(c.number("init")?);
        layer(PReLU::with(options)?)
    }),
    ("GELU", |c, _| match c.word("approximate")? {
        "none" => layer(GELU::new()),
        "tanh" => layer(GELU::new().approximate(Approximate::Tanh)),
        other => Err(Stop::argument("approximate", other)),
    }),
    ("Flatten", |c, _| layer(Flatten::new().start_dim(c.integer("start_dim")?).end_dim(c.integer("end_dim")?))),
    ("Dropout", |c, rng| layer(Dropout::new(c.number("p")?, rng)?)),
    ("Linear", |c, rng| {
        let (inputs, outputs) = (c.count("in_features")?, c.count("out_features")?);
        layer(Linear::with(inputs, outputs, LinearOptions::new().bias(c.flag_or("bias", true)?), rng)?)
    }),
];

fn layer(layer: impl Layer + Clone + 'static) -> Outcome<Box<dyn DynLayer>> {
    Ok(Box::new(layer))
}
