//! Steps whose outcome another program has computed.

use super::net::{grads, net, values};
use crate::Optimizer;
use autograd_core::module::{Module, Param};
use autograd_core::{DType, Gradients, Tensor};

/// Six steps of a matrix from −1, −0.25, 0.5, −0.75 along [`slope`](super::net::slope) lead to `expected`.
pub(crate) fn golden(optimizer: impl Optimizer, expected: [f64; 4]) {
    golden_with(optimizer, expected, |_, _, _, _| {});
}

/// The same of a parameter of another shape; its elements start from −1, −0.25, 0.5, −0.75, 0, 0.75, −0.5, 0.25, and so
/// on.
pub(crate) fn golden_of(shape: &'static [usize], optimizer: impl Optimizer, expected: &[f64]) {
    shaped(shape, optimizer, expected, |_, _, _, _| {});
}

/// With what is done after step `k`, of 0 to 5.
pub(crate) fn golden_with<O: Optimizer>(
    optimizer: O,
    expected: [f64; 4],
    after: impl FnMut(usize, &mut O, &mut dyn Module, &Gradients),
) {
    shaped(&[2, 2], optimizer, &expected, after);
}

fn shaped<O: Optimizer>(
    shape: &'static [usize],
    mut optimizer: O,
    expected: &[f64],
    mut after: impl FnMut(usize, &mut O, &mut dyn Module, &Gradients),
) {
    let mut model = net(&[("weight", shape)], DType::F64);
    for k in 0..6 {
        let grads = grads(&model, k, 1.0);
        optimizer.step(&mut model, &grads).expect("valid");
        after(k, &mut optimizer, &mut model, &grads);
    }
    let got = values(&model);
    assert_eq!(got.len(), expected.len());
    let far = got.iter().zip(expected).position(|(got, expected)| (got - expected).abs() >= 1e-10 || got.is_nan());
    assert_eq!(far, None, "{got:?}, {expected:?}");
}

/// Gradients of six steps.
pub(crate) const SLOPES: [[f64; 3]; 6] =
    [[1.0, -2.0, 0.5], [0.5, -1.0, 0.75], [1.5, -0.75, 1.0], [2.0, -0.5, 0.25], [1.0, -1.0, 1.0], [0.5, -1.5, 2.0]];

/// Gradients of six steps, whose signs change.
pub(crate) const TURNING: [[f64; 3]; 6] =
    [[1.0, -2.0, 0.5], [0.5, -1.0, 0.25], [-1.5, 0.75, 1.0], [2.0, -0.5, -0.25], [1.0; 3], [-0.5, -1.5, 2.0]];

/// Where steps of a vector from 1, −2, 0.5 with these gradients lead to.
pub(crate) fn along(optimizer: &mut impl Optimizer, slopes: &[[f64; 3]]) -> Vec<f64> {
    let mut x = Param::new(Tensor::from_slice(&[1.0, -2.0, 0.5], &[3]).expect("small")).expect("floats");
    for g in slopes {
        let g = Tensor::from_slice(g, &[3]).expect("small");
        let grads = x.try_mul(&g).expect("of one shape").sum().backward().expect("tracked");
        optimizer.step(&mut x, &grads).expect("valid");
    }
    x.to_f64s()
}

/// They are the same numbers.
pub(crate) fn same(got: &[f64], expected: &[f64]) {
    let near = got.len() == expected.len() && got.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-12);
    assert!(near, "{got:?} instead of {expected:?}");
}
