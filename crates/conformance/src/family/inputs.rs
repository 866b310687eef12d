//! The tensors of a case, plain and as views, and the gradients of the leaves they come from.

use crate::case::{Array, Case, Precision, Tolerance};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::{Backward, Gradients, Tensor};
use std::collections::BTreeMap;

/// Tensors by name, leaves where a gradient is wanted.
pub(super) fn named(arrays: &BTreeMap<String, Array>, precision: Precision) -> Outcome<BTreeMap<String, Tensor>> {
    arrays.iter().map(|(name, array)| Ok((name.clone(), array.leaf(precision)?))).collect()
}

/// The tensors of a call, and the leaves they come from.
pub(super) struct Inputs {
    pub(super) tensors: BTreeMap<String, Tensor>,
    leaves: BTreeMap<String, Tensor>,
    views: bool,
}

impl Inputs {
    /// Every tensor as it is written.
    pub(super) fn plain(case: &Case, precision: Precision) -> Outcome<Inputs> {
        let tensors = named(&case.inputs, precision)?;
        Ok(Inputs { leaves: tensors.clone(), tensors, views: false })
    }

    /// Every tensor as the view of a leaf that its `via` describes; none if there is no such tensor.
    pub(super) fn views(case: &Case, precision: Precision) -> Outcome<Option<Inputs>> {
        if case.inputs.values().all(|array| array.via.is_none()) {
            return Ok(None);
        }
        let mut inputs = Inputs { tensors: BTreeMap::new(), leaves: BTreeMap::new(), views: true };
        for (name, array) in &case.inputs {
            let (base, ops) = array.via.as_ref().map_or((array, &[][..]), |via| (&via.base, &via.ops[..]));
            let base = base.tensor(precision)?;
            let leaf = if array.requires_grad { base.requires_grad() } else { base };
            let view = ops.iter().try_fold(leaf.clone(), |x, view| view.of(&x))?;
            inputs.tensors.insert(name.clone(), view);
            inputs.leaves.insert(name.clone(), leaf);
        }
        Ok(Some(inputs))
    }

    /// Marks a difference as one of views, if these are views.
    pub(super) fn told(&self, outcome: Outcome<()>) -> Outcome<()> {
        match outcome {
            Err(Stop::Differs(text)) if self.views => Err(Stop::Differs(format!("of views, {text}"))),
            other => other,
        }
    }

    /// Compares the gradients of the leaves: that of a view's leaf with `base_grads`, all others with `grads`.
    pub(super) fn check_gradients(
        &self,
        got: &Gradients,
        grads: &BTreeMap<String, Option<Array>>,
        base_grads: &BTreeMap<String, Option<Array>>,
        tolerance: Tolerance,
    ) -> Outcome<()> {
        for (name, want) in grads {
            let want = if self.views { base_grads.get(name).unwrap_or(want) } else { want };
            let leaf = self.leaves.get(name);
            let leaf = leaf.ok_or_else(|| Stop::Malformed(format!("a gradient for {name}, which is no input")))?;
            compare::gradient(format!("grad {name}"), got.get(leaf), want.as_ref(), tolerance)?;
        }
        Ok(())
    }
}

/// The backward walk from all outputs that gradients flow from. An output that is not tracked has none to give: its
/// gradient is zero.
pub(super) fn backward(case: &Case, outputs: &[Tensor], precision: Precision) -> Outcome<Gradients> {
    let tracked = outputs.iter().zip(&case.grad_outputs).filter(|(y, _)| y.is_tracked());
    let seeded = tracked.filter_map(|(y, seed)| Some((y, seed.as_ref()?)));
    let roots = seeded.map(|(y, seed)| Ok((y, seed.tensor(precision)?))).collect::<Outcome<Vec<_>>>()?;
    Ok(roots.iter().fold(Backward::new(), |walk, (y, seed)| walk.root(y, seed)).run()?)
}

/// Compares results one by one.
pub(super) fn check_values(got: &[Tensor], want: &[Array], tolerance: Tolerance) -> Outcome<()> {
    if got.len() != want.len() {
        return Err(Stop::Differs(format!("got {} outputs want {}", got.len(), want.len())));
    }
    let mut pairs = got.iter().zip(want).enumerate();
    pairs.try_for_each(|(i, (got, want))| compare::tensor(format!("output {i}"), got, want, tolerance))
}

/// The tolerance of a case that has values to compare.
pub(super) fn tolerance(case: &Case, precision: Precision) -> Outcome<Tolerance> {
    precision.tolerance(case).ok_or_else(|| Stop::Malformed("no tolerance".into()))
}
