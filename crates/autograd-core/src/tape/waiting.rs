//! The gradients that wait at nodes during a walk, by number.
//!
//! The walk always takes the highest number, and what it adds lies mostly just below. So the highest few stand in a short
//! sorted list, where both are a few comparisons without any allocation; the rest, in a large graph, in a tree.

use super::node::{Node, NodeId};
use crate::kernels::shared::Shared;
use crate::tensor::Tensor;
use std::collections::BTreeMap;

/// A node and the gradient summed up for it so far.
pub(super) type Waiting = (Shared<Node>, Tensor);

/// The list holds at most this many.
const NEAR: usize = 16;

#[derive(Default)]
pub(super) struct Queue {
    /// Ascending; no entry of `far` is repeated here.
    near: Vec<Waiting>,
    far: BTreeMap<NodeId, Waiting>,
}

impl Queue {
    /// Takes the entry with the highest number.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let far = self.far.last_key_value().map(|(id, _)| *id);
        match self.near.last() {
            Some((node, _)) if far.is_none_or(|far| node.id > far) => self.near.pop(),
            _ => self.far.pop_last().map(|(_, entry)| entry),
        }
    }

    /// The gradient that waits at a node already.
    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut Tensor> {
        match self.near.binary_search_by_key(&id, |(node, _)| node.id) {
            Ok(at) => Some(&mut self.near[at].1),
            Err(_) => self.far.get_mut(&id).map(|(_, gradient)| gradient),
        }
    }

    /// Adds an entry for a node that has none.
    pub(super) fn insert(&mut self, node: &Shared<Node>, gradient: Tensor) {
        let at = self.near.partition_point(|(other, _)| other.id < node.id);
        if self.near.len() == NEAR {
            if at == 0 {
                self.far.insert(node.id, (node.clone(), gradient));
                return;
            }
            let lowest = self.near.remove(0);
            self.far.insert(lowest.0.id, lowest);
            self.near.insert(at - 1, (node.clone(), gradient));
            return;
        }
        if self.near.capacity() == 0 {
            self.near.reserve_exact(NEAR);
        }
        self.near.insert(at, (node.clone(), gradient));
    }

    /// The nodes, in no particular order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Shared<Node>> {
        self.near.iter().chain(self.far.values()).map(|(node, _)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_highest_number_first_whatever_the_order_of_arrival() {
        let value = Tensor::from(1.0);
        let nodes: Vec<_> = (0..200).map(|_| Node::leaf(&value)).collect();
        for stride in [1, 3, 7, 57, 199] {
            let mut queue = Queue::default();
            for i in 0..200 {
                let node = &nodes[i * stride % 200];
                assert!(queue.get_mut(node.id).is_none());
                queue.insert(node, value.clone());
                assert!(queue.get_mut(node.id).is_some());
            }
            let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(node, _)| node.id).collect();
            assert!(order.len() == 200 && order.is_sorted_by(|a, b| a > b), "stride {stride}");
        }
    }
}
