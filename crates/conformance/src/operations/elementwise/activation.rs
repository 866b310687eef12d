//! Activation functions.

use crate::operations::Table;
use crate::stop::Stop;
use autograd_core::{Tensor, seeded};

pub(in crate::operations) const TABLE: Table = &[
    ("hardsigmoid", |c| c.unary(Tensor::hardsigmoid)),
    ("hardswish", |c| c.unary(Tensor::hardswish)),
    ("logsigmoid", |c| c.unary(Tensor::logsigmoid)),
    ("mish", |c| c.unary(Tensor::mish)),
    ("relu", |c| c.unary(Tensor::relu)),
    ("relu6", |c| c.unary(Tensor::relu6)),
    ("selu", |c| c.unary(Tensor::selu)),
    ("sigmoid", |c| c.unary(Tensor::sigmoid)),
    ("silu", |c| c.unary(Tensor::silu)),
    ("softsign", |c| c.unary(Tensor::softsign)),
    ("tanhshrink", |c| c.unary(Tensor::tanhshrink)),
    ("leaky_relu", |c| {
        let slope = c.number("negative_slope")?;
        c.unary(|x| x.leaky_relu(slope))
    }),
    ("elu", |c| {
        let alpha = c.number("alpha")?;
        c.unary(|x| x.elu(alpha))
    }),
    ("celu", |c| c.one(c.tensor("input")?.celu(c.number("alpha")?))),
    ("prelu", |c| c.one(c.tensor("input")?.prelu(c.tensor("weight")?))),
    ("softplus", |c| match (c.number("beta")?, c.number("threshold")?) {
        // PyTorch takes e^(βx) of everything below the threshold, and overflows above ln(MAX); the library never does.
        (_, threshold) if threshold > f64::MAX.ln() => Err(Stop::argument("threshold", threshold)),
        (beta, threshold) => c.one(c.tensor("input")?.softplus(beta, threshold)),
    }),
    ("gelu", |c| match c.word("approximate")? {
        "none" => c.unary(Tensor::gelu),
        "tanh" => c.unary(Tensor::gelu_tanh),
        other => Err(Stop::argument("approximate", other)),
    }),
    ("glu", |c| c.one(c.tensor("input")?.glu(c.integer("dim")?))),
    ("hardshrink", |c| {
        let lambd = c.number("lambd")?;
        c.unary(|x| x.hardshrink(lambd))
    }),
    ("softshrink", |c| c.one(c.tensor("input")?.softshrink(c.number("lambd")?))),
    ("hardtanh", |c| c.one(c.tensor("input")?.hardtanh(c.number("min_val")?, c.number("max_val")?))),
    ("threshold", |c| {
        let (threshold, value) = (c.number("threshold")?, c.number("value")?);
        c.unary(|x| x.threshold(threshold, value))
    }),
    ("rrelu", |c| {
        let (x, lower, upper) = (c.tensor("input")?, c.number("lower")?, c.number("upper")?);
        c.one(if c.flag("training")? { x.rrelu(lower, upper, &mut seeded(7)) } else { x.rrelu_mean(lower, upper) })
    }),
];
