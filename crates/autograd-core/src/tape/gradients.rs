//! The gradients that a walk returns.

use super::node::{NodeId, id_of};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Gradients of one or several walks, by the tensor they belong to.
///
/// There is nothing to reset between steps: each walk returns its own. [`Gradients::accumulate`] adds up several.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// let (x, w) = (Tensor::from(3.0), Tensor::from(2.0).requires_grad());
/// let grads = (&x * &w).backward()?;
/// assert_eq!(grads.get(&w).expect("a leaf").item::<f32>()?, 3.0);
/// assert!(grads.get(&x).is_none());
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a walk changes no tensor: its gradients are here and nowhere else"]
pub struct Gradients {
    /// In ascending order of nodes.
    entries: Vec<(NodeId, Tensor)>,
}

impl Gradients {
    pub(crate) fn new(mut entries: Vec<(NodeId, Tensor)>) -> Self {
        if !entries.is_sorted_by_key(|(id, _)| *id) {
            entries.sort_unstable_by_key(|(id, _)| *id);
        }
        Gradients { entries }
    }

    fn find(&self, id: NodeId) -> std::result::Result<usize, usize> {
        self.entries.binary_search_by_key(&id, |(id, _)| *id)
    }

    /// The gradient with respect to `x`; `None` if `x` took no part, or is not tracked.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let grads = x.square().sum().backward()?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [6.0, 8.0]);
    /// assert!(grads.get(&Tensor::from(1.0)).is_none());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn get(&self, x: &Tensor) -> Option<&Tensor> {
        self.get_by_id(id_of(x)?)
    }

    /// Like [`Gradients::get`], but for the tensor with this place on the tape ([`Tensor::node_id`]).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let grads = x.square().sum().backward()?;
    /// let id = x.node_id().expect("tracked");
    /// assert_eq!(grads.get_by_id(id).expect("a leaf").to_vec::<f32>()?, [6.0, 8.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn get_by_id(&self, id: NodeId) -> Option<&Tensor> {
        self.find(id).ok().map(|at| &self.entries[at].1)
    }

    /// Like [`Gradients::get_by_id`], for who asks again and again: `place` is where the gradient was the last time,
    /// and is looked at first. Any number will do to begin with.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let (id, mut place) = (x.node_id().expect("tracked"), 7);
    /// for _ in 0..2 {
    ///     let grads = x.square().sum().backward()?;
    ///     assert!(grads.get_near(id, &mut place).is_some() && place == 0);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[inline]
    pub fn get_near(&self, id: NodeId, place: &mut usize) -> Option<&Tensor> {
        match self.entries.get(*place) {
            Some((other, gradient)) if *other == id => Some(gradient),
            _ => {
                *place = self.find(id).ok()?;
                self.entries.get(*place).map(|(_, gradient)| gradient)
            }
        }
    }

    /// Like [`Gradients::get`], but removes it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let mut grads = x.square().sum().backward()?;
    /// assert_eq!(grads.take(&x).expect("a leaf").to_vec::<f32>()?, [6.0, 8.0]);
    /// assert!(grads.is_empty());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn take(&mut self, x: &Tensor) -> Option<Tensor> {
        self.find(id_of(x)?).ok().map(|at| self.entries.remove(at).1)
    }

    /// Replaces the gradient with respect to `x`, or adds one.
    ///
    /// # Errors
    /// If `x` is not tracked.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let mut grads = x.square().sum().backward()?;
    /// grads.insert(&x, Tensor::from([1.0, 1.0]))?;
    /// assert_eq!(grads.get(&x).expect("there").to_vec::<f32>()?, [1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn insert(&mut self, x: &Tensor, gradient: Tensor) -> Result<()> {
        let id = id_of(x).ok_or_else(|| Error::not_tracked("insert", x.dtype(), x.shape()))?;
        match self.find(id) {
            Ok(at) => self.entries[at].1 = gradient,
            Err(at) => self.entries.insert(at, (id, gradient)),
        }
        Ok(())
    }

    /// Adds the gradients of another walk: `self += other`. On an error nothing has changed.
    ///
    /// # Errors
    /// If two gradients of one tensor have different shapes or dtypes.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let mut grads = x.square().sum().backward()?;
    /// grads.accumulate(x.sum().backward()?)?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [7.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn accumulate(&mut self, other: Gradients) -> Result<()> {
        let mut sums = Vec::new();
        for (id, gradient) in &other.entries {
            if let Ok(at) = self.find(*id) {
                let own = &self.entries[at].1;
                if own.shape() != gradient.shape() {
                    let expected = format!("{:?}, that of the other", own.shape());
                    return Err(Error::shape("accumulate", "a gradient", gradient.shape(), expected));
                }
                sums.push((at, crate::no_grad(|| own.try_add(gradient))?));
            }
        }
        for (at, sum) in sums {
            self.entries[at].1 = sum;
        }
        for (id, gradient) in other.entries {
            if let Err(at) = self.find(id) {
                self.entries.insert(at, (id, gradient));
            }
        }
        Ok(())
    }

    /// Multiplies every gradient by `factor`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let mut grads = x.square().sum().backward()?;
    /// grads.scale(0.5);
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [3.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn scale(&mut self, factor: f64) {
        crate::no_grad(|| self.entries.iter_mut().for_each(|(_, g)| *g = g.mul_scalar(factor)));
    }

    /// The gradients, in the order of their tensors' places on the tape ([`Tensor::node_id`]); those of one thread
    /// stand in the order in which they were made.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let grads = x.square().sum().backward()?;
    /// let largest = grads.iter().flat_map(|gradient| gradient.to_f64s()).fold(0.0, f64::max);
    /// assert_eq!(largest, 8.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Tensor> + Clone {
        self.entries.iter().map(|(_, gradient)| gradient)
    }

    /// Like [`Gradients::iter`], but for replacing them.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let mut grads = x.square().sum().backward()?;
    /// grads.iter_mut().for_each(|gradient| *gradient = gradient.sign());
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor> {
        self.entries.iter_mut().map(|(_, gradient)| gradient)
    }

    /// The number of tensors that have a gradient.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let grads = x.square().sum().backward()?;
    /// assert_eq!(grads.len(), 1);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no tensor has one.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Gradients;
    /// assert!(Gradients::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
