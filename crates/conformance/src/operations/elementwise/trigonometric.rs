//! Functions of angles, hyperbolic functions, and the inverses of both.

use crate::operations::Table;
use autograd_core::Tensor;

pub(in crate::operations) const TABLE: Table = &[
    ("acos", |c| c.unary(Tensor::acos)),
    ("acosh", |c| c.unary(Tensor::acosh)),
    ("asin", |c| c.unary(Tensor::asin)),
    ("asinh", |c| c.unary(Tensor::asinh)),
    ("atan", |c| c.unary(Tensor::atan)),
    ("atanh", |c| c.unary(Tensor::atanh)),
    ("cos", |c| c.unary(Tensor::cos)),
    ("cosh", |c| c.unary(Tensor::cosh)),
    ("deg2rad", |c| c.unary(Tensor::deg2rad)),
    ("rad2deg", |c| c.unary(Tensor::rad2deg)),
    ("sin", |c| c.unary(Tensor::sin)),
    ("sinh", |c| c.unary(Tensor::sinh)),
    ("tan", |c| c.unary(Tensor::tan)),
    ("tanh", |c| c.unary(Tensor::tanh)),
    ("atan2", |c| c.binary(Tensor::atan2)),
];
