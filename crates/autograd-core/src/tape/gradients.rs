//! The gradients that a walk returns.

use super::node::{NodeId, id_of};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Gradients of one or several walks, by the tensor they belong to.
///
/// There is nothing to reset between steps: each walk returns its own. [`Gradients::accumulate`] adds up several.
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
    pub fn get(&self, x: &Tensor) -> Option<&Tensor> {
        self.get_by_id(id_of(x)?)
    }

    /// Like [`Gradients::get`], but for the tensor with this place on the tape ([`Tensor::node_id`]).
    pub fn get_by_id(&self, id: NodeId) -> Option<&Tensor> {
        self.find(id).ok().map(|at| &self.entries[at].1)
    }

    /// Like [`Gradients::get`], but removes it.
    pub fn take(&mut self, x: &Tensor) -> Option<Tensor> {
        self.find(id_of(x)?).ok().map(|at| self.entries.remove(at).1)
    }

    /// Replaces the gradient with respect to `x`, or adds one.
    ///
    /// # Errors
    /// If `x` is not tracked.
    pub fn insert(&mut self, x: &Tensor, gradient: Tensor) -> Result<()> {
        let id = id_of(x).ok_or_else(|| Error::not_tracked("insert", x.dtype(), x.shape()))?;
        match self.find(id) {
            Ok(at) => self.entries[at].1 = gradient,
            Err(at) => self.entries.insert(at, (id, gradient)),
        }
        Ok(())
    }

    /// Adds the gradients of another walk: `self += other`. On an error nothing has changed.
    pub fn accumulate(&mut self, other: Gradients) -> Result<()> {
        let mut sums = Vec::new();
        for (id, gradient) in &other.entries {
            if let Ok(at) = self.find(*id) {
                sums.push((at, crate::no_grad(|| self.entries[at].1.try_add(gradient))?));
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
    pub fn scale(&mut self, factor: f64) {
        crate::no_grad(|| self.entries.iter_mut().for_each(|(_, g)| *g = g.mul_scalar(factor)));
    }

    /// The gradients, in the order of their tensors' places on the tape ([`Tensor::node_id`]); those of one thread
    /// stand in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor> {
        self.entries.iter().map(|(_, gradient)| gradient)
    }

    /// Like [`Gradients::iter`], but for replacing them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor> {
        self.entries.iter_mut().map(|(_, gradient)| gradient)
    }

    /// The number of tensors that have a gradient.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no tensor has one.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
