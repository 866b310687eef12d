//! The backward walk.
//!
//! ```text
//! waiting = { root: seed }
//! while some node waits:
//!     take the one with the highest number, and its gradient gy: it is complete, for whatever used the value
//!         has a higher number
//!     pull gy back to the inputs, sum each gradient down to the input's shape, and add it to what already
//!         waits there; then free what the operation saved
//! what has arrived at the leaves is the result
//! ```

use super::failed::Unfinished;
use super::gradients::Gradients;
use super::hooks::Hooks;
use super::node::{Node, NodeId, NodeRef, id_of, link};
use super::part::Part;
use super::pullback::{Inputs, Origin, Pull, Pullback, Step};
use super::waiting::{Leaves, Parts, Queue, Sum, add};
use super::{anomaly, is_recording, mode};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::slot::Last;
use crate::tensor::{Link, Tensor};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// Gradients with respect to all leaves, and to the nodes of `also`, which is sorted.
pub(super) fn walk(roots: &[(&Tensor, Option<&Tensor>)], also: &[NodeId], keep: bool) -> Result<Gradients> {
    mode::check_nesting()?;
    mode::walking(false, || {
        let nodes = nodes_of(roots)?;
        let mut walk = Walk::new(keep, Hooks::from(NodeId(0)));
        walk.start(&nodes, roots)?;
        let mut way = Unfinished::new(&nodes);
        let found = collect(&mut walk, also, &mut way.at);
        way.end(found.as_ref().err());
        found.map(Gradients::new)
    })
}

/// Runs a walk to its end; `at` is always the node it has come to.
fn collect(walk: &mut Walk<'_>, also: &[NodeId], at: &mut Option<NodeId>) -> Result<Vec<(NodeId, Tensor)>> {
    let mut between = Vec::new();
    while let Some((node, sum)) = walk.waiting.pop() {
        *at = Some(node.id);
        let gy = walk.hooks.run(node, walk.parts.finish(node.id, sum)?)?;
        if also.binary_search(&node.id).is_ok() {
            between.push((node.id, gy.clone()));
        }
        walk.pull(node, &gy, |_| true)?;
    }
    *at = at.map(|_| NodeId(0));
    let mut found = walk.at_leaves()?;
    found.extend(between);
    Ok(found)
}

/// Gradients of `Σ roots · seeds` with respect to `targets`, each of which may be any tracked tensor; the walk itself
/// is recorded if `recorded`, and the graph is kept. `None` for a target through which nothing flows.
pub(crate) fn gradients_of(
    roots: &[(&Tensor, Option<&Tensor>)],
    targets: &[&Tensor],
    recorded: bool,
) -> Result<Vec<Option<Tensor>>> {
    let targets: Vec<Option<NodeId>> = targets.iter().map(|x| id_of(x)).collect();
    gradients_above(NodeId(0), roots, &targets, recorded, true)
}

/// The same, of nodes by number. Nothing is pulled back through nodes below `mark`: those were there before, and
/// another walk passes them. Above it what was saved is freed on the way, unless `keep`.
pub(crate) fn gradients_above(
    mark: NodeId,
    roots: &[(&Tensor, Option<&Tensor>)],
    targets: &[Option<NodeId>],
    recorded: bool,
    keep: bool,
) -> Result<Vec<Option<Tensor>>> {
    gradients_with(Hooks::from(mark), mark, roots, targets, recorded, keep)
}

/// The error of a walk from a root with this seed to the targets, which calls no hooks and keeps the graph, if an
/// operation on the way [may refuse](super::Pullback::may_refuse) a gradient.
pub(crate) fn refusal_of(root: (&Tensor, &Tensor), targets: &[&Tensor]) -> Result<()> {
    let roots = [(root.0, Some(root.1))];
    let targets: Vec<Option<NodeId>> = targets.iter().map(|x| id_of(x)).collect();
    let wanted: BTreeSet<NodeId> = targets.iter().flatten().copied().collect();
    let nodes = nodes_of(&roots)?;
    match above(&wanted, &nodes, NodeId(0)).values().any(|node| node.may_refuse()) {
        true => gradients_with(Hooks::none(), NodeId(0), &roots, &targets, false, true).map(drop),
        false => Ok(()),
    }
}

