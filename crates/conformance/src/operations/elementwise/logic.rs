//! Masks and bits.

use crate::operations::Table;
use crate::stop::Stop;
use autograd_core::Tensor;

pub(in crate::operations) const TABLE: Table = &[
    ("isfinite", |c| c.unary(Tensor::isfinite)),
    ("isinf", |c| c.unary(Tensor::isinf)),
    ("isnan", |c| c.unary(Tensor::isnan)),
    ("isneginf", |c| c.unary(Tensor::isneginf)),
    ("isposinf", |c| c.unary(Tensor::isposinf)),
    ("signbit", |c| c.unary(Tensor::signbit)),
    ("logical_and", |c| c.binary(Tensor::logical_and)),
    ("logical_or", |c| c.binary(Tensor::logical_or)),
    ("logical_xor", |c| c.binary(Tensor::logical_xor)),
    ("logical_not", |c| c.one(c.tensor("input")?.logical_not())),
    ("bitwise_and", |c| c.binary(Tensor::bitwise_and)),
    ("bitwise_left_shift", |c| c.binary(Tensor::bitwise_left_shift)),
    ("bitwise_or", |c| c.binary(Tensor::bitwise_or)),
    ("bitwise_right_shift", |c| c.binary(Tensor::bitwise_right_shift)),
    ("bitwise_xor", |c| c.binary(Tensor::bitwise_xor)),
    ("bitwise_not", |c| c.one(c.tensor("input")?.bitwise_not())),
    ("where", |c| c.one(c.tensor("condition")?.where_cond(&c.operand("input")?, &c.operand("other")?))),
    ("masked_fill", |c| match c.maybe_tensor("value") {
        // A value that is a tensor is chosen like any other.
        Ok(_) => {
            let (x, mask, value) = (c.tensor("input")?, c.tensor("mask")?, c.tensor("value")?);
            if value.rank() > 0 {
                return Err(Stop::argument("value", format!("{:?}", value.shape())));
            }
            c.one(mask.where_cond(value, x))
        }
        Err(_) => c.one(c.tensor("input")?.masked_fill(c.tensor("mask")?, c.number("value")?)),
    }),
];
