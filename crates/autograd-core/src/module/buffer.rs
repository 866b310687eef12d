//! State that is saved but not trained: running statistics, for example.

use super::{Item, ItemMut, Module, Path};
use crate::description::Description;
use crate::tensor::Tensor;
use crate::tensor::recall::is_recalling;
use crate::tensor::watch::sets;
use std::sync::{PoisonError, RwLock};

/// A tensor that belongs to a module's state and has no gradient. It can be replaced through `&self`, so that `forward`
/// can update running statistics.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{Buffer, Module}};
/// let mean = Buffer::new(Tensor::from(0.5));
/// assert_eq!((mean.state_dict().len(), mean.parameters().len()), (1, 0));
/// ```
#[derive(Debug)]
pub struct Buffer(RwLock<Tensor>);

impl Buffer {
    /// A buffer with this value.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Buffer};
    /// assert!(!Buffer::new(Tensor::from(1.0).requires_grad()).get().is_tracked());
    /// ```
    pub fn new(value: Tensor) -> Buffer {
        Buffer(RwLock::new(value.detach()))
    }

    /// The value.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Buffer};
    /// assert_eq!(Buffer::new(Tensor::from(1.5)).get().item::<f32>()?, 1.5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn get(&self) -> Tensor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the value; not when the function of a [`checkpoint`](crate::checkpoint()) runs again, whose first run has.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Buffer};
    /// let mean = Buffer::new(Tensor::from(0.0));
    /// mean.set(mean.get() * 0.9 + 0.1);
    /// assert_eq!(mean.get().item::<f32>()?, 0.1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn set(&self, value: Tensor) {
        if is_recalling() {
            return;
        }
        sets(self);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value.detach();
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Buffer::new(self.get())
    }
}

impl Module for Buffer {
    fn describe(&self) -> Description {
        Description::leaf("Buffer")
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, Item::Buffer(self));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        f(path, ItemMut::Buffer(self));
    }
}
