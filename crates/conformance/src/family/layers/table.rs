//! The register of layers. Wiring one up is one entry.

use super::{attention, graph, images, normalize, parametrize, recurrent, shapes};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::SeededRng;
use wengert_nn::{
    Approximate, CELU, Dropout, DynLayer, ELU, Flatten, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh,
    Identity, Layer, LeakyReLU, Linear, LinearOptions, LogSigmoid, LogSoftmax, Mish, PReLU, PReLUOptions, ReLU, ReLU6,
    SELU, SiLU, Sigmoid, Softmax, Softmin, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
};

pub(super) type Build = fn(&Call<'_>, &mut SeededRng) -> Outcome<Box<dyn DynLayer>>;

/// The function that builds the layer of a name.
pub(super) fn find(name: &str) -> Outcome<Build> {
    let tables = [
        TABLE,
        attention::TABLE,
        graph::TABLE,
        images::TABLE,
        normalize::TABLE,
        parametrize::TABLE,
        recurrent::TABLE,
        shapes::TABLE,
    ];
    let entry = tables.into_iter().flatten().find(|(known, _)| *known == name);
    entry.map(|(_, build)| *build).ok_or_else(|| Stop::Unsupported(String::new()))
}

const TABLE: &[(&str, Build)] = &[
    ("Identity", |_, _| layer(Identity)),
    ("ReLU", |_, _| layer(ReLU)),
    ("SiLU", |_, _| layer(SiLU)),
    ("Sigmoid", |_, _| layer(Sigmoid)),
    ("Tanh", |_, _| layer(Tanh)),
    ("ReLU6", |_, _| layer(ReLU6)),
    ("SELU", |_, _| layer(SELU)),
    ("Mish", |_, _| layer(Mish)),
    ("Softsign", |_, _| layer(Softsign)),
    ("Hardswish", |_, _| layer(Hardswish)),
    ("Hardsigmoid", |_, _| layer(Hardsigmoid)),
    ("Tanhshrink", |_, _| layer(Tanhshrink)),
    ("LogSigmoid", |_, _| layer(LogSigmoid)),
    ("ELU", |c, _| layer(ELU::new().alpha(c.number("alpha")?))),
    ("CELU", |c, _| layer(CELU::new().alpha(c.number("alpha")?))),
    ("Hardshrink", |c, _| layer(Hardshrink::new().lambd(c.number("lambd")?))),
    ("Softshrink", |c, _| layer(Softshrink::new().lambd(c.number("lambd")?))),
    ("Hardtanh", |c, _| layer(Hardtanh::new().min_val(c.number("min_val")?).max_val(c.number("max_val")?))),
    ("Threshold", |c, _| layer(Threshold::new().threshold(c.number("threshold")?).value(c.number("value")?))),
    ("GLU", |c, _| layer(GLU::new(c.integer("dim")?))),
    ("Softmin", |c, _| layer(Softmin::new(c.integer("dim")?))),
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

pub(super) fn layer(layer: impl Layer + Clone + 'static) -> Outcome<Box<dyn DynLayer>> {
    Ok(Box::new(layer))
}
