//! A 2-2-1 network, and helpers of the tests.

#![allow(dead_code, reason = "each test file uses its own part")]

use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use autograd_core::{Gradients, Tensor};

#[derive(Clone)]
pub(crate) struct Linear {
    pub(crate) weight: Param,
    pub(crate) bias: Param,
}

#[derive(Clone)]
pub(crate) struct Net {
    pub(crate) hidden: Linear,
    pub(crate) output: Linear,
}

impl Module for Linear {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.weight.visit(&path.child("weight"), f);
        self.bias.visit(&path.child("bias"), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.weight.visit_mut(&path.child("weight"), f);
        self.bias.visit_mut(&path.child("bias"), f);
    }
}

impl Module for Net {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.hidden.visit(&path.child("hidden"), f);
        self.output.visit(&path.child("output"), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.hidden.visit_mut(&path.child("hidden"), f);
        self.output.visit_mut(&path.child("output"), f);
    }
}

pub(crate) fn net() -> Net {
    let param = |x: Tensor| Param::new(x).expect("floats");
    let linear = |weight: Tensor, bias: Tensor| Linear { weight: param(weight), bias: param(bias) };
    Net {
        hidden: linear(Tensor::from([[0.1, 0.2], [0.3, 0.4]]), Tensor::from([0.1, 0.2])),
        output: linear(Tensor::from([[0.5, 0.6]]), Tensor::from([0.3])),
    }
}

/// ½ Σ p² over all parameters; its gradient is p.
pub(crate) fn half_square(model: &impl Module) -> Tensor {
    let terms = model.parameters().into_iter().map(|param| param.square().sum().mul_scalar(0.5));
    terms.reduce(|sum, term| sum.try_add(&term).expect("scalars")).expect("a parameter")
}

pub(crate) fn half_square_grads(model: &impl Module) -> Gradients {
    half_square(model).backward().expect("tracked")
}

/// All parameters, one after the other.
pub(crate) fn values(model: &impl Module) -> Vec<f64> {
    model.parameters().into_iter().flat_map(|param| param.to_f64s()).collect()
}

/// One parameter of dtype F64.
pub(crate) fn param(values: &[f64]) -> Param {
    Param::new(Tensor::from_slice(values, &[values.len()]).expect("one dimension")).expect("floats")
}

pub(crate) fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        let near = expected.is_finite() && (got - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(near, "{got} instead of {expected}");
    }
}
