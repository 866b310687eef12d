//! A trained tensor.

use super::{Item, ItemMut, Module, Path};
use crate::tensor::Tensor;
use std::ops::Deref;

/// A tensor that requires gradients, with an identity: it stays the same parameter while its value changes.
///
/// A clone has the same value (shared until one side changes) and an identity of its own. `Param` derefs to [`Tensor`],
/// so it goes wherever a tensor goes.
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

    /// Replaces the value. The identity stays, unless the dtype or the shape changes: then gradients of the old value
    /// are not gradients of the new one.
    pub fn set(&mut self, value: Tensor) {
        let value = value.detach();
        let same_kind = value.dtype() == self.value.dtype() && value.shape() == self.value.shape();
        self.value = match same_kind {
            true => value.replacing(&self.value),
            false if self.trainable => value.requires_grad(),
            false => value,
        };
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

impl AsRef<Tensor> for Param {
    fn as_ref(&self) -> &Tensor {
        self
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

#[cfg(test)]
mod tests {
    use super::Param;
    use crate::{DType, Tensor};

    #[test]
    fn the_identity_stays_until_the_kind_changes() {
        let mut param = Param::new(Tensor::from([1.0, 2.0]));
        let identity = param.node_id();
        param.set(Tensor::from([3.0, 4.0]));
        assert_eq!(param.node_id(), identity);
        param.set(param.to_dtype(DType::F64));
        assert_ne!(param.node_id(), identity);
        let gradients = param.square().sum().backward().expect("tracked");
        assert_eq!(gradients.get(&param).expect("a leaf").to_f64s(), [6.0, 8.0]);
    }
}
