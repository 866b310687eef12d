//! A trained tensor.

use super::tie::{State, Tie};
use super::{Item, ItemMut, Module, Path};
use crate::description::Description;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

/// A tensor that requires gradients, with an identity: it stays the same parameter while its value changes.
///
/// `Param` derefs to [`Tensor`], so it goes wherever a tensor goes.
///
/// # A clone is another parameter
/// It has the same value (shared until one side changes) and an identity of its own: what trains one does not touch the
/// other. One parameter in two places of a model is made by [`Param::tie`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// let gate = Param::new(Tensor::from([0.5, 2.0]))?;
/// let y = Tensor::from([3.0, 4.0]) * &gate;
/// assert_eq!(y.to_vec::<f32>()?, [1.5, 8.0]);
/// assert_eq!(y.sum().backward()?.get(&gate).expect("a leaf").to_vec::<f32>()?, [3.0, 4.0]);
/// assert_ne!(gate.clone().node_id(), gate.node_id());
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[must_use = "it trains nothing unless a module holds it"]
pub struct Param {
    /// What it is as long as nothing is tied to it.
    own: State,
    tie: OnceLock<Tie>,
}

impl Param {
    /// A parameter with this value, to be trained.
    ///
    /// # Errors
    /// If the value is tracked, for a parameter has no history: [`Tensor::detach`] leaves it out. If the dtype is not a
    /// float type, for only floats are trained: a [`Buffer`](super::Buffer) holds others. If the value is a view whose
    /// elements do not lie in row-major order, which is copied, and there is no room for the copy.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// assert!(Param::new(Tensor::from([1.0, 2.0]))?.is_tracked());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new(value: Tensor) -> Result<Param> {
        let value = fresh(value)?;
        Ok(Param::of(State::new(value.requires_grad(), true)))
    }

    fn of(own: State) -> Param {
        Param { own, tie: OnceLock::new() }
    }

    #[inline]
    fn state(&self) -> &State {
        self.tie.get().map_or(&self.own, Tie::state)
    }

    /// Changes value and switch together, for all that are tied.
    fn write(&mut self, state: State) {
        match self.tie.get_mut() {
            Some(tie) => {
                // The first value is not needed any more.
                self.own = state.clone();
                tie.write(state);
            }
            None => self.own = state,
        }
    }

    /// Replaces the value. The identity stays, unless the dtype or the shape changes: then gradients of the old value
    /// are not gradients of the new one.
    ///
    /// # Errors
    /// As for [`Param::new`]; then nothing has changed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// let mut param = Param::new(Tensor::from([1.0, 2.0]))?;
    /// let identity = param.node_id();
    /// param.set(Tensor::from([3.0, 4.0]))?;
    /// assert_eq!((param.to_f64s(), param.node_id()), (vec![3.0, 4.0], identity));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn set(&mut self, value: Tensor) -> Result<()> {
        let value = fresh(value)?;
        let State { value: old, trainable, .. } = self.state();
        let (same_kind, trainable) = (value.is_like(old), *trainable);
        let value = match same_kind {
            true => value.replacing(old),
            false if trainable => value.requires_grad(),
            false => value,
        };
        self.write(State::new(value, trainable));
        Ok(())
    }

    /// The value, for an optimizer to change with [`Tensor::update`]. When the guard is dropped, what is tied to it
    /// sees the change, and whatever was put there is the parameter's: without a history, and of its identity, unless
    /// the dtype or the shape is another. What is no float is not trained.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// let mut param = Param::new(Tensor::from([1.0, 2.0]))?;
    /// let gradient = param.sum().backward()?.get(&param).expect("it is trained").clone();
    /// *param.value_mut() -= &gradient;
    /// assert_eq!(param.to_vec::<f32>()?, [0.0, 1.0]);
    /// assert!(param.sum().backward()?.get(&param).is_some());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn value_mut(&mut self) -> ValueMut<'_> {
        let copy = self.tie.get().map(|tie| tie.state().clone());
        ValueMut { param: self, copy }
    }

    /// Whether it is trained; see [`Module::freeze`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// assert!(Param::new(Tensor::from(1.0))?.is_trainable());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn is_trainable(&self) -> bool {
        self.state().trainable
    }

    /// Stops or resumes training it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// let mut param = Param::new(Tensor::from(1.0))?;
    /// param.set_trainable(false);
    /// assert!(!param.is_tracked());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn set_trainable(&mut self, trainable: bool) {
        if trainable != self.is_trainable() {
            let value = self.detach();
            self.write(State::new(if trainable { value.requires_grad() } else { value }, trainable));
        }
    }

    /// The same parameter for another place of the model: a Linear layer that uses the weight of an embedding.
    ///
    /// What is tied has one value, one identity and one gradient, the sum over all its places, and whoever changes one
    /// changes all. [`parameters`](Module::parameters) lists the original only, so optimizers update it once;
    /// [`state_dict`](Module::state_dict) has it under each of its names, as in PyTorch. A clone of the whole model is
    /// tied in itself and to nothing else: clones made directly one after another on one thread, as a derived `Clone`
    /// makes them, are tied as their originals are. A part that is cloned by itself, directly before the whole, would
    /// be taken for a part of that clone: [`Module::clone_apart`] is for it, and [`Param::untied`] for one parameter.
    ///
    /// A model that has the tied place alone does not train it: the model with the original does.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::module::{Module, Param};
    /// use autograd_core::Tensor;
    ///
    /// let embedding = Param::new(Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
    /// let output = embedding.tie();
    /// let mut model = [embedding, output];
    /// assert_eq!((model.parameters().len(), model.state_dict().len()), (1, 2));
    ///
    /// let loss = (&model[0] * &model[1]).sum();
    /// assert_eq!(loss.backward()?.get(&model[1]).expect("a leaf").to_vec::<f32>()?, [2.0, 4.0, 6.0, 8.0]);
    ///
    /// model[0].set(Tensor::from([[0.0, 0.0], [0.0, 5.0]]))?;
    /// assert_eq!(model[1].to_vec::<f32>()?, [0.0, 0.0, 0.0, 5.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use = "the tied parameter is the one returned"]
    pub fn tie(&self) -> Param {
        let tie = self.tie.get_or_init(|| Tie::new(self.own.clone()));
        Param { own: tie.state().clone(), tie: tie.another().into() }
    }

    /// A parameter of its own with the same value. Unlike a clone, it is taken for no part of a model of which another
    /// place is cloned next.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// let mut model = vec![Param::new(Tensor::from(1.0))?];
    /// model.push(model[0].tie());
    /// let alone = model[1].untied();
    /// let mut other = model.clone();
    /// other[0].set(Tensor::from(2.0))?;
    /// assert_eq!((other[1].to_f64()?, alone.to_f64()?, alone.is_tied()), (2.0, 1.0, false));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn untied(&self) -> Param {
        Param::of(self.state().fresh())
    }

    /// Whether [`Param::tie`] made it: another place of a parameter that is listed where the original is.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// let param = Param::new(Tensor::from(1.0))?;
    /// let other = param.tie();
    /// assert_eq!((param.is_tied(), other.is_tied()), (false, true));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn is_tied(&self) -> bool {
        self.tie.get().is_some_and(Tie::follows)
    }

    /// How many tensors in it, and in what it is tied by, have its memory.
    pub(crate) fn owned(&self) -> usize {
        let root = self.root();
        usize::from(self.own.value.root() == root) + self.tie.get().map_or(0, |tie| 1 + tie.kept(root))
    }

    /// Whether the two are places of one parameter.
    pub(super) fn shares_with(&self, other: &Param) -> bool {
        self.tie.get().zip(other.tie.get()).is_some_and(|(a, b)| a.is_with(b))
    }

    /// A value with its history in the place of this one; see [`Module::with_parameters`].
    pub(super) fn substitute(&mut self, value: Tensor) {
        let trainable = value.is_tracked();
        self.write(State::new(value, trainable));
    }
}

