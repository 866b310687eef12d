//! Steps whose outcome another program has computed.

use super::net::{grads, net, values};
use crate::Optimizer;
use autograd_core::module::Module;
use autograd_core::{DType, Gradients};

/// Six steps of a matrix from −1, −0.25, 0.5, −0.75 along [`slope`](super::net::slope) lead to `expected`.
pub(crate) fn golden(optimizer: impl Optimizer, expected: [f64; 4]) {
    golden_with(optimizer, expected, |_, _, _, _| {});
}

/// With what is done after step `k`, of 0 to 5.
pub(crate) fn golden_with<O: Optimizer>(
    mut optimizer: O,
    expected: [f64; 4],
    mut after: impl FnMut(usize, &mut O, &mut dyn Module, &Gradients),
) {
    let mut model = net(&[("weight", &[2, 2])], DType::F64);
    for k in 0..6 {
        let grads = grads(&model, k, 1.0);
        optimizer.step(&mut model, &grads).expect("valid");
        after(k, &mut optimizer, &mut model, &grads);
    }
    let got = values(&model);
    assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-10), "{got:?}, {expected:?}");
}
