//! Branches over one input.

use super::IntoLayer;
use crate::layer::{DynLayer, Layer};
use crate::observe;
use autograd_core::{Error, ErrorKind, Result, Tensor};
use std::fmt;
use wengert_derive::Module;

/// Branches that all get the same input, and a layer that joins their outputs: `y = merge(b₀(x), b₁(x), ..)`.
///
/// The layer that joins is one of several inputs, like [`Concatenate`](crate::Concatenate) or [`Add`](crate::Add).
/// Branches are named by their position: `0.weight`, `1.bias`; the layer that joins them is `merge`.
///
/// # Errors
/// `forward` fails if there are no branches, or says which layer failed: `in 1 (Linear): linear: inner dimensions
/// differ: ..`.
///
/// # Examples
/// A dense block, `[x, f(x)]`:
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Concatenate, Identity, Layer, Linear, Parallel};
/// let mut rng = autograd_core::seeded(7);
/// let block = Parallel::new(Concatenate::new()).push(Identity).push(Linear::new(2, 3, &mut rng)?);
/// let y = block.forward(&Tensor::from([[1.0, 2.0]]))?;
/// assert_eq!((y.shape(), &y.to_vec::<f32>()?[..2]), (&[1, 5][..], &[1.0, 2.0][..]));
/// assert_eq!((block.named_parameters()[0].0.as_str(), block.len(), block.is_empty()), ("1.weight", 2, false));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Szegedy et al., Going deeper with convolutions, 2014. Huang, Liu, van der Maaten, Weinberger, Densely connected
/// convolutional networks, 2016.
#[derive(Clone, Module)]
pub struct Parallel<M> {
    #[module(flatten)]
    branches: Vec<Box<dyn DynLayer>>,
    merge: M,
}

impl<M: Layer> Parallel<M> {
    /// No branches yet, which this layer is to join.
    pub fn new(merge: M) -> Parallel<M> {
        Parallel { branches: Vec::new(), merge }
    }

    /// Adds a branch: a layer or a function.
    #[must_use]
    pub fn push<Form>(mut self, branch: impl IntoLayer<Form>) -> Parallel<M> {
        self.branches.push(branch.into_layer());
        self
    }

    /// How many branches there are.
    pub fn len(&self) -> usize {
        self.branches.len()
    }

    /// Whether there are no branches.
    pub fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }
}

impl<M: Layer> Layer for Parallel<M> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.branches.is_empty() {
            return Err(Error::new(ErrorKind::Argument, "Parallel: it has no branches; push adds one"));
        }
        let branches = self.branches.iter().enumerate();
        let outputs = branches.map(|(i, branch)| observe::call(&**branch, i, &[x], || branch.forward(x)));
        self.merge.call_all("merge", &outputs.collect::<Result<Vec<_>>>()?)
    }
}

impl<M: Layer> fmt::Debug for Parallel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let branches: Vec<&str> = self.branches.iter().map(|branch| branch.kind()).collect();
        f.debug_struct("Parallel").field("branches", &branches).field("merge", &self.merge.kind()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Parallel;
    use crate::{Add, Concatenate, Linear, Subtract, Tanh};
    use autograd_core::Tensor;

    cases![
        layer("Parallel", |rng| {
            Ok(Parallel::new(Concatenate::new()).push(Linear::new(3, 2, rng)?).push(Tanh).push(Linear::new(3, 1, rng)?))
        })
        .state(&["0.weight", "0.bias", "2.weight", "2.bias"])
        .maps(&[2, 3], &[2, 6])
        .maps(&[0, 3], &[0, 6])
        .refuses(&[2, 4], "in 0 (Linear): linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
        layer("Parallel", |_| Ok(Parallel::new(Subtract).push(Tensor::square).push(Tensor::abs)))
            .of_functions()
            .maps(&[2, 3], &[2, 3])
            .gives([1.0, -2.0], [0.0, 2.0]),
        layer("Parallel", |_| Ok(Parallel::new(Add))).refuses(&[2], "Parallel: it has no branches; push adds one"),
        layer("Parallel", |_| Ok(Parallel::new(Subtract).push(Tanh)))
            .refuses(&[2], "in merge (Subtract): Subtract: takes 2 inputs, got 1"),
    ];
}
