//! The gradients that wait at nodes during a walk, by number.
//!
//! Those at leaves have nowhere to go, and are the walk's result. Of the others the walk always takes the highest number,
//! and what it adds lies mostly just below. So the highest few stand in a short sorted list, where both are a few
//! comparisons without any allocation; the rest, in a large graph, in a tree.

use super::node::{Node, NodeId, NodeRef};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A node and the gradient summed up for it so far.
pub(super) type Waiting<'a> = (&'a NodeRef, Tensor);

/// The list holds at most this many.
const NEAR: usize = 8;

#[derive(Default)]
pub(super) struct Queue<'a> {
    /// Ascending; no entry of `far` is repeated here.
    near: SmallVec<[Waiting<'a>; NEAR]>,
    far: BTreeMap<NodeId, Waiting<'a>>,
}

impl<'a> Queue<'a> {
    /// Takes the entry with the highest number.
    pub(super) fn pop(&mut self) -> Option<Waiting<'a>> {
        let far = self.far.last_key_value().map(|(id, _)| *id);
        match self.near.last() {
            Some((node, _)) if far.is_none_or(|far| node.id > far) => self.near.pop(),
            _ => self.far.pop_last().map(|(_, entry)| entry),
        }
    }

    /// Leaves a gradient at a node; or, if one waits there already, hands back that one and the new one, to be added up.
    pub(super) fn leave(&mut self, node: &'a NodeRef, gradient: Tensor) -> Option<(&mut Tensor, Tensor)> {
        // From the top, where it will be found soonest.
        let at = self.near.iter().rposition(|(other, _)| other.id <= node.id);
        if let Some(at) = at
            && self.near[at].0.id == node.id
        {
            return Some((&mut self.near[at].1, gradient));
        }
        if self.far.contains_key(&node.id) {
            return self.far.get_mut(&node.id).map(|(_, waiting)| (waiting, gradient));
        }
        let mut at = at.map_or(0, |below| below + 1);
        if self.near.len() == NEAR {
            if at == 0 {
                self.far.insert(node.id, (node, gradient));
                return None;
            }
            let lowest = self.near.remove(0);
            self.far.insert(lowest.0.id, lowest);
            at -= 1;
        }
        self.near.push((node, gradient));
        self.near[at..].rotate_right(1);
        None
    }
}

/// The gradients that have arrived at leaves.
#[derive(Default)]
pub(super) struct Leaves {
    /// Descending: the parameters of a network's last layer, which are reached first, were made last.
    last_first: Vec<(NodeId, Tensor)>,
    /// Those that came out of that order.
    others: BTreeMap<NodeId, Tensor>,
}

impl Leaves {
    /// Leaves a gradient; or, if one is there already, hands back that one and the new one, to be added up.
    pub(super) fn leave(&mut self, leaf: &Node, gradient: Tensor) -> Option<(&mut Tensor, Tensor)> {
        let id = leaf.id;
        if self.last_first.last().is_none_or(|(last, _)| id < *last) && !self.others.contains_key(&id) {
            self.last_first.push((id, gradient));
            return None;
        }
        match self.find(id) {
            Some(at) => Some((&mut self.last_first[at].1, gradient)),
            None => match self.others.entry(id) {
                Entry::Occupied(there) => Some((there.into_mut(), gradient)),
                Entry::Vacant(place) => {
                    place.insert(gradient);
                    None
                }
            },
        }
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Tensor> {
        self.find(id).map(|at| &self.last_first[at].1).or_else(|| self.others.get(&id))
    }

    fn find(&self, id: NodeId) -> Option<usize> {
        self.last_first.binary_search_by_key(&Reverse(id), |(id, _)| Reverse(*id)).ok()
    }

    /// All of them, ascending.
    pub(super) fn ascending(mut self) -> Vec<(NodeId, Tensor)> {
        self.last_first.reverse();
        if !self.others.is_empty() {
            self.last_first.extend(self.others);
            self.last_first.sort_unstable_by_key(|(id, _)| *id);
        }
        self.last_first
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
                assert!(queue.leave(node, value.clone()).is_none());
                assert!(queue.leave(node, value.clone()).is_some());
            }
            let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(node, _)| node.id).collect();
            assert!(order.len() == 200 && order.is_sorted_by(|a, b| a > b), "stride {stride}");
        }
    }

    #[test]
    fn leaves_come_out_in_order_whatever_the_order_of_arrival() {
        let value = Tensor::from(1.0);
        let nodes: Vec<_> = (0..20).map(|_| Node::leaf(&value)).collect();
        for stride in [1, 3, 7, 19] {
            let mut leaves = Leaves::default();
            for i in 0..20 {
                let leaf = &nodes[i * stride % 20];
                assert!(leaves.leave(leaf, value.clone()).is_none() && leaves.leave(leaf, value.clone()).is_some());
                assert!(leaves.get(leaf.id).is_some());
            }
            let order = leaves.ascending();
            assert!(order.len() == 20 && order.is_sorted_by(|(a, _), (b, _)| a < b), "stride {stride}");
        }
    }
}
