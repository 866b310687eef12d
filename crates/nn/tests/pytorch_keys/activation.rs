//! Activations.

use super::Rows;
use wengert_nn::{
    CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Identity, LeakyReLU, LogSigmoid, LogSoftmax,
    Mish, PReLU, PReLUOptions, RReLU, ReLU, ReLU6, SELU, SiLU, Sigmoid, Softmax, Softmax2d, Softmin, Softplus,
    Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
};

pub(super) const BUILT: Rows = &[
    ("PReLU()", |_| Ok(Box::new(PReLU::new()))),
    ("PReLU(4)", |_| Ok(Box::new(PReLU::with(PReLUOptions::new().num_parameters(4))?))),
    ("Identity()", |_| Ok(Box::new(Identity))),
    ("CELU()", |_| Ok(Box::new(CELU::new()))),
    ("ELU()", |_| Ok(Box::new(ELU::new()))),
    ("GELU()", |_| Ok(Box::new(GELU::new()))),
    ("GLU(1)", |_| Ok(Box::new(GLU::new(1)))),
    ("Hardshrink()", |_| Ok(Box::new(Hardshrink::new()))),
    ("Hardsigmoid()", |_| Ok(Box::new(Hardsigmoid))),
    ("Hardswish()", |_| Ok(Box::new(Hardswish))),
    ("Hardtanh()", |_| Ok(Box::new(Hardtanh::new()))),
    ("LeakyReLU()", |_| Ok(Box::new(LeakyReLU::new()))),
    ("LogSigmoid()", |_| Ok(Box::new(LogSigmoid))),
    ("LogSoftmax(1)", |_| Ok(Box::new(LogSoftmax::new(1)))),
    ("Mish()", |_| Ok(Box::new(Mish))),
    ("RReLU()", |rng| Ok(Box::new(RReLU::new(rng)))),
    ("ReLU()", |_| Ok(Box::new(ReLU))),
    ("ReLU6()", |_| Ok(Box::new(ReLU6))),
    ("SELU()", |_| Ok(Box::new(SELU))),
    ("SiLU()", |_| Ok(Box::new(SiLU))),
    ("Sigmoid()", |_| Ok(Box::new(Sigmoid))),
    ("Softmax(1)", |_| Ok(Box::new(Softmax::new(1)))),
    ("Softmax2d()", |_| Ok(Box::new(Softmax2d))),
    ("Softmin(1)", |_| Ok(Box::new(Softmin::new(1)))),
    ("Softplus()", |_| Ok(Box::new(Softplus::new()))),
    ("Softshrink()", |_| Ok(Box::new(Softshrink::new()))),
    ("Softsign()", |_| Ok(Box::new(Softsign))),
    ("Tanh()", |_| Ok(Box::new(Tanh))),
    ("Tanhshrink()", |_| Ok(Box::new(Tanhshrink))),
    ("Threshold(0.1, 20)", |_| Ok(Box::new(Threshold::new().threshold(0.1).value(20.0)))),
];
