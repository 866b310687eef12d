//! Layers one after another.

use super::IntoLayer;
use crate::layer::{DynLayer, Layer, inputs};
use crate::observe;
use autograd_core::{Result, Tensor};
use std::fmt;
use wengert_derive::Module;

/// Layers one after another: each gets what the one before it returns. Without layers it is the identity. Several
/// inputs are the first layer's, which may be a merge layer like [`Add`](crate::Add).
///
/// Layers are named by their position: `0.weight`, `2.bias`. Those of different types are boxed;
/// [`sequential!`](crate::sequential) does it.
///
/// # Errors
/// `forward` says which layer failed: `in 2 (Linear): linear: inner dimensions differ: ...`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, ReLU, Sequential};
/// let first = Linear::from_tensors(Tensor::from([[1.0, 1.0], [1.0, -1.0]]), Some(Tensor::from([0.0, 1.0])))?;
/// let last = Linear::from_tensors(Tensor::from([[2.0, 3.0]]), Some(Tensor::from([0.5])))?;
/// let model = Sequential::new().push(first).push(ReLU).push(last);
/// // [1 − 2, 1 + 2 + 1], then [0, 4], then 3 · 4 + 0.5.
/// assert_eq!(model.forward(&Tensor::from([[1.0, -2.0]]))?.to_vec::<f32>()?, [12.5]);
/// let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Default, Module)]
pub struct Sequential {
    #[module(flatten)]
    layers: Vec<Box<dyn DynLayer>>,
}

impl Sequential {
    /// A model without layers.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Sequential;
    /// assert!(Sequential::new().is_empty());
    /// ```
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// Adds a layer at the end, or a function: `|x: &Tensor| x.relu()`, see [`Lambda`](crate::Lambda).
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{ReLU, Sequential, Tanh};
    /// let model = Sequential::new().push(ReLU).push(Tanh);
    /// assert_eq!(model.len(), 2);
    /// ```
    #[must_use]
    pub fn push<Form>(mut self, layer: impl IntoLayer<Form>) -> Sequential {
        self.layers.push(layer.into_layer());
        self
    }

    /// The layer at a position.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Module;
    /// # use wengert_nn::{ReLU, Sequential, Tanh};
    /// let model = Sequential::new().push(ReLU).push(Tanh);
    /// assert_eq!(model.get(1).expect("two").kind(), "Tanh");
    /// assert!(model.get(2).is_none());
    /// ```
    pub fn get(&self, position: usize) -> Option<&dyn DynLayer> {
        self.layers.get(position).map(|layer| &**layer)
    }

    /// How many layers there are.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{ReLU, Sequential, Tanh};
    /// let model = Sequential::new().push(ReLU).push(Tanh);
    /// assert_eq!(model.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{ReLU, Sequential, Tanh};
    /// let model = Sequential::new().push(ReLU).push(Tanh);
    /// assert!(!model.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }
}

impl From<Vec<Box<dyn DynLayer>>> for Sequential {
    fn from(layers: Vec<Box<dyn DynLayer>>) -> Self {
        Sequential { layers }
    }
}

impl Layer for Sequential {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.layers.first() {
            Some(first) => self.after(observe::call(&**first, 0, &[x], || first.forward(x))?),
            // The same value, but one of its own, like every result.
            None => Ok(x.to_dtype(x.dtype())),
        }
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        match (all, self.layers.first()) {
            ([_, _, ..], Some(first)) => {
                let y = observe::call(&**first, 0, &all.iter().collect::<Vec<_>>(), || first.forward_all(all))?;
                self.after(y)
            }
            _ => {
                let [x] = inputs("Sequential", all)?;
                self.forward(x)
            }
        }
    }
}

impl Sequential {
    /// What the layers after the first one make of its output.
    fn after(&self, first: Tensor) -> Result<Tensor> {
        let mut rest = self.layers.iter().enumerate().skip(1);
        // What `Layer::call` does, without a string for each position.
        rest.try_fold(first, |x, (position, layer)| observe::call(&**layer, position, &[&x], || layer.forward(&x)))
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequential")?;
        f.debug_list().entries(self.layers.iter().map(|layer| layer.kind())).finish()
    }
}

/// A [`Sequential`] of layers of any types, and of functions: `sequential![Linear::new(2, 8, &mut rng)?, ReLU]`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Linear, ReLU, sequential};
/// let linear = Linear::from_tensors(Tensor::from([[1.0, 1.0], [1.0, -1.0]]), None)?;
/// let model = sequential![linear, ReLU, |x: &Tensor| x.sum_dim(1)];
/// assert_eq!(model.forward(&Tensor::from([[1.0, 2.0], [4.0, 3.0]]))?.to_vec::<f32>()?, [3.0, 8.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[macro_export]
macro_rules! sequential {
    [$($layer:expr),* $(,)?] => { $crate::Sequential::new()$(.push($layer))* };
}

#[cfg(test)]
mod tests {
    use super::Sequential;
    use crate::{Add, Dropout, Linear, Softplus, Tanh};

    cases![
        layer("Sequential", |_| Ok(Sequential::new())).maps(&[2, 2], &[2, 2]).gives([1.0, 2.0], [1.0, 2.0]),
        layer("Sequential", |rng| {
            Ok(sequential![Linear::new(2, 4, rng)?, Tanh, Dropout::new(0.5, rng)?, Linear::new(4, 1, rng)?])
        })
        .state(&["0.weight", "0.bias", "3.weight", "3.bias"])
        .maps(&[3, 2], &[3, 1])
        .maps(&[0, 2], &[0, 1])
        .refuses(&[1, 3], "in 0 (Linear): linear: inner dimensions differ: [1, 3] × [2, 4] (3 ≠ 2)"),
        layer("Sequential", |rng| Ok(sequential![sequential![Linear::new(2, 2, rng)?], Box::new(Softplus::new())]))
            .state(&["0.0.weight", "0.0.bias"])
            .maps(&[3, 2], &[3, 2])
            .refuses(&[1, 3], "in 0.0 (Linear): linear: inner dimensions differ: [1, 3] × [2, 2] (3 ≠ 2)"),
        layer("Sequential", |rng| Ok(sequential![Add, Linear::new(2, 1, rng)?]))
            .state(&["1.weight", "1.bias"])
            .maps_all(&[&[3, 2], &[3, 2]], &[&[3, 1]])
            .refuses_all(
                &[&[3, 2], &[2, 2]],
                "in 0 (Add): add: shapes [3, 2] and [2, 2] do not broadcast: 3 ≠ 2 in dimension −2 (counted from the end)"
            ),
        layer("Sequential", |_| Ok(sequential![Tanh]))
            .maps(&[2], &[2])
            .refuses_all(&[&[2], &[2]], "in 0 (Tanh): Tanh: takes 1 input, got 2"),
        layer("Sequential", |_| Ok(Sequential::new()))
            .maps(&[2], &[2])
            .refuses_all(&[&[2], &[2]], "Sequential: takes 1 input, got 2"),
    ];
}