fn gradients_with(
    hooks: Hooks,
    mark: NodeId,
    roots: &[(&Tensor, Option<&Tensor>)],
    targets: &[Option<NodeId>],
    recorded: bool,
    keep: bool,
) -> Result<Vec<Option<Tensor>>> {
    if !recorded {
        mode::check_nesting()?;
    }
    mode::walking(recorded, || {
        let nodes = nodes_of(roots)?;
        let mut walk = Walk::new(keep, hooks);
        walk.start(&nodes, roots)?;
        let wanted: BTreeSet<NodeId> = targets.iter().flatten().copied().collect();
        let useful = leading_to(&wanted, &nodes, mark);
        let mut found = BTreeMap::new();
        while let Some((node, sum)) = walk.waiting.pop() {
            let gy = walk.hooks.run(node, walk.parts.finish(node.id, sum)?)?;
            if wanted.contains(&node.id) {
                found.insert(node.id, gy.clone());
            }
            if node.id >= mark && node.inputs.iter().flatten().any(|input| useful.contains(&input.id)) {
                walk.pull(node, &gy, |id| useful.contains(&id))?;
            }
        }
        found.extend(walk.at_leaves()?);
        Ok(targets.iter().map(|id| found.get(id.as_ref()?).cloned()).collect())
    })
}

/// The nodes below the roots that are not below all targets, nor below one that is below `mark`.
fn above<'r>(targets: &BTreeSet<NodeId>, roots: &'r [NodeRef], mark: NodeId) -> BTreeMap<NodeId, &'r Node> {
    let mut all: BTreeMap<NodeId, &Node> = BTreeMap::new();
    let mut open: Vec<&Node> = roots.iter().map(|root| &***root).collect();
    let lowest = targets.first().copied();
    while let Some(node) = open.pop() {
        if lowest.is_some_and(|lowest| node.id >= lowest) && !all.contains_key(&node.id) {
            if node.id >= mark {
                open.extend(node.inputs.iter().flatten().map(|input| &***input));
            }
            all.insert(node.id, node);
        }
    }
    all
}

/// The nodes from which a target can be reached without passing one below `mark`, targets included. It looks at all of
/// them in ascending order, in which inputs come first.
fn leading_to(targets: &BTreeSet<NodeId>, roots: &[NodeRef], mark: NodeId) -> BTreeSet<NodeId> {
    let mut useful = BTreeSet::new();
    for (id, node) in above(targets, roots, mark) {
        let leads = || id >= mark && node.inputs.iter().flatten().any(|input| useful.contains(&input.id));
        if targets.contains(&id) || leads() {
            useful.insert(id);
        }
    }
    useful
}

/// The nodes of the roots, of which there is nearly always one.
fn nodes_of(roots: &[(&Tensor, Option<&Tensor>)]) -> Result<SmallVec<[NodeRef; 1]>> {
    let mut nodes = SmallVec::new();
    for (value, _) in roots {
        let not_tracked = || Error::not_tracked("backward", value.dtype(), value.shape());
        nodes.push(Node::of(value).ok_or_else(not_tracked)?);
    }
    Ok(nodes)
}

/// The gradient to start with: the seed if it fits, or one for a single number.
fn seed_of(value: &Tensor, seed: Option<&Tensor>) -> Result<Tensor> {
    let (dtype, shape) = (value.dtype(), value.shape());
    match seed {
        Some(seed) if seed.shape() != shape => {
            let expected = format!("{shape:?}, that of the value");
            Err(Error::shape("backward", "the seed", seed.shape(), expected))
        }
        Some(seed) if seed.dtype() != dtype => Err(Error::wrong_dtype("backward", seed.dtype(), dtype)),
        Some(seed) => Ok(seed.clone()),
        None if value.numel() != 1 => {
            let text =
                format!("the value has shape {shape:?}, so it needs a gradient of that shape: use backward_with");
            Err(Error::new(ErrorKind::Tape, format!("backward: {text}")))
        }
        None => Ok(value.ones_like()),
    }
}

/// A walk under way. It borrows the nodes: each is kept alive by those above it, up to the roots.
struct Walk<'a> {
    waiting: Queue<'a>,
    leaves: Leaves,
    parts: Parts,
    hooks: Hooks,
    keep: bool,
}

