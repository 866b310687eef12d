//! Layers one after another.

use crate::error::Result;
use crate::layer::{Layer, LayerClone};
use crate::summary::Trace;
use autograd_core::Tensor;
use std::fmt;
use wengert_derive::Module;

/// Layers one after another: each gets what the one before it returns. Without layers it is the identity.
///
/// Layers are named by their position: `0.weight`, `2.bias`. Those of different types are boxed;
/// [`sequential!`](crate::sequential) does it.
///
/// # Errors
/// `forward` says which layer failed: `in 2 (Linear): linear: inner dimensions differ: ...`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{Layer, Linear, Sequential, Tanh};
/// let mut rng = seeded(7);
/// let model = Sequential::new().push(Linear::new(2, 3, &mut rng)?).push(Tanh).push(Linear::new(3, 1, &mut rng)?);
/// assert_eq!(model.forward(&Tensor::from([[0.5, 0.6]]))?.shape(), [1, 1]);
/// let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Default, Module)]
pub struct Sequential {
    #[module(flatten)]
    layers: Vec<Box<dyn LayerClone>>,
}

impl Sequential {
    /// Without layers.
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// With one more layer at the end.
    #[must_use]
    pub fn push(mut self, layer: impl Layer + Clone + 'static) -> Sequential {
        self.layers.push(Box::new(layer));
        self
    }

    /// The layer at a position.
    pub fn get(&self, position: usize) -> Option<&dyn LayerClone> {
        self.layers.get(position).map(|layer| &**layer)
    }

    /// How many layers there are.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }
}

impl From<Vec<Box<dyn LayerClone>>> for Sequential {
    fn from(layers: Vec<Box<dyn LayerClone>>) -> Self {
        Sequential { layers }
    }
}

impl Layer for Sequential {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.trace(x, &mut Trace::silent())
    }

    fn trace(&self, x: &Tensor, trace: &mut Trace<'_>) -> Result<Tensor> {
        let mut layers = self.layers.iter().enumerate();
        let Some((_, first)) = layers.next() else { return Ok(x.clone()) };
        layers.try_fold(trace.layer(0, &**first, x)?, |x, (position, layer)| trace.layer(position, &**layer, &x))
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequential")?;
        f.debug_list().entries(self.layers.iter().map(|layer| layer.kind())).finish()
    }
}

/// A [`Sequential`] of layers of any types: `sequential![Linear::new(2, 8, &mut rng)?, ReLU]`.
#[macro_export]
macro_rules! sequential {
    [$($layer:expr),* $(,)?] => { $crate::Sequential::new()$(.push($layer))* };
}
