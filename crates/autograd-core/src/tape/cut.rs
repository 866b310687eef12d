//! The log of the places where a history ends.

use super::graph::graph;
use super::mode::no_grad;
use super::node::{NodeId, id_of, next_number};
use crate::tensor::Tensor;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static CUTS: RefCell<Vec<Cut>> = const { RefCell::new(Vec::new()) };
}

/// A tracked value of which an operation made something that is not tracked.
///
/// # Examples
/// ```
/// use autograd_core::{Cut, Tensor, watch_cuts};
/// let x = Tensor::from([0.5, 2.5]).requires_grad();
/// let (_, cuts): (Tensor, Vec<Cut>) = watch_cuts(|| x.exp().floor());
/// assert_eq!((cuts[0].op, cuts[0].value.shape()), ("floor", &[2][..]));
/// assert!(cuts[0].behind().contains(&x.node_id().expect("tracked")));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cut {
    /// The operation: `detach`, `floor`, `argmax`, `cast`; `no_grad` for any that ran in there.
    pub op: &'static str,
    /// What it was given.
    pub value: Tensor,
    /// The place on the tape that came next when it ran.
    pub at: NodeId,
}

impl Cut {
    /// The places on the tape of the value and of everything it was computed from.
    pub fn behind(&self) -> HashSet<NodeId> {
        graph(&self.value).nodes.iter().map(|node| node.id).collect()
    }
}

/// Runs `f` and returns the places where this thread has taken a tracked value off the tape: what was computed from it
/// there has no gradient for it. Not all of them are mistakes: results such as positions have none, and a model may
/// stop gradients on purpose. It is the place to look at where a parameter gets no gradient.
///
/// The values are kept, and with them everything that was recorded behind them.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, watch_cuts};
/// let x = Tensor::from([0.5, 2.5]).requires_grad();
/// let (y, cuts) = watch_cuts(|| &x.detach() * &x);
/// assert!(y.is_tracked() && cuts.len() == 1 && cuts[0].op == "detach");
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn watch_cuts<R>(f: impl FnOnce() -> R) -> (R, Vec<Cut>) {
    let around = Around::watching(true);
    let result = f();
    let cuts = CUTS.take();
    drop(around);
    (result, cuts)
}

/// The log around another, put back when this is dropped, also by a panic.
struct Around(bool, Vec<Cut>);

impl Around {
    fn watching(on: bool) -> Around {
        Around(WATCHED.replace(on), CUTS.take())
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        WATCHED.set(self.0);
        // Dropped outside of its cell: with it goes what was recorded, and values of a user's in there.
        drop(CUTS.replace(std::mem::take(&mut self.1)));
    }
}

/// Runs what an operation computes for a result that it records by itself, or beside one: it is not recorded, and no
/// history ends there.
pub(crate) fn unrecorded<R>(f: impl FnOnce() -> R) -> R {
    let _around = Around::watching(false);
    no_grad(f)
}

/// Notes that the result of an operation is not tracked, whatever it was given.
#[inline]
pub(crate) fn cut(op: &'static str, inputs: &[&Tensor]) {
    if WATCHED.get() {
        note(op, inputs);
    }
}

#[cold]
fn note(op: &'static str, inputs: &[&Tensor]) {
    let tracked = inputs.iter().filter(|x| id_of(x).is_some());
    let new: Vec<Cut> = tracked.map(|x| Cut { op, value: (*x).clone(), at: NodeId(next_number()) }).collect();
    CUTS.with_borrow_mut(|cuts| cuts.extend(new));
}

#[cfg(test)]
mod tests {
    use super::watch_cuts;
    use crate::{DType, Tensor, no_grad};

    #[test]
    fn a_log_belongs_to_the_innermost_watch_and_survives_panics() {
        let x = Tensor::from([0.5, 2.5]).requires_grad();
        let (inner, outer) = watch_cuts(|| {
            let _ = x.detach();
            let (_, inner) = watch_cuts(|| x.to_dtype(DType::I64));
            let _ = std::panic::catch_unwind(|| watch_cuts(|| panic!("on purpose")));
            let _ = no_grad(|| x.exp());
            inner
        });
        let names = |cuts: &[super::Cut]| cuts.iter().map(|cut| cut.op).collect::<Vec<_>>();
        assert_eq!((names(&inner), names(&outer)), (vec!["cast"], vec!["detach", "no_grad"]));
        let _ = x.detach();
        assert!(watch_cuts(|| Tensor::from(1.0).detach()).1.is_empty());
    }
}