impl<'a> Walk<'a> {
    fn new(keep: bool, hooks: Hooks) -> Walk<'a> {
        let (waiting, leaves, parts) = (Queue::default(), Leaves::default(), Parts::default());
        Walk { waiting, leaves, parts, hooks, keep }
    }

    /// What has arrived at the leaves, ascending.
    fn at_leaves(&mut self) -> Result<Vec<(NodeId, Tensor)>> {
        let mut all = self.leaves.ascending(&mut self.parts)?;
        self.hooks.run_at_leaves(&mut all)?;
        Ok(all)
    }

    /// Places the gradients to start with.
    fn start(&mut self, nodes: &'a [NodeRef], roots: &[(&Tensor, Option<&Tensor>)]) -> Result<()> {
        for (node, (value, seed)) in nodes.iter().zip(roots) {
            add(self.at(node), untied(seed_of(value, *seed)?))?;
        }
        Ok(())
    }

    /// The place of a node's sum.
    fn at(&mut self, node: &'a NodeRef) -> &mut Sum {
        if node.is_leaf() { self.leaves.at(node) } else { self.waiting.at(node) }
    }

    /// Pulls `gy` back through one node, to the inputs that `leads` accepts.
    fn pull(&mut self, node: &'a NodeRef, gy: &Tensor, leads: impl Fn(NodeId) -> bool) -> Result<()> {
        let mut wanted = Inputs::default();
        for (i, input) in node.inputs.iter().enumerate() {
            if input.as_ref().is_some_and(|input| leads(input.id)) {
                wanted.insert(i);
            }
        }
        let freed = || {
            let text = "were freed by an earlier backward; the first one must be backward_keep";
            Error::new(ErrorKind::Tape, format!("backward: the saved values of {} {text}", node.op))
        };
        if self.keep {
            return self.run(node.pullback().ok_or_else(freed)?.get(), node, gy, wanted);
        }
        // It is dropped at the end, with all that it saved.
        let taken = node.take_pullback().ok_or_else(freed)?;
        let outcome = self.run(taken.get(), node, gy, wanted);
        if outcome.is_err()
            && let Last::Owned(pullback) = taken
        {
            node.put_pullback(pullback);
        }
        outcome
    }

    fn run(&mut self, pullback: &dyn Pullback, node: &'a NodeRef, gy: &Tensor, wanted: Inputs) -> Result<()> {
        let blameless = anomaly::hunting() && anomaly::noted().is_none();
        let recorded = is_recording();
        let mut step = StepAt { walk: self, node, gy, pullback, recorded };
        let mut at = Pull::new(gy, wanted, recorded, &mut step);
        match recorded {
            true => mode::recorded_pull(|| pullback.pull(&mut at))?,
            false => pullback.pull_fused(&mut at)?,
        }
        match at.forgotten() {
            None if blameless => anomaly::noted().map_or(Ok(()), Err),
            None => Ok(()),
            Some(input) => {
                let text = format!("its pull-back gave no gradient for input {input}");
                let text = format!("{}: {text}; where none flows, it says so by give_nothing", node.op);
                Err(Error::new(ErrorKind::Gradient, text))
            }
        }
    }
}

/// The gradient without its link: the history of a seed, or of a gradient from a user's pull-back, is no part of a
/// gradient that is not recorded.
fn untied(gradient: Tensor) -> Tensor {
    if is_recording() { gradient } else { gradient.with_link(None) }
}

/// The step at one node: gradients that its pull-back gives go to its inputs.
struct StepAt<'w, 'a> {
    walk: &'w mut Walk<'a>,
    node: &'a NodeRef,
    gy: &'w Tensor,
    pullback: &'w dyn Pullback,
    /// Whether the walk is.
    recorded: bool,
}

impl<'a> StepAt<'_, 'a> {
    /// Does what the walk does with a gradient, where a pull-back gives it with recording switched otherwise.
    #[cold]
    fn as_the_walk<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        mode::recording(self.recorded, || f(self))
    }

    /// The node of an input; `None` if it is not tracked.
    fn node_of(&self, input: usize) -> Result<Option<&'a NodeRef>> {
        let Some(node) = self.node.inputs.get(input) else {
            let n = self.node.inputs.len();
            let text = format!("{}: its pull-back gave a gradient for input {input} of {n}", self.node.op);
            return Err(Error::new(ErrorKind::Gradient, text));
        };
        Ok(node.as_ref())
    }
}

