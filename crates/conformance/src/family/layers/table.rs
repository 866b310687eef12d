//! The register of layers. Wiring one up is one entry.

use super::{attention, graph, images, normalize, parametrize, recurrent, shapes};
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{SeededRng, Tensor};
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
    ("ELU", |c, _| layer(ELU::new().alpha(c.number_or("alpha", 1.0)?))),
    ("CELU", |c, _| layer(CELU::new().alpha(c.number_or("alpha", 1.0)?))),
    ("Hardshrink", |c, _| layer(Hardshrink::new().lambd(c.number_or("lambd", 0.5)?))),
    ("Softshrink", |c, _| layer(Softshrink::new().lambd(c.number_or("lambd", 0.5)?))),
    ("Hardtanh", |c, _| {
        let (min, max) = (c.number_or("min_val", -1.0)?, c.number_or("max_val", 1.0)?);
        let hardtanh = Hardtanh::new().min_val(min).max_val(max);
        // PyTorch refuses bounds when the layer is built, the library when it is called.
        drop(hardtanh.forward(&Tensor::zeros(&[1], c.precision().dtype())?)?);
        layer(hardtanh)
    }),
    ("Threshold", |c, _| layer(Threshold::new().threshold(c.number("threshold")?).value(c.number("value")?))),
    ("GLU", |c, _| layer(GLU::new(c.integer_or("dim", -1)?))),
    ("Softmin", |c, _| layer(Softmin::new(c.integer("dim")?))),
    ("LeakyReLU", |c, _| layer(LeakyReLU::new().negative_slope(c.number_or("negative_slope", 0.01)?))),
    ("Softplus", |c, _| {
        let (beta, threshold) = (c.number_or("beta", 1.0)?, c.number_or("threshold", 20.0)?);
        layer(Softplus::new().beta(beta).threshold(threshold))
    }),
    ("Softmax", |c, _| layer(Softmax::new(c.integer("dim")?))),
    ("LogSoftmax", |c, _| layer(LogSoftmax::new(c.integer("dim")?))),
    ("PReLU", |c, _| {
        let options = PReLUOptions::new().num_parameters(c.count_or("num_parameters", 1)?);
        layer(PReLU::with(options.init(c.number_or("init", 0.25)?))?)
    }),
    ("GELU", |c, _| match c.maybe_word("approximate")? {
        None | Some("none") => layer(GELU::new()),
        Some("tanh") => layer(GELU::new().approximate(Approximate::Tanh)),
        Some(other) => Err(Stop::argument("approximate", other)),
    }),
    ("Flatten", |c, _| {
        let (start, end) = (c.integer_or("start_dim", 1)?, c.integer_or("end_dim", -1)?);
        layer(Flatten::new().start_dim(start).end_dim(end))
    }),
    ("Dropout", |c, rng| layer(Dropout::new(c.number_or("p", 0.5)?, rng)?)),
    ("Linear", |c, rng| {
        let (inputs, outputs) = (c.count("in_features")?, c.count("out_features")?);
        layer(Linear::with(inputs, outputs, LinearOptions::new().bias(c.flag_or("bias", true)?), rng)?)
    }),
];

pub(super) fn layer(layer: impl Layer + Clone + 'static) -> Outcome<Box<dyn DynLayer>> {
    Ok(Box::new(layer))
}
