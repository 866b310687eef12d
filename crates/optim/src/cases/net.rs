//! The model that every optimizer's cases train, and its gradients.

use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use autograd_core::{DType, Gradients, Tensor};

/// A model of nothing but parameters.
#[derive(Clone)]
pub(super) struct Net(pub(super) Vec<(&'static str, Param)>);

impl Module for Net {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.0.iter().for_each(|(name, param)| param.visit(&path.child(name), f));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.0.iter_mut().for_each(|(name, param)| param.visit_mut(&path.child(name), f));
    }
}

pub(super) const SHAPES: [(&str, &[usize]); 4] =
    [("hidden.weight", &[2, 3]), ("hidden.bias", &[2]), ("output.weight", &[1, 2]), ("output.bias", &[])];

/// The same sizes for optimizers that take matrices only.
pub(super) const MATRICES: [(&str, &[usize]); 4] =
    [("hidden.weight", &[2, 3]), ("hidden.bias", &[2, 1]), ("output.weight", &[1, 2]), ("output.bias", &[1, 1])];

pub(super) fn net(shapes: &[(&'static str, &[usize])], dtype: DType) -> Net {
    let param = |(k, (name, shape)): (usize, &(&'static str, &[usize]))| {
        let values: Vec<f64> = (0..shape.iter().product()).map(|i| ((i * 3 + k * 5) % 8) as f64 / 4.0 - 1.0).collect();
        (*name, Param::new(Tensor::from_slice(&values, shape).expect("small").to_dtype(dtype)).expect("floats"))
    };
    Net(shapes.iter().enumerate().map(param).collect())
}

/// The gradient of element `i` before step `k`; sometimes 0, always exact in f32.
pub(super) fn slope(i: usize, k: usize) -> f64 {
    ((i * 7 + k * 5) % 11) as f64 / 4.0 - 1.25
}

pub(super) fn grads(net: &Net, k: usize, sign: f64) -> Gradients {
    let mut grads = Gradients::default();
    for (_, param) in net.0.iter().filter(|(_, param)| param.is_trainable()) {
        let values: Vec<f64> = (0..param.numel()).map(|i| sign * slope(i, k)).collect();
        let gradient = Tensor::from_slice(&values, param.shape()).expect("small").to_dtype(param.dtype());
        grads.insert(param, gradient).expect("a parameter");
    }
    grads
}

pub(super) fn values(net: &Net) -> Vec<f64> {
    net.0.iter().flat_map(|(_, param)| param.to_f64s()).collect()
}
