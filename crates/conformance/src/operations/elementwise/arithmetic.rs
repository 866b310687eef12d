//! Arithmetic.

use crate::operations::Table;
use crate::stop::Stop;
use autograd_core::Tensor;

pub(in crate::operations) const TABLE: Table = &[
    ("abs", |c| c.unary(Tensor::abs)),
    ("neg", |c| c.unary(Tensor::neg)),
    ("positive", |c| c.unary(Tensor::positive)),
    ("reciprocal", |c| c.unary(Tensor::reciprocal)),
    ("square", |c| c.unary(Tensor::square)),
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
        Some("floor") => c.binary(Tensor::floor_divide),
        Some("trunc") => c.binary(Tensor::trunc_divide),
        Some(mode) => Err(Stop::argument("rounding_mode", mode)),
    }),
    ("true_divide", |c| c.binary(Tensor::try_div)),
    ("ldexp", |c| c.binary(Tensor::ldexp)),
    ("floor_divide", |c| c.binary(Tensor::floor_divide)),
    ("fmod", |c| c.binary(Tensor::fmod)),
    ("hypot", |c| c.binary(Tensor::hypot)),
    ("remainder", |c| c.binary(Tensor::remainder)),
    ("addcmul", |c| {
        let (x, a, b) = (c.tensor("input")?, c.tensor("tensor1")?, c.tensor("tensor2")?);
        c.one(x.addcmul(a, b, c.number("value")?))
    }),
    ("addcdiv", |c| {
        let (x, a, b) = (c.tensor("input")?, c.tensor("tensor1")?, c.tensor("tensor2")?);
        c.one(x.addcdiv(a, b, c.number("value")?))
    }),
    ("lerp", |c| match c.maybe_tensor("weight") {
        Ok(_) => c.one(c.tensor("input")?.lerp(c.tensor("end")?, c.tensor("weight")?)),
        Err(_) => c.one(c.tensor("input")?.lerp_scalar(c.tensor("end")?, c.number("weight")?)),
    }),
];
