//! A tensor whose dims have labels, and the product of two.

use super::equation::Label;
use crate::error::Result;
use crate::tensor::Tensor;

/// A tensor with a label for each of its dims, all different.
#[derive(Clone)]
pub(super) struct Term {
    pub(super) tensor: Tensor,
    pub(super) labels: Vec<Label>,
}

impl Term {
    fn size(&self, label: Label) -> usize {
        let at = self.labels.iter().position(|other| *other == label);
        at.map_or(1, |d| self.tensor.shape()[d])
    }

    fn has(&self, label: &Label) -> bool {
        self.labels.contains(label)
    }

    /// The dims in the order of these labels, which are all it has, in a shape of the same elements.
    fn arranged(&self, order: &[&[Label]], shape: &[usize]) -> Result<Tensor> {
        let place = |label: &Label| self.labels.iter().position(|other| other == label).map(|d| d as isize);
        let order: Vec<isize> = order.concat().iter().filter_map(place).collect();
        let in_order = order.iter().enumerate().all(|(at, d)| at as isize == *d);
        if in_order {
            return self.tensor.reshape_to(shape);
        }
        self.tensor.permute(&order)?.reshape_to(shape)
    }

    /// The term summed over the labels that are not kept.
    pub(super) fn summed(self, keep: &dyn Fn(Label) -> bool) -> Result<Term> {
        let dims: Vec<isize> = (0..self.labels.len()).filter(|d| !keep(self.labels[*d])).map(|d| d as isize).collect();
        if dims.is_empty() {
            return Ok(self);
        }
        let tensor = self.tensor.sum_dim(&dims[..])?;
        Ok(Term { tensor, labels: self.labels.into_iter().filter(|label| keep(*label)).collect() })
    }

    /// The dims in this order; those that the term does not have, with these sizes.
    pub(super) fn spread(&self, order: &[Label], size: &dyn Fn(Label) -> usize) -> Result<Tensor> {
        let own: Vec<usize> = order.iter().map(|label| self.size(*label)).collect();
        let full: Vec<usize> = order.iter().map(|label| size(*label)).collect();
        let y = self.arranged(&[order], &own)?;
        if own == full { Ok(y) } else { y.expand_to(&full) }
    }

    /// The product of two, summed over the labels that are not kept.
    pub(super) fn times(self, other: Term, keep: &dyn Fn(Label) -> bool) -> Result<Term> {
        let a = {
            let of_both = |label: Label| keep(label) || other.has(&label);
            self.summed(&of_both)?
        };
        let b = {
            let of_both = |label: Label| keep(label) || a.has(&label);
            other.summed(&of_both)?
        };
        let of = |term: &Term, pick: &dyn Fn(&Label) -> bool| -> Vec<Label> {
            term.labels.iter().copied().filter(pick).collect()
        };
        let batch = of(&a, &|label| b.has(label) && keep(*label));
        let inner = of(&a, &|label| b.has(label) && !keep(*label));
        let (left, right) = (of(&a, &|label| !b.has(label)), of(&b, &|label| !a.has(label)));
        let sizes = |term: &Term, labels: &[Label]| labels.iter().map(|l| term.size(*l)).collect::<Vec<usize>>();
        let (of_batch, of_left, of_right) = (sizes(&a, &batch), sizes(&a, &left), sizes(&b, &right));
        let labels = [&batch[..], &left, &right].concat();
        let shape = [&of_batch[..], &of_left, &of_right].concat();
        crate::ops::check::Check("einsum").fits_memory(&shape)?;
        if inner.is_empty() {
            // Nothing is summed: the elements are multiplied.
            let ones = |n: usize| vec![1; n];
            let x = a.arranged(&[&batch, &left], &[&of_batch[..], &of_left, &ones(right.len())].concat())?;
            let y = b.arranged(&[&batch, &right], &[&of_batch[..], &ones(left.len()), &of_right].concat())?;
            return Ok(Term { tensor: x.try_mul(&y)?, labels });
        }
        let count = |sizes: &[usize]| sizes.iter().product::<usize>();
        let (m, k, n) = (count(&of_left), count(&sizes(&a, &inner)), count(&of_right));
        let matrices = |rows: usize, columns: usize| match batch.is_empty() {
            true => vec![rows, columns],
            false => vec![count(&of_batch), rows, columns],
        };
        let x = a.arranged(&[&batch, &left, &inner], &matrices(m, k))?;
        let y = b.arranged(&[&batch, &inner, &right], &matrices(k, n))?;
        Ok(Term { tensor: x.matmul(&y)?.reshape_to(&shape)?, labels })
    }
}
