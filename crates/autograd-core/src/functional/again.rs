//! A function that runs again in backward, and the gradients of what it is computed from.

use crate::error::{Error, ErrorKind, Result};
use crate::tape::Pullback;
use crate::tape::{NodeId, Pull, Saved, Segment, gradients_above, record_same, record_segment};
use crate::tensor::Tensor;

/// The inputs of a function, and what it captures, as the inputs of one operation.
pub(super) struct Again {
    op: &'static str,
    inputs: Vec<Saved>,
    /// The nodes of what it captures, behind the inputs.
    outside: Vec<NodeId>,
}

impl Again {
    /// Ties a value to the tape, by a pull-back that knows how to run the function again.
    pub(super) fn record<P: Pullback + 'static>(
        op: &'static str,
        value: Tensor,
        inputs: &[&Tensor],
        outside: Segment,
        pullback: impl FnOnce(Again, Saved) -> P,
    ) -> Tensor {
        let ids = outside.ids();
        record_segment(op, value, inputs, outside, |y| {
            let inputs = inputs.iter().enumerate().map(|(i, x)| Saved::input(i, x)).collect();
            pullback(Again { op, inputs, outside: ids }, y)
        })
    }

    /// Arguments in the place of the inputs; in a walk that is not recorded those that gradients are wanted of are
    /// leaves, in one that is they have nodes of their own above the inputs.
    pub(super) fn arguments(&self, at: &Pull<'_>, recorded: bool) -> Vec<Tensor> {
        let argument = |(i, x): (usize, &Saved)| match (at.wants(i), recorded) {
            (true, true) => record_same(self.op, &x.get(at)),
            (true, false) => x.value().requires_grad(),
            // What comes of a walk that is recorded may be differentiated for it all the same.
            (false, _) => x.get(at).into_owned(),
        };
        self.inputs.iter().enumerate().map(argument).collect()
    }

    /// The inputs as they are on the tape.
    pub(super) fn inputs(&self, at: &Pull<'_>) -> Vec<Tensor> {
        self.inputs.iter().map(|x| x.get(at).into_owned()).collect()
    }

    /// The bare inputs.
    pub(super) fn values(&self) -> Vec<Tensor> {
        self.inputs.iter().map(|x| x.value().clone()).collect()
    }

    /// Gives the gradients of `Σ y · seed`, where y was computed above `mark` from the arguments, which are below it:
    /// no gradient passes them on to the inputs, which are captured, too, perhaps. Of the tape it may use the node
    /// `own`.
    pub(super) fn pull(
        &self,
        at: &mut Pull<'_>,
        mark: NodeId,
        arguments: &[Tensor],
        (y, seed): (&Tensor, &Tensor),
        own: Option<NodeId>,
        recorded: bool,
    ) -> Result<()> {
        let of_inputs = self.inputs.iter().filter_map(|x| x.get(at).node_id());
        let known: Vec<NodeId> = of_inputs.chain(arguments.iter().filter_map(Tensor::node_id)).chain(own).collect();
        let other = |id: &NodeId| self.outside.contains(id) || !known.contains(id);
        if !Segment::below(mark, y).ids().into_iter().filter(other).eq(self.outside.iter().copied()) {
            let text = "the function used other tracked tensors when it ran again than at first";
            return Err(Error::new(ErrorKind::Tape, format!("{}: {text}", self.op)));
        }
        let n = self.inputs.len();
        let of_inputs = arguments.iter().enumerate().map(|(i, x)| x.node_id().filter(|_| at.wants(i)));
        let of_outside = self.outside.iter().enumerate().map(|(k, id)| Some(*id).filter(|_| at.wants(n + k)));
        let targets: Vec<Option<NodeId>> = of_inputs.chain(of_outside).collect();
        let found = match y.is_tracked() {
            true => gradients_above(mark, &[(y, Some(seed))], &targets, recorded, recorded)?,
            false => vec![None; targets.len()],
        };
        for (i, gradient) in found.into_iter().enumerate() {
            match gradient {
                Some(gradient) => at.give(i, || Ok(gradient))?,
                None => at.give_nothing(i),
            }
        }
        Ok(())
    }

    pub(super) fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.inputs.iter().for_each(see);
    }
}

/// Leaves in the place of tracked inputs: what a function then uses of the tape below is what it captures.
pub(super) fn cut(inputs: &[&Tensor]) -> Vec<Tensor> {
    let cut = |x: &&Tensor| if x.is_tracked() { x.untied().requires_grad() } else { (*x).clone() };
    inputs.iter().map(cut).collect()
}
