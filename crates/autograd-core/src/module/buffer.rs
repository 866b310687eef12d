//! State that is saved but not trained: running statistics, for example.

use super::{Item, ItemMut, Module, Path};
use crate::description::Description;
use crate::tensor::Tensor;
use crate::tensor::recall::{set_by_itself, sets_for_itself};
use crate::tensor::watch::sets;
use std::sync::{Arc, PoisonError, RwLock};

/// A tensor that belongs to a module's state and has no gradient, but for one that [`Module::with_parameters`] puts in
/// its place. It can be replaced through `&self`, so that `forward` can update running statistics.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{Buffer, Module}};
/// let mean = Buffer::new(Tensor::from(0.5));
/// assert_eq!((mean.state_dict().len(), mean.parameters().len()), (1, 0));
/// ```
#[derive(Debug)]
pub struct Buffer(Arc<RwLock<Tensor>>);

impl Buffer {
    /// A buffer with this value.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Buffer};
    /// assert!(!Buffer::new(Tensor::from(1.0).requires_grad()).get().is_tracked());
    /// ```
    pub fn new(value: Tensor) -> Buffer {
        Buffer(Arc::new(RwLock::new(value.detach())))
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
        set_by_itself(&self.0).unwrap_or_else(|| self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Replaces the value; for itself alone where the function of a [`checkpoint`](crate::checkpoint()) runs again,
    /// whose first run has.
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
        if sets_for_itself(&self.0, &value) {
            return;
        }
        sets(&*self.0);
        self.replace(value.detach());
    }

    /// Drops the old value, which may have a history and in it values of a user's, after the lock.
    fn replace(&self, value: Tensor) {
        let old = std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), value);
        drop(old);
    }

    /// A value with its history in the place of this one, until another is set; see [`Module::with_parameters`].
    pub(super) fn substitute(&mut self, value: Tensor) {
        self.replace(value);
    }

    /// The same buffer in another module: what sets one sets both. See [`Module::stand_in`].
    pub(super) fn same(&self) -> Buffer {
        Buffer(Arc::clone(&self.0))
    }

    /// The place of its value in memory, by which a watcher knows it. What [`Module::stand_in`] shares has one place; a
    /// clone has its own.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Buffer};
    /// let mean = Buffer::new(Tensor::from(0.0));
    /// assert_ne!(mean.place(), mean.clone().place());
    /// ```
    pub fn place(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
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
