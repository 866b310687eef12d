//! How an operation tells the tape what to do with its gradient.

use super::node::{NodeRef, link};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::opaque::{Opaque, Typed};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::borrow::Cow;

/// The backward half of an operation: a struct whose fields are exactly what it needs.
///
/// A pull-back is tensor code: it computes with tensors it saved, so that the walk itself can be recorded and
/// differentiated again. The engine sums a gradient down to a broadcast input's shape, adds up the gradients of a value
/// used several times, checks shapes and frees what was saved; a pull-back does none of that.
pub trait Pullback: Send + Sync {
    /// The operation's name, for errors, printing and graphs.
    fn name(&self) -> &'static str;

    /// One gradient for each input, in order; `None` for those that [`Pull::wants`] does not ask for, or through which
    /// nothing flows.
    fn pull(&self, at: &Pull<'_>) -> Result<Grads>;

    /// The tensors it saved, for memory accounting in graphs.
    fn saved(&self) -> Vec<&Tensor> {
        Vec::new()
    }
}

/// A pull-back of some type, in recycled memory, where a `Box<dyn Pullback>` would ask the allocator for each operation.
pub(crate) struct Held {
    state: Opaque,
    typed: fn(&Opaque) -> Option<&dyn Pullback>,
}

impl Held {
    #[inline]
    pub(crate) fn new<P: Pullback + 'static>(pullback: P) -> Held {
        if Typed::<P>::ALIGNED {
            return Held {
                state: Typed::share(|| pullback).into(),
                typed: |state| state.get::<P>().map(|p| &***p as _),
            };
        }
        let boxed = Box::new(pullback);
        Held { state: Typed::share(|| boxed).into(), typed: |state| state.get::<Box<P>>().map(|p| &****p as _) }
    }

    /// The pull-back; always there, for its type is that of `new`.
    #[inline]
    pub(crate) fn get(&self) -> Option<&dyn Pullback> {
        (self.typed)(&self.state)
    }
}

/// Gradients of an operation's inputs, in order.
pub type Grads = SmallVec<[Option<Tensor>; 3]>;

/// What a pull-back is given: the gradient of the output, and which inputs' gradients are wanted.
pub struct Pull<'a> {
    gy: &'a Tensor,
    node: &'a NodeRef,
    wanted: u64,
}

impl<'a> Pull<'a> {
    pub(crate) fn new(gy: &'a Tensor, node: &'a NodeRef, wanted: u64) -> Self {
        Pull { gy, node, wanted }
    }

    /// The gradient of the loss with respect to the output; it has the output's shape and dtype.
    pub fn gy(&self) -> &'a Tensor {
        self.gy
    }

    /// How many inputs the operation had.
    pub fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// Whether somebody needs the gradient of input number `input`.
    pub fn wants(&self, input: usize) -> bool {
        // Beyond 64 inputs the last bit stands for all of them.
        self.wanted >> input.min(63) & 1 == 1
    }

    /// `gradient()` if input number `input` wants one.
    pub fn when(&self, input: usize, gradient: impl FnOnce() -> Result<Tensor>) -> Result<Option<Tensor>> {
        if self.wants(input) { gradient().map(Some) } else { Ok(None) }
    }

    /// For a pull-back that is not made of differentiable operations: fails if the walk is being recorded.
    pub fn first_order_only(&self) -> Result<()> {
        if super::is_recording() {
            Err(Error::new(ErrorKind::NoDerivative, format!("{} has no second derivative", self.node.op)))
        } else {
            Ok(())
        }
    }
}

/// An input or the output of an operation, kept by its pull-back.
///
/// It holds the bare value, never a node: the output's would tie a node to itself, and never be freed. [`Saved::get`] hands
/// the value over re-attached to the tape where that matters.
pub struct Saved {
    value: Tensor,
    /// Which input it is; the output otherwise.
    input: Option<usize>,
}

impl Saved {
    /// Input number `index` of the operation.
    #[inline]
    pub fn input(index: usize, value: &Tensor) -> Saved {
        Saved { value: value.untied(), input: Some(index) }
    }

    /// The output of the operation.
    #[inline]
    pub fn output(value: &Tensor) -> Saved {
        Saved { value: value.untied(), input: None }
    }

    /// The value, tracked again if the walk is being recorded.
    #[inline]
    pub fn get<'s>(&'s self, at: &Pull<'_>) -> Cow<'s, Tensor> {
        if !super::is_recording() {
            return Cow::Borrowed(&self.value);
        }
        let node = match self.input {
            Some(index) => at.node.inputs.get(index).cloned().flatten(),
            None => Some(at.node.clone()),
        };
        Cow::Owned(self.value.untied().with_link(node.map(link)))
    }

    /// The bare value.
    pub fn value(&self) -> &Tensor {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smallvec::smallvec;

    #[test]
    fn a_pullback_may_be_of_any_alignment() {
        #[repr(align(64))]
        struct Wide(f64);
        impl Pullback for Wide {
            fn name(&self) -> &'static str {
                "wide"
            }
            fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
                Ok(smallvec![Some(at.gy().mul_scalar(self.0))])
            }
        }
        let x = Tensor::from(3.0).requires_grad();
        let y = crate::record_custom(x.mul_scalar(2.0), &[&x], |_| Wide(2.0));
        let grads = y.backward().expect("tracked");
        assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![2.0]));
    }
}
