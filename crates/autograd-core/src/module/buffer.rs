//! State that is saved but not trained: running statistics, for example.

use super::{Item, ItemMut, Module, Path};
use crate::tensor::Tensor;
use std::sync::{PoisonError, RwLock};

/// A tensor that belongs to a module's state and has no gradient. It can be replaced through `&self`, so that `forward`
/// can update running statistics.
#[derive(Debug)]
pub struct Buffer(RwLock<Tensor>);

impl Buffer {
    /// A buffer with this value.
    pub fn new(value: Tensor) -> Buffer {
        Buffer(RwLock::new(value.detach()))
    }

    /// The value.
    pub fn get(&self) -> Tensor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the value.
    pub fn set(&self, value: Tensor) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value.detach();
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Buffer::new(self.get())
    }
}

impl Module for Buffer {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, Item::Buffer(self));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        f(path, ItemMut::Buffer(self));
    }
}
