//! A trained tensor.

use super::{Item, ItemMut, Module, Path};
use crate::tensor::Tensor;
use std::ops::Deref;

/// A tensor that requires gradients, with an identity: it stays the same parameter while its value changes.
///
/// A clone has the same value (shared until one side changes) and an identity of its own. `Param` derefs to [`Tensor`], so
/// it goes wherever a tensor goes.
#[derive(Debug)]
pub struct Param {
    value: Tensor,
    trainable: bool,
}

impl Param {
    /// A parameter with this value, to be trained.
    pub fn new(value: Tensor) -> Param {
        Param { value: value.detach().requires_grad(), trainable: true }
    }

    /// Replaces the value; the identity stays.
    pub fn set(&mut self, value: Tensor) {
        self.value = value.detach().replacing(&self.value);
    }

    /// The value, for an optimizer to change with [`Tensor::update`].
    pub fn value_mut(&mut self) -> &mut Tensor {
        &mut self.value
    }

    /// Whether it is trained; see [`Module::freeze`].
    pub fn is_trainable(&self) -> bool {
        self.trainable
    }

    /// Stops or resumes training it.
    pub fn set_trainable(&mut self, trainable: bool) {
        if trainable != self.trainable {
            self.trainable = trainable;
            let value = self.value.detach();
            self.value = if trainable { value.requires_grad() } else { value };
        }
    }
}

impl Clone for Param {
    fn clone(&self) -> Self {
        let value = self.value.detach();
        Param { value: if self.trainable { value.requires_grad() } else { value }, trainable: self.trainable }
    }
}

impl Deref for Param {
    type Target = Tensor;
    fn deref(&self) -> &Tensor {
        &self.value
    }
}

impl Module for Param {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, Item::Param(self));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        f(path, ItemMut::Param(self));
    }
}
