//! Rounding, signs, and dtypes.

use crate::operations::Table;
use crate::stop::Stop;
use autograd_core::Tensor;

pub(in crate::operations) const TABLE: Table = &[
    ("ceil", |c| c.unary(Tensor::ceil)),
    ("detach", |c| c.unary(Tensor::detach)),
    ("floor", |c| c.unary(Tensor::floor)),
    ("frac", |c| c.unary(Tensor::frac)),
    ("sign", |c| c.unary(Tensor::sign)),
    ("trunc", |c| c.unary(Tensor::trunc)),
    ("copysign", |c| c.binary(Tensor::copysign)),
    ("nextafter", |c| c.binary(Tensor::nextafter)),
    ("round", |c| {
        let decimals = c.integer("decimals")?;
        let decimals = i32::try_from(decimals).map_err(|_| Stop::argument("decimals", decimals))?;
        c.unary(|x| x.round(decimals))
    }),
];