impl Step for StepAt<'_, '_> {
    fn op(&self) -> &'static str {
        self.node.op
    }

    fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    fn link(&self, origin: Origin) -> Option<Link> {
        match origin {
            Origin::Input(index) => self.node.inputs.get(index).cloned().flatten().map(link),
            Origin::Output => Some(link(self.node.clone())),
            Origin::Constant => None,
        }
    }

    fn add(&mut self, input: usize, gradient: Tensor) -> Result<()> {
        if is_recording() != self.recorded {
            return self.as_the_walk(|step| step.add(input, gradient));
        }
        let Some(node) = self.node_of(input)? else { return Ok(()) };
        if anomaly::hunting() {
            return self.add_watched(input, node, gradient);
        }
        let gradient = fit(self.node.op, input, gradient, node)?;
        add(self.walk.at(node), untied(gradient))
    }

    fn add_part(&mut self, input: usize, part: &dyn Part, gradient: &Tensor) -> Result<()> {
        if is_recording() != self.recorded {
            return self.as_the_walk(|step| step.add_part(input, part, gradient));
        }
        let Some(node) = self.node_of(input)? else { return Ok(()) };
        let mut before = None;
        if anomaly::hunting() {
            anomaly::inspect_pulled(self.node.op, gradient, self.gy, self.pullback);
            before = Some(copy(self.walk.at(node))?);
        }
        let Walk { waiting, leaves, parts, .. } = &mut *self.walk;
        let sum = if node.is_leaf() { leaves.at(node) } else { waiting.at(node) };
        parts.add(sum, node, part, gradient)?;
        if let (Some(before), Some(sum)) = (before, sum) {
            search_sum(node, sum, [before, Some(gradient.clone())]);
        }
        Ok(())
    }
}

impl<'a> StepAt<'_, 'a> {
    /// [`Step::add`], while hunting: every sum is searched, beside what was summed.
    #[cold]
    fn add_watched(&mut self, input: usize, node: &'a NodeRef, gradient: Tensor) -> Result<()> {
        let op = self.node.op;
        anomaly::inspect_pulled(op, &gradient, self.gy, self.pullback);
        let fitted = anomaly::unwatched(|| fit(op, input, gradient.clone(), node))?;
        let step = format_args!("the sum of the gradient of {op} to the shape of its input {input}");
        anomaly::search(step, &fitted, [("the gradient".into(), gradient)]);
        let sum = self.walk.at(node);
        let before = copy(sum)?;
        anomaly::unwatched(|| add(sum, untied(fitted.clone())))?;
        sum.iter().for_each(|sum| search_sum(node, sum, [before.clone(), Some(fitted.clone())]));
        Ok(())
    }
}

/// A sum as it is now. In memory of its own: while another thread hunts, which kernels run here stays the same, and one
/// that adds in place copies first what it shares.
fn copy(sum: &Sum) -> Result<Sum> {
    sum.as_ref().map(Tensor::apart).transpose()
}

/// Searches the sum of the gradients that have arrived at a node.
fn search_sum(node: &Node, sum: &Tensor, of: [Sum; 2]) {
    let of = of.into_iter().flatten().map(|x| ("one of them".into(), x));
    anomaly::search(format_args!("the sum of the gradients for {} {:?}", node.op, &*node.shape), sum, of);
}

/// The gradient summed down to the input's shape, if the input was broadcast; an error if it cannot be its gradient.
fn fit(op: &'static str, i: usize, gradient: Tensor, input: &Node) -> Result<Tensor> {
    let misfit = |gradient: &Tensor| {
        let (dtype, shape) = (gradient.dtype(), gradient.shape());
        let text = format!("the gradient for input {i} is {dtype} {shape:?}, the input is");
        Error::new(ErrorKind::Gradient, format!("{op}: {text} {} {:?}", input.dtype, &*input.shape))
    };
    if gradient.dtype() != input.dtype {
        return Err(misfit(&gradient));
    }
    if *gradient.layout().dims() == input.shape {
        return Ok(gradient);
    }
    let sum_to = if is_recording() { crate::ops::sum_to } else { crate::ops::sum_to_fused };
    sum_to(&gradient, &input.shape).map_err(|_| misfit(&gradient))
}
