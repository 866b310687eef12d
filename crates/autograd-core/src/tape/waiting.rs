//! The gradients that wait at nodes during a walk, by number.
//!
//! Those at leaves have nowhere to go, and are the walk's result. Of the others the walk always takes the highest number,
//! and what it adds lies mostly just below. So the highest few stand in a short sorted list, where both are a few
//! comparisons without any allocation; the rest, in a large graph, in a tree.

use super::is_recording;
use super::node::{Node, NodeId, NodeRef};
use super::part::Part;
use crate::error::Result;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The gradient of one node, summed up so far.
#[derive(Default)]
pub(super) struct Sum {
    whole: Option<Tensor>,
    /// In a recorded walk, the parts that are yet to be put together.
    parts: Option<Box<Parts>>,
}

/// Parts of a tensor with the gradient of each.
type Parts = (Vec<Box<dyn Part>>, Vec<Tensor>);

impl Sum {
    /// Adds a gradient of the node's shape and dtype.
    #[inline]
    pub(super) fn add(&mut self, gradient: Tensor) -> Result<()> {
        match &mut self.whole {
            None => self.whole = Some(gradient),
            Some(sum) if is_recording() => *sum = sum.try_add(&gradient)?,
            Some(sum) => crate::ops::add_assign(sum, &gradient),
        }
        Ok(())
    }

    /// Adds the gradient of a part of the node's value.
    pub(super) fn add_part(&mut self, node: &Node, part: &dyn Part, gradient: &Tensor) -> Result<()> {
        if is_recording() {
            let (parts, gradients) = &mut **self.parts.get_or_insert_default();
            parts.push(part.boxed());
            gradients.push(gradient.clone());
            return Ok(());
        }
        let sum = match &mut self.whole {
            Some(sum) => sum,
            none => none.insert(Tensor::full(&node.shape, 0.0, node.dtype)?),
        };
        part.add(sum, gradient);
        Ok(())
    }

    /// All of it in one tensor.
    pub(super) fn finish(mut self, node: &Node) -> Result<Tensor> {
        if let Some(parts) = self.parts.take() {
            let (parts, gradients) = *parts;
            self.add(crate::ops::assemble(&node.shape, node.dtype, parts, &gradients)?)?;
        }
        Ok(self.whole.unwrap_or_else(|| unreachable!("a sum is made to add to it")))
    }
}

/// A node and what has been summed up for it.
pub(super) type Waiting<'a> = (&'a NodeRef, Sum);

/// The list holds at most this many.
const NEAR: usize = 8;

#[derive(Default)]
pub(super) struct Queue<'a> {
    /// Ascending; no node of `far` is repeated here.
    near: SmallVec<[Waiting<'a>; NEAR]>,
    far: BTreeMap<NodeId, Waiting<'a>>,
}

impl<'a> Queue<'a> {
    /// Takes the node with the highest number.
    pub(super) fn pop(&mut self) -> Option<Waiting<'a>> {
        let far = self.far.last_key_value().map(|(id, _)| *id);
        match self.near.last() {
            Some((node, _)) if far.is_none_or(|far| node.id > far) => self.near.pop(),
            _ => self.far.pop_last().map(|(_, waiting)| waiting),
        }
    }

    /// What waits at a node, to add to.
    pub(super) fn at(&mut self, node: &'a NodeRef) -> &mut Sum {
        // From the top, where it will be found soonest.
        let below = self.near.iter().rposition(|(other, _)| other.id <= node.id);
        if let Some(at) = below
            && self.near[at].0.id == node.id
        {
            return &mut self.near[at].1;
        }
        let mut at = below.map_or(0, |below| below + 1);
        if self.near.len() == NEAR && at == 0 || self.far.contains_key(&node.id) {
            return &mut self.far.entry(node.id).or_insert_with(|| (node, Sum::default())).1;
        }
        if self.near.len() == NEAR {
            let lowest = self.near.remove(0);
            self.far.insert(lowest.0.id, lowest);
            at -= 1;
        }
        self.near.push((node, Sum::default()));
        self.near[at..].rotate_right(1);
        &mut self.near[at].1
    }
}

/// The gradients that have arrived at leaves.
#[derive(Default)]
pub(super) struct Leaves<'a> {
    /// Descending: the parameters of a network's last layer, which are reached first, were made last.
    last_first: Vec<Waiting<'a>>,
    /// Those that came out of that order.
    others: BTreeMap<NodeId, Waiting<'a>>,
}

impl<'a> Leaves<'a> {
    /// What has arrived at a leaf, to add to.
    pub(super) fn at(&mut self, leaf: &'a NodeRef) -> &mut Sum {
        let id = leaf.id;
        if self.last_first.last().is_none_or(|(last, _)| id < last.id) && !self.others.contains_key(&id) {
            self.last_first.push((leaf, Sum::default()));
        }
        match self.last_first.binary_search_by_key(&Reverse(id), |(leaf, _)| Reverse(leaf.id)) {
            Ok(at) => &mut self.last_first[at].1,
            Err(_) => &mut self.others.entry(id).or_insert_with(|| (leaf, Sum::default())).1,
        }
    }

    /// All of them, ascending.
    pub(super) fn ascending(self) -> Result<Vec<(NodeId, Tensor)>> {
        let finish = |(leaf, sum): Waiting<'a>| Ok((leaf.id, sum.finish(leaf)?));
        let mut all = self.last_first.into_iter().rev().map(finish).collect::<Result<Vec<_>>>()?;
        if !self.others.is_empty() {
            for waiting in self.others.into_values() {
                all.push(finish(waiting)?);
            }
            all.sort_unstable_by_key(|(id, _)| *id);
        }
        Ok(all)
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
                queue.at(node).add(value.clone()).expect("scalars");
                queue.at(node).add(value.clone()).expect("scalars");
            }
            let order: Vec<_> = std::iter::from_fn(|| queue.pop())
                .map(|(node, sum)| {
                    assert_eq!(sum.finish(node).expect("added to").to_f64s(), [2.0]);
                    node.id
                })
                .collect();
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
                leaves.at(leaf).add(value.clone()).expect("scalars");
                leaves.at(leaf).add(value.clone()).expect("scalars");
            }
            let order = leaves.ascending().expect("added to");
            assert!(order.iter().all(|(_, sum)| sum.to_f64s() == [2.0]));
            assert!(order.len() == 20 && order.is_sorted_by(|(a, _), (b, _)| a < b), "stride {stride}");
        }
    }
}
