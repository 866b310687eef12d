//! The gradients that wait at nodes during a walk, by number.
//!
//! Those at leaves have nowhere to go, and are the walk's result. Of the others the walk always takes the highest
//! number, and what it adds lies mostly just below. So the highest few stand in a short sorted list, where both are a
//! few comparisons without any allocation; the rest, in a large graph, in a tree.

use super::is_recording;
use super::node::{Node, NodeId, NodeRef};
use super::part::Part;
use crate::error::Result;
use crate::shape::FixedDims;
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The gradient of one node, summed up so far.
pub(super) type Sum = Option<Tensor>;

/// Adds a gradient of the node's shape and dtype.
#[inline]
pub(super) fn add(sum: &mut Sum, gradient: Tensor) -> Result<()> {
    match sum {
        None => *sum = Some(gradient),
        Some(sum) if is_recording() => *sum = sum.try_add(&gradient)?,
        Some(sum) => {
            sum.can_be_packed("backward")?;
            crate::ops::add_assign(sum, &gradient);
        }
    }
    Ok(())
}

/// In a recorded walk, the gradients of parts, which are put together when the whole is asked for.
#[derive(Default)]
pub(super) struct Parts(BTreeMap<NodeId, PartsOf>);

struct PartsOf {
    shape: FixedDims,
    dtype: DType,
    parts: Vec<Box<dyn Part>>,
    gradients: Vec<Tensor>,
}

impl Parts {
    /// Adds the gradient of a part of the node's value: in place to the sum if nothing is recorded, else to the parts.
    pub(super) fn add(&mut self, sum: &mut Sum, node: &Node, part: &dyn Part, gradient: &Tensor) -> Result<()> {
        if is_recording() {
            let new = || PartsOf { shape: node.shape.clone(), dtype: node.dtype, parts: vec![], gradients: vec![] };
            let of_node = self.0.entry(node.id).or_insert_with(new);
            of_node.parts.push(part.boxed());
            of_node.gradients.push(gradient.clone());
            return Ok(());
        }
        let sum = match sum {
            Some(sum) => sum,
            none => none.insert(Tensor::filled("backward", &node.shape, 0.0, node.dtype)?),
        };
        sum.can_be_packed("backward")?;
        part.add(sum, gradient);
        Ok(())
    }

    /// The whole sum of a node.
    #[inline]
    pub(super) fn finish(&mut self, id: NodeId, mut sum: Sum) -> Result<Tensor> {
        if !self.0.is_empty() {
            self.join(id, &mut sum)?;
        }
        Ok(sum.unwrap_or_else(|| unreachable!("a place is made to add to it")))
    }
}

impl Parts {
    /// Adds what the parts of a node make together.
    #[cold]
    fn join(&mut self, id: NodeId, sum: &mut Sum) -> Result<()> {
        let Some(PartsOf { shape, dtype, parts, gradients }) = self.0.remove(&id) else { return Ok(()) };
        add(sum, crate::ops::assemble(&shape, dtype, parts, &gradients)?)
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

    /// The place of a node's sum.
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
            return &mut self.far.entry(node.id).or_insert_with(|| (node, None)).1;
        }
        if self.near.len() == NEAR {
            let lowest = self.near.remove(0);
            self.far.insert(lowest.0.id, lowest);
            at -= 1;
        }
        self.near.push((node, None));
        self.near[at..].rotate_right(1);
        &mut self.near[at].1
    }
}

/// The gradients that have arrived at leaves.
#[derive(Default)]
pub(super) struct Leaves {
    /// Descending: the parameters of a network's last layer, which are reached first, were made last.
    last_first: Vec<(NodeId, Sum)>,
    /// Those that came out of that order.
    others: BTreeMap<NodeId, Sum>,
}

impl Leaves {
    /// The place of a leaf's sum.
    pub(super) fn at(&mut self, leaf: &Node) -> &mut Sum {
        let id = leaf.id;
        if self.last_first.last().is_none_or(|(last, _)| id < *last) && !self.others.contains_key(&id) {
            let end = self.last_first.len();
            self.last_first.push((id, None));
            return &mut self.last_first[end].1;
        }
        match self.last_first.binary_search_by_key(&Reverse(id), |(id, _)| Reverse(*id)) {
            Ok(at) => &mut self.last_first[at].1,
            Err(_) => self.others.entry(id).or_default(),
        }
    }

    /// Takes all of them, ascending.
    pub(super) fn ascending(&mut self, parts: &mut Parts) -> Result<Vec<(NodeId, Tensor)>> {
        let mut all = std::mem::take(&mut self.last_first);
        all.reverse();
        if !self.others.is_empty() {
            all.extend(std::mem::take(&mut self.others));
            all.sort_unstable_by_key(|(id, _)| *id);
        }
        // In the memory of the list itself.
        all.into_iter().map(|(id, sum)| Ok((id, parts.finish(id, sum)?))).collect()
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
                add(queue.at(node), value.clone()).expect("scalars");
                add(queue.at(node), value.clone()).expect("scalars");
            }
            let order: Vec<_> = std::iter::from_fn(|| queue.pop())
                .map(|(node, sum)| {
                    assert_eq!(sum.expect("added to").to_f64s(), [2.0]);
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
                add(leaves.at(leaf), value.clone()).expect("scalars");
                add(leaves.at(leaf), value.clone()).expect("scalars");
            }
            let order = leaves.ascending(&mut Parts::default()).expect("added to");
            assert!(order.iter().all(|(_, sum)| sum.to_f64s() == [2.0]));
            assert!(order.len() == 20 && order.is_sorted_by(|(a, _), (b, _)| a < b), "stride {stride}");
        }
    }
}