/// The value of a [`Param`] while it is changed.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, module::{Param, ValueMut}};
/// let mut param = Param::new(Tensor::from(1.0))?;
/// let mut value: ValueMut<'_> = param.value_mut();
/// *value = Tensor::from(2.0);
/// drop(value);
/// assert_eq!(param.item::<f32>()?, 2.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub struct ValueMut<'p> {
    param: &'p mut Param,
    /// The value of tied ones is copied, for others may be reading it.
    copy: Option<State>,
}

impl Deref for ValueMut<'_> {
    type Target = Tensor;
    #[inline]
    fn deref(&self) -> &Tensor {
        self.copy.as_ref().map_or(&self.param.own.value, |copy| &copy.value)
    }
}

impl DerefMut for ValueMut<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Tensor {
        self.copy.as_mut().map_or(&mut self.param.own.value, |copy| &mut copy.value)
    }
}

impl fmt::Debug for ValueMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ValueMut").field(&**self).finish()
    }
}

impl Drop for ValueMut<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.copy.take() {
            None => self.param.own.settle(),
            Some(mut state) => {
                state.settle();
                self.param.write(state);
            }
        }
    }
}

/// The value of a parameter, if this can be one.
fn fresh(value: Tensor) -> Result<Tensor> {
    if !value.dtype().is_float() {
        let text =
            format!("param: dtype is {}, expected F32 or F64; a Buffer holds what is not trained", value.dtype());
        return Err(Error::new(ErrorKind::DType, text));
    }
    if value.is_tracked() {
        let text = format!("param: the value of shape {:?} is tracked, and a parameter has no history", value.shape());
        return Err(Error::new(ErrorKind::Tape, format!("{text}; detach() leaves it out")));
    }
    // A product reads a view in another order than a copy of it, which is what a state dict holds.
    if value.is_contiguous() { Ok(value) } else { value.try_gathered("param") }
}

impl Clone for Param {
    fn clone(&self) -> Self {
        super::tie::in_a_run(self.tie.get(), |tied| match tied {
            Some(tie) => Param { own: tie.state().clone(), tie: tie.into() },
            None => Param::of(self.state().fresh()),
        })
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { value, trainable, .. } = self.state();
        f.debug_struct("Param").field("value", value).field("trainable", trainable).finish()
    }
}

/// A parameter is printed like a tensor.
impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl Deref for Param {
    type Target = Tensor;
    #[inline]
    fn deref(&self) -> &Tensor {
        &self.state().value
    }
}

impl AsRef<Tensor> for Param {
    fn as_ref(&self) -> &Tensor {
        self
    }
}

impl Module for Param {
    fn describe(&self) -> Description {
        Description::leaf("Param")
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, if self.is_tied() { Item::Tied(self) } else { Item::Param(self) });
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        if let Some(tie) = self.tie.get_mut() {
            // Values that others may have been reading are let go.
            tie.catch_up();
            self.own = tie.state().clone();
        }
        f(path, if self.is_tied() { ItemMut::Tied(self) } else { ItemMut::Param(self) });
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
