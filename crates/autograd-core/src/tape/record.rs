//! The recording of nodes: the one place where values become tracked.

use super::cut::cut;
use super::node::{Inputs, Node, id_of, link, operation_of};
use super::pullback::{Held, Pull, Pullback, Saved};
use super::{NodeId, anomaly, is_recording};
use crate::error::Result;
use crate::tensor::Tensor;
use std::fmt;

/// Ties `value`, computed by `op` from `inputs`, to the tape if any input is tracked and recording is on.
///
/// `pullback` is called only then; it gets the value, which it may keep as a [`Saved`] and in no other way. An
/// operation without a derivative does not call this: its value is simply not tracked.
#[inline]
pub(crate) fn record<P: Pullback + 'static>(
    op: &'static str,
    value: Tensor,
    inputs: &[&Tensor],
    pullback: impl FnOnce(&Tensor) -> P,
) -> Tensor {
    if !is_recorded(op, &value, inputs) {
        return value;
    }
    let held = Held::new(pullback(&value));
    tied(op, value, inputs, held)
}

/// Whether the value will be tracked; if not, those who look for cuts are told.
#[inline]
fn is_recorded(op: &'static str, value: &Tensor, inputs: &[&Tensor]) -> bool {
    anomaly::inspect(op, value, inputs);
    let recorded = is_recording() && inputs.iter().any(|x| x.link().is_some());
    if !recorded {
        cut("no_grad", inputs);
    }
    recorded
}

fn tied(op: &'static str, value: Tensor, inputs: &[&Tensor], pullback: Held) -> Tensor {
    let mut nodes = Inputs::new();
    inputs.iter().for_each(|x| nodes.push(Node::of(x)));
    let node = Node::operation(op, &value, nodes, pullback);
    value.with_link(Some(link(node)))
}

/// The result of an operation called `op` that leaves `x` as it is: a value of its own all the same, with its own
/// gradient, and cut off by [`crate::no_grad`].
pub(crate) fn record_same(op: &'static str, x: &Tensor) -> Tensor {
    record(op, x.untied(), &[x], |_| Same)
}

/// A value of its own like `x` at which histories end. It is no leaf: walks have no gradient of it to return.
pub(crate) fn record_start(op: &'static str, x: &Tensor) -> Tensor {
    let value = x.untied();
    // An input that is not tracked: without any it would be a leaf.
    let inputs = Inputs::from_elem(None, 1);
    let node = Node::operation(op, &value, inputs, Held::new(Same));
    value.with_link(Some(link(node)))
}

struct Same;

impl Pullback for Same {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || Ok(gy.clone()))
    }
}

/// Records an operation of your own, called `op`: `value` was computed from `inputs` (without recording, see
/// [`crate::no_grad`]) and `pullback` is its backward half. See [`crate::custom`] for the version with closures.
///
/// The value must be fresh: if it is one of the inputs, or tracked already, what was recorded before is replaced.
///
/// # Examples
/// ```
/// use autograd_core::{Pull, Pullback, Result, Saved, Tensor, record_custom};
///
/// struct Exp(Saved);
///
/// impl Pullback for Exp {
///     fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
///         let (gy, y) = (at.gy(), self.0.get(at));
///         at.give(0, || gy.try_mul(&y))
///     }
/// }
///
/// let x = Tensor::from(0.0).requires_grad();
/// let y = record_custom("my_exp", x.detach().exp(), &[&x], Exp);
/// assert_eq!(y.backward()?.get(&x).expect("a leaf").item::<f32>()?, 1.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn record_custom<P: Pullback + 'static>(
    op: &'static str,
    value: Tensor,
    inputs: &[&Tensor],
    pullback: impl FnOnce(Saved) -> P,
) -> Tensor {
    let value = value.with_link(None);
    let tracked = is_recording() && inputs.iter().any(|x| x.is_tracked()) && value.dtype().is_float();
    if !tracked {
        anomaly::inspect(op, &value, inputs);
        return value;
    }
    let pullback = pullback(Saved::output(&value));
    record(op, value, inputs, |_| pullback)
}

/// # Tracking
impl Tensor {
    /// The same value as a leaf of the tape: operations on it are recorded, and `backward` gives its gradient.
    ///
    /// Only float tensors have gradients; an integer or truth-value tensor comes back as it is, and
    /// [`Tensor::is_tracked`] is false.
    ///
    /// ```
    /// use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0]).requires_grad();
    /// let grads = (&x * &x).sum().backward()?;
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>()?, [2.0, 4.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn requires_grad(&self) -> Tensor {
        if !self.dtype().is_float() {
            return self.clone();
        }
        let leaf = Node::leaf(self);
        self.untied().with_link(Some(link(leaf)))
    }

    /// The same value without its history: gradients stop here.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from(2.0).requires_grad();
    /// assert!(x.exp().is_tracked() && !x.exp().detach().is_tracked());
    /// ```
    pub fn detach(&self) -> Tensor {
        cut("detach", &[self]);
        self.untied()
    }

    /// Whether it requires gradients or was computed from something that does.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from(2.0);
    /// assert!(!x.is_tracked() && x.requires_grad().exp().is_tracked());
    /// ```
    #[inline]
    pub fn is_tracked(&self) -> bool {
        self.link().is_some()
    }

    /// The name of the operation that made it, if it is tracked; `"leaf"` for a tensor that requires gradients itself.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::Tensor;
    /// let x = Tensor::from([1.0, 2.0]).requires_grad();
    /// assert_eq!(x.exp().operation(), Some("exp"));
    /// assert_eq!(Tensor::from(1.0).exp().operation(), None);
    /// ```
    pub fn operation(&self) -> Option<&'static str> {
        operation_of(self)
    }

    /// The place on the tape, if it is tracked.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from(2.0).requires_grad();
    /// assert!(x.node_id() < x.exp().node_id());
    /// assert_eq!(Tensor::from(2.0).node_id(), None);
    /// ```
    pub fn node_id(&self) -> Option<NodeId> {
        id_of(self)
    }

    /// This value in the place of `leaf`: gradients that reach it are gradients of `leaf`.
    pub(crate) fn replacing(self, leaf: &Tensor) -> Tensor {
        self.with_link(leaf.link().cloned())
    }
}

impl fmt::Debug for Tensor {
    /// Dtype, shape and the operation that made it, then the elements.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = operation_of(self).map(|op| format!(", op {op}")).unwrap_or_default();
        write!(f, "Tensor({}, {:?}{op})\n{self}", self.dtype(), self.shape())
    }
}
