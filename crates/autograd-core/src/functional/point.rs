//! The point at which a derivative is taken.

use crate::error::Result;
use crate::ops::check::Check;
use crate::tape::{NodeId, Segment, gradients_of, is_recording, mark, no_grad, record_same, record_start, recording};
use crate::tensor::Tensor;

/// Arguments in the place of the inputs of a function, and the beginning of what is recorded of it.
pub(super) struct Point {
    op: &'static str,
    pub(super) xs: Vec<Tensor>,
    mark: NodeId,
    /// Whether operations on tracked tensors are recorded around.
    pub(super) recording: bool,
}

/// Takes derivatives at `inputs`, which must be floats: others have none, and zeros would hide that.
pub(super) fn at<R>(op: &'static str, inputs: &[&Tensor], f: impl FnOnce(Point) -> Result<R>) -> Result<R> {
    let around = is_recording();
    recording(true, || {
        let mark = mark();
        let argument = |x: &&Tensor| {
            Check(op).float(x)?;
            // A node of its own: what the function has captured of the same input has another gradient.
            Ok(if around && x.is_tracked() { record_same(op, x) } else { record_start(op, &x.detach()) })
        };
        f(Point { op, xs: inputs.iter().map(argument).collect::<Result<_>>()?, mark, recording: around })
    })
}

impl Point {
    /// The value of `f` here, which must be of float type for the same reason.
    pub(super) fn value_of(&self, f: impl FnOnce(&[Tensor]) -> Result<Tensor>) -> Result<Tensor> {
        let y = f(&self.xs)?;
        Check(self.op).float(&y)?;
        Ok(y)
    }

    /// Whether derivatives of y are recorded, along these vectors: whether anything tracked takes part in them.
    pub(super) fn records(&self, y: &Tensor, vectors: &[&Tensor]) -> bool {
        self.recording && (vectors.iter().any(|v| v.is_tracked()) || !Segment::below(self.mark, y).is_empty())
    }

    /// The gradients of y, or of `Σ y · seed`, and zeros where nothing flows.
    pub(super) fn gradients(&self, y: &Tensor, seed: Option<&Tensor>, recorded: bool) -> Result<Vec<Tensor>> {
        let roots = if y.is_tracked() { vec![(y, seed)] } else { Vec::new() };
        let found = walk(&roots, &self.xs.iter().collect::<Vec<_>>(), recorded)?;
        Ok(super::or_zeros(found, &self.xs))
    }
}

/// The gradients of `Σ roots · seeds`. Where they are not recorded, nothing tracked takes part or nothing of it is
/// wanted: such a walk may be inside of one that is recorded.
pub(super) fn walk(
    roots: &[(&Tensor, Option<&Tensor>)],
    targets: &[&Tensor],
    recorded: bool,
) -> Result<Vec<Option<Tensor>>> {
    match recorded {
        true => gradients_of(roots, targets, true),
        false => no_grad(|| gradients_of(roots, targets, false)),
    }
}

/// A result, tracked only if it is to be.
pub(super) fn result(y: Tensor, recorded: bool) -> Tensor {
    if recorded { y } else { y.detach() }
}
