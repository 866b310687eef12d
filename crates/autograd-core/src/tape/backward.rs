//! The calls that begin a backward walk.

use super::gradients::Gradients;
use super::node::{NodeId, id_of};
use super::walk::walk;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// # Gradients
impl Tensor {
    /// Gradients of this value with respect to every leaf it was computed from.
    ///
    /// What the operations saved is freed on the way; see [`Tensor::backward_keep`].
    ///
    /// # Errors
    /// If the value is not a single number (then use [`Tensor::backward_with`]), is not tracked, or its graph has been
    /// freed by an earlier walk.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let grads = x.square().sum().backward()?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [6.0, 8.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn backward(&self) -> Result<Gradients> {
        walk(&[(self, None)], &[], false)
    }

    /// Like [`Tensor::backward`], but for a value of any shape: gradients of `Σ self · seed`.
    ///
    /// # Errors
    /// If `seed` has another shape or dtype than the value, or as for `backward`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let grads = x.square().backward_with(&Tensor::from([1.0, 10.0]))?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [6.0, 80.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn backward_with(&self, seed: &Tensor) -> Result<Gradients> {
        Backward::new().root(self, seed).run()
    }

    /// Like [`Tensor::backward`], but keeps what the operations saved, so that the graph can be walked again.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from(3.0).requires_grad();
    /// let y = x.square();
    /// assert_eq!(y.backward_keep()?.len(), y.backward()?.len());
    /// assert!(y.backward().is_err());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn backward_keep(&self) -> Result<Gradients> {
        Backward::from(self).keep().run()
    }
}

/// A walk with its options: several roots, gradients of values in between, a graph that is kept.
///
/// ```
/// use autograd_core::{Backward, Tensor};
/// let x = Tensor::from(3.0).requires_grad();
/// let h = &x * &x;
/// let y = &h * 2.0;
/// let grads = Backward::from(&y).also(&h).run()?;
/// assert_eq!(grads.get(&h).unwrap().item::<f32>()?, 2.0);
/// assert_eq!(grads.get(&x).unwrap().item::<f32>()?, 12.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Default)]
#[must_use = "nothing is walked before `run`"]
pub struct Backward<'a> {
    roots: Vec<(&'a Tensor, Option<&'a Tensor>)>,
    also: Vec<&'a Tensor>,
    keep: bool,
}

impl<'a> From<&'a Tensor> for Backward<'a> {
    /// A walk from one number.
    fn from(root: &'a Tensor) -> Self {
        Backward { roots: vec![(root, None)], ..Backward::default() }
    }
}

impl<'a> Backward<'a> {
    /// A walk without roots yet.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Backward, Tensor};
    /// let x = Tensor::from([3.0, 4.0]).requires_grad();
    /// let (y, z) = (x.square(), x.exp());
    /// let (seed, zero) = (Tensor::from([1.0, 10.0]), Tensor::from([0.0, 0.0]));
    /// let grads = Backward::new().root(&y, &seed).root(&z, &zero).keep().run()?;
    /// assert_eq!(grads.get(&x).expect("a leaf").to_vec::<f32>()?, [6.0, 80.0]);
    /// assert!(y.backward_with(&seed).is_ok());                // the graph was kept
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Backward::default()
    }

    /// Adds a root and the gradient to start it with.
    pub fn root(mut self, value: &'a Tensor, seed: &'a Tensor) -> Self {
        self.roots.push((value, Some(seed)));
        self
    }

    /// Also returns the gradient of this value, which is not a leaf; [`Backward::run`] refuses one that is not tracked.
    pub fn also(mut self, value: &'a Tensor) -> Self {
        self.also.push(value);
        self
    }

    /// Keeps what the operations saved.
    pub fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Runs the walk.
    ///
    /// # Errors
    /// If a root is not tracked or its seed does not fit, if the graph has been freed, or if a pull-back fails.
    pub fn run(self) -> Result<Gradients> {
        let tracked = |x: &&Tensor| id_of(x).ok_or_else(|| Error::not_tracked("also", x.dtype(), x.shape()));
        let mut also = self.also.iter().map(tracked).collect::<Result<Vec<NodeId>>>()?;
        also.sort_unstable();
        walk(&self.roots, &also, self.keep)
    }
}
