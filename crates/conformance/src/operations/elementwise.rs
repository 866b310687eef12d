//! Elementwise operations.

use super::Table;
use crate::stop::Stop;
use autograd_core::{DType, Tensor};

pub(super) const TABLE: Table = &[
    ("abs", |c| c.unary(Tensor::abs)),
    ("cos", |c| c.unary(Tensor::cos)),
    ("detach", |c| c.unary(Tensor::detach)),
    ("erf", |c| c.unary(Tensor::erf)),
    ("exp", |c| c.unary(Tensor::exp)),
    ("expm1", |c| c.unary(Tensor::expm1)),
    ("log", |c| c.unary(Tensor::log)),
    ("log1p", |c| c.unary(Tensor::log1p)),
    ("neg", |c| c.unary(Tensor::neg)),
    ("relu", |c| c.unary(Tensor::relu)),
    ("sigmoid", |c| c.unary(Tensor::sigmoid)),
    ("sign", |c| c.unary(Tensor::sign)),
    ("silu", |c| c.unary(Tensor::silu)),
    ("sin", |c| c.unary(Tensor::sin)),
    ("sqrt", |c| c.unary(Tensor::sqrt)),
    ("square", |c| c.unary(Tensor::square)),
    ("tanh", |c| c.unary(Tensor::tanh)),
    ("leaky_relu", |c| {
        let slope = c.number("negative_slope")?;
        c.unary(|x| x.leaky_relu(slope))
    }),
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
    ("clamp", |c| match (c.maybe_tensor("min"), c.maybe_tensor("max")) {
        (Ok(min), Ok(max)) => c.one(c.tensor("input")?.clamp_tensor(min, max)),
        // A number is among the bounds: two numbers have a form of their own, a mixture takes tensors.
        (Err(_), Err(_)) => c.one(c.tensor("input")?.clamp(c.number("min")?, c.number("max")?)),
        (Ok(None), Err(_)) => c.one(c.tensor("input")?.clamp(f64::NEG_INFINITY, c.number("max")?)),
        (Err(_), Ok(None)) => c.one(c.tensor("input")?.clamp(c.number("min")?, f64::INFINITY)),
        _ => c.one(c.tensor("input")?.clamp_tensor(Some(&c.operand("min")?), Some(&c.operand("max")?))),
    }),
    ("add", |c| {
        let (x, y, alpha) = (c.operand("input")?, c.operand("other")?, c.number("alpha")?);
        c.one(if alpha == 1.0 { x.try_add(&y) } else { x.try_add(&y.mul_scalar(alpha)) })
    }),
    ("sub", |c| {
        let (x, y, alpha) = (c.operand("input")?, c.operand("other")?, c.number("alpha")?);
        c.one(if alpha == 1.0 { x.try_sub(&y) } else { x.try_sub(&y.mul_scalar(alpha)) })
    }),
    ("mul", |c| c.binary(Tensor::try_mul)),
    ("div", |c| match c.maybe_word("rounding_mode")? {
        None => c.binary(Tensor::try_div),
        Some(mode) => Err(Stop::argument("rounding_mode", mode)),
    }),
    ("pow", |c| match c.maybe_tensor("exponent") {
        Ok(_) => c.one(c.operand("input")?.pow(&c.operand("exponent")?)),
        Err(_) => {
            let exponent = c.number("exponent")?;
            c.unary(|x| x.powf(exponent))
        }
    }),
    ("maximum", |c| c.binary(Tensor::maximum)),
    ("minimum", |c| c.binary(Tensor::minimum)),
    ("eq", |c| c.binary(Tensor::eq)),
    ("ne", |c| c.binary(Tensor::ne)),
    ("lt", |c| c.binary(Tensor::lt)),
    ("le", |c| c.binary(Tensor::le)),
    ("gt", |c| c.binary(Tensor::gt)),
    ("ge", |c| c.binary(Tensor::ge)),
    ("logical_and", |c| c.binary(|x, y| x.to_dtype(DType::Bool).logical_and(&y.to_dtype(DType::Bool)))),
    ("logical_or", |c| c.binary(|x, y| x.to_dtype(DType::Bool).logical_or(&y.to_dtype(DType::Bool)))),
    ("logical_not", |c| c.one(c.tensor("input")?.to_dtype(DType::Bool).logical_not())),
    ("where", |c| c.one(c.tensor("condition")?.where_cond(&c.operand("input")?, &c.operand("other")?))),
];
