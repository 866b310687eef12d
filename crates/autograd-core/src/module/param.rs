//! A trained tensor.

use super::{Item, ItemMut, Module, Path};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use std::ops::Deref;

/// A tensor that requires gradients, with an identity: it stays the same parameter while its value changes.
///
/// A clone has the same value (shared until one side changes) and an identity of its own. `Param` derefs to [`Tensor`],
/// so it goes wherever a tensor goes.
#[derive(Debug)]
#[must_use = "it trains nothing unless a module holds it"]
pub struct Param {
    value: Tensor,
    trainable: bool,
}

impl Param {
    /// A parameter with this value, to be trained.
    ///
    /// # Errors
    /// If the value is tracked, for a parameter has no history: [`Tensor::detach`] leaves it out. If the dtype is not a
    /// float type, for only floats are trained: a [`Buffer`](super::Buffer) holds others.
    pub fn new(value: Tensor) -> Result<Param> {
        fresh(&value)?;
        Ok(Param { value: value.requires_grad(), trainable: true })
    }

    /// Replaces the value. The identity stays, unless the dtype or the shape changes: then gradients of the old value
    /// are not gradients of the new one.
    ///
    /// # Errors
    /// As for [`Param::new`]; then nothing has changed.
    pub fn set(&mut self, value: Tensor) -> Result<()> {
        fresh(&value)?;
        let same_kind = value.dtype() == self.value.dtype() && value.shape() == self.value.shape();
        self.value = match same_kind {
            true => value.replacing(&self.value),
            false if self.trainable => value.requires_grad(),
            false => value,
        };
        Ok(())
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

/// Whether this can be the value of a parameter.
fn fresh(value: &Tensor) -> Result<()> {
    if !value.dtype().is_float() {
        let text =
            format!("param: dtype is {}, expected F32 or F64; a Buffer holds what is not trained", value.dtype());
        return Err(Error::new(ErrorKind::DType, text));
    }
    if value.is_tracked() {
        let text = format!("param: the value of shape {:?} is tracked, and a parameter has no history", value.shape());
        return Err(Error::new(ErrorKind::Tape, format!("{text}; detach() leaves it out")));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::Param;
    use crate::{DType, Tensor};

    #[test]
    fn the_identity_stays_until_the_kind_changes() {
        let mut param = Param::new(Tensor::from([1.0, 2.0])).expect("floats");
        let identity = param.node_id();
        param.set(Tensor::from([3.0, 4.0])).expect("floats");
        assert_eq!(param.node_id(), identity);
        param.set(param.detach().to_dtype(DType::F64)).expect("floats");
        assert_ne!(param.node_id(), identity);
        let gradients = param.square().sum().backward().expect("tracked");
        assert_eq!(gradients.get(&param).expect("a leaf").to_f64s(), [6.0, 8.0]);
    }

    #[test]
    fn what_has_a_history_or_cannot_be_trained_is_refused_and_changes_nothing() {
        let history =
            "param: the value of shape [2] is tracked, and a parameter has no history; detach() leaves it out";
        let integers = "param: dtype is I64, expected F32 or F64; a Buffer holds what is not trained";
        let leaf = Tensor::from([1.0, 2.0]).requires_grad();
        let mut param = Param::new(leaf.detach()).expect("floats");
        let before = (param.node_id(), param.to_f64s());
        for (value, text) in [(leaf.clone(), history), (leaf.exp(), history), (Tensor::from([1, 2]), integers)] {
            assert_eq!(Param::new(value.clone()).expect_err("refused").to_string(), text);
            assert_eq!(param.set(value).expect_err("refused").to_string(), text);
            assert_eq!((param.node_id(), param.to_f64s()), before);
        }
        param.set_trainable(false);
        assert!(param.set(leaf).is_err() && !param.is_tracked());
    }
}
