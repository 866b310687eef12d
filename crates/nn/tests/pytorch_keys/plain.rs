//! Activations, and layers without parameters.

use super::Rows;
use wengert_nn::{AvgPool1d, Dropout, Flatten, GELU, MaxPool2d, PReLU, PReLUOptions, ReLU, Softmax};

pub(super) const BUILT: Rows = &[
    ("PReLU()", |_| Ok(Box::new(PReLU::new()))),
    ("PReLU(4)", |_| Ok(Box::new(PReLU::with(PReLUOptions::new().num_parameters(4))?))),
    ("ReLU()", |_| Ok(Box::new(ReLU))),
    ("GELU()", |_| Ok(Box::new(GELU::new()))),
    ("Dropout(0.5)", |rng| Ok(Box::new(Dropout::new(0.5, rng)?))),
    ("Flatten()", |_| Ok(Box::new(Flatten::new()))),
    ("Softmax(1)", |_| Ok(Box::new(Softmax::new(1)))),
    ("MaxPool2d(2)", |_| Ok(Box::new(MaxPool2d::new(2)))),
    ("AvgPool1d(2)", |_| Ok(Box::new(AvgPool1d::new(2)))),
];
