//! A part of the tape that is left out, and made again when a walk comes to it.

use super::anomaly;
use super::node::{Inputs, Node, NodeId, NodeRef, link};
use super::pullback::{Held, Pullback, Saved};
use crate::tensor::Tensor;
use std::collections::BTreeSet;

/// What a function has taken from the tape besides its arguments: nodes below a mark that its value was computed from,
/// ascending.
pub(crate) struct Segment(Vec<NodeRef>);

impl Segment {
    /// The nodes below `mark` that `value` was computed from, apart from what those were computed from.
    pub(crate) fn below(mark: NodeId, value: &Tensor) -> Segment {
        let (mut open, mut known, mut outside) = (Vec::from_iter(Node::of(value)), BTreeSet::new(), Vec::new());
        while let Some(node) = open.pop() {
            if !known.insert(node.id) {
                continue;
            }
            match node.id < mark {
                true => outside.push(node),
                false => open.extend(node.inputs.iter().flatten().cloned()),
            }
        }
        outside.sort_unstable_by_key(|node| node.id);
        Segment(outside)
    }

    /// Whether it has taken nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their numbers.
    pub(crate) fn ids(&self) -> Vec<NodeId> {
        self.0.iter().map(|node| node.id).collect()
    }
}

/// Ties `value` to the tape as the result of an operation whose inputs are `inputs` and, behind them, the nodes of
/// `segment`. It is for values of which something is tracked, while recording is on.
pub(crate) fn record_segment<P: Pullback + 'static>(
    op: &'static str,
    value: Tensor,
    inputs: &[&Tensor],
    segment: Segment,
    pullback: impl FnOnce(Saved) -> P,
) -> Tensor {
    let value = value.with_link(None);
    anomaly::inspect(op, &value, inputs);
    let pullback = Held::new(pullback(Saved::output(&value)));
    let mut nodes: Inputs = inputs.iter().map(|x| Node::of(x)).collect();
    nodes.extend(segment.0.into_iter().map(Some));
    let node = Node::operation(op, &value, nodes, pullback);
    value.with_link(Some(link(node)))
}
