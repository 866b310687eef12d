//! Exponentials, logarithms, powers and roots.

use crate::operations::Table;
use autograd_core::Tensor;

pub(in crate::operations) const TABLE: Table = &[
    ("exp", |c| c.unary(Tensor::exp)),
    ("exp2", |c| c.unary(Tensor::exp2)),
    ("expm1", |c| c.unary(Tensor::expm1)),
    ("log", |c| c.unary(Tensor::log)),
    ("log10", |c| c.unary(Tensor::log10)),
    ("log1p", |c| c.unary(Tensor::log1p)),
    ("log2", |c| c.unary(Tensor::log2)),
    ("rsqrt", |c| c.unary(Tensor::rsqrt)),
    ("sqrt", |c| c.unary(Tensor::sqrt)),
    ("logaddexp", |c| c.binary(Tensor::logaddexp)),
    ("logaddexp2", |c| c.binary(Tensor::logaddexp2)),
    ("float_power", |c| {
        let power = c.operand("input")?.float_power(&c.operand("exponent")?)?;
        // It is F64 whatever the operands are; the upstream gradient has the precision of the run.
        Ok(vec![power.to_dtype(c.precision().dtype())])
    }),
    ("pow", |c| match c.maybe_tensor("exponent") {
        Ok(_) => c.one(c.operand("input")?.pow(&c.operand("exponent")?)),
        Err(_) => {
            let exponent = c.number("exponent")?;
            c.unary(|x| x.powf(exponent))
        }
    }),
];
