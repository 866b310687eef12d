//! A node of the tape.

use super::pullback::Held;
use crate::shape::FixedDims;
use crate::storage::opaque::Typed;
use crate::storage::shared::Shared;
use crate::storage::slot::{Last, Slot};
use crate::tensor::{DType, Link, Tensor};
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

/// A node's place on the tape. On one thread it grows with every recorded operation, and on any thread a node has a
/// larger number than its inputs: walking the numbers downwards is walking backwards.
///
/// # Examples
/// ```
/// use autograd_core::{NodeId, Tensor};
/// let x = Tensor::from(2.0).requires_grad();
/// let ids: [Option<NodeId>; 2] = [x.node_id(), x.exp().node_id()];
/// assert!(ids[0].is_some() && ids[0] < ids[1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u64);

/// Numbers that no thread has taken yet.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The size of the block of numbers that a thread takes at once: a locked operation for each node would slow small
/// steps down.
const BLOCK: u64 = 1 << 12;

thread_local! {
    /// This thread's next number, and where its numbers end.
    static OWN: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// A number above those of all inputs. Numbers of another thread may be above this thread's; then this thread goes on
/// with new ones, which are above all that any thread has taken.
fn number_above(inputs: &Inputs) -> NodeId {
    let (mut next, mut end) = OWN.get();
    if next == end || inputs.iter().flatten().any(|input| input.id.0 >= next) {
        next = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
        end = next + BLOCK;
    }
    OWN.set((next + 1, end));
    NodeId(next)
}

/// The number that the next node of this thread has, if it is above those of its inputs.
pub(crate) fn next_number() -> u64 {
    OWN.get().0
}

/// A number above those of all nodes there are; nodes that this thread records from now on have higher ones.
pub(crate) fn mark() -> NodeId {
    let start = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
    OWN.set((start + 1, start + BLOCK));
    NodeId(start)
}

/// One recorded value: what it was computed from and how its gradient is pulled back. A leaf (a tensor that requires
/// gradients) has no inputs and no pull-back.
///
/// A node is kept alive by the tensor it made and by the nodes computed from it, never by itself: a pull-back that
/// needs its own output saves the bare value ([`super::Saved`]).
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) op: &'static str,
    pub(crate) shape: FixedDims,
    pub(crate) dtype: DType,
    /// The inputs' nodes; `None` for inputs that are not tracked.
    pub(crate) inputs: Inputs,
    /// The walk that frees the graph takes it.
    pullback: Slot<Held>,
}

/// A node as the tape holds it.
pub(crate) type NodeRef = Shared<Typed<Node>>;

/// Three are kept in place: an affine map has input, weight and bias.
pub(crate) type Inputs = SmallVec<[Option<NodeRef>; 3]>;

pub(crate) const LEAF: &str = "leaf";

impl Node {
    pub(crate) fn leaf(value: &Tensor) -> NodeRef {
        Node::with(LEAF, value, Inputs::new(), None)
    }

    pub(crate) fn operation(op: &'static str, value: &Tensor, inputs: Inputs, pullback: Held) -> NodeRef {
        Node::with(op, value, inputs, Some(pullback))
    }

    fn with(op: &'static str, value: &Tensor, inputs: Inputs, pullback: Option<Held>) -> NodeRef {
        let id = number_above(&inputs);
        let (shape, dtype) = (value.layout().dims(), value.dtype());
        Typed::share(|| Node { id, op, shape: shape.clone(), dtype, inputs, pullback: Slot::new(pullback) })
    }

    /// The node of a tensor, if it is tracked.
    #[inline]
    pub(crate) fn of(tensor: &Tensor) -> Option<NodeRef> {
        tensor.link()?.get().cloned()
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Whether its pull-back [refuses](super::Pullback::may_refuse) some gradients.
    pub(super) fn may_refuse(&self) -> bool {
        self.pullback().is_some_and(|pullback| pullback.get().may_refuse())
    }

    /// The pull-back, if it has not been taken. Several walks may use it at once.
    pub(crate) fn pullback(&self) -> Option<impl Deref<Target = Held>> {
        self.pullback.read()
    }

    /// Takes the pull-back, and with it all that it saved.
    #[inline]
    pub(crate) fn take_pullback(&self) -> Option<Last<'_, Held>> {
        self.pullback.take()
    }

    /// Puts a pull-back in the place of one that was taken; nothing happens if there is one.
    #[cold]
    pub(crate) fn put_pullback(&self, pullback: Held) {
        // What is there already can be pulled back, which is all that this is for.
        let _ = self.pullback.put(pullback);
    }
}

/// The place of the node of a tensor, if it is tracked.
pub(crate) fn id_of(tensor: &Tensor) -> Option<NodeId> {
    tensor.link()?.get::<Node>().map(|node| node.id)
}

/// The operation that made a tensor.
pub(crate) fn operation_of(tensor: &Tensor) -> Option<&'static str> {
    tensor.link()?.get::<Node>().map(|node| node.op)
}

/// Whether this is the link of a value of such a shape and dtype.
pub(crate) fn is_of_kind(link: &Link, value: &Tensor) -> bool {
    link.get::<Node>().is_some_and(|node| node.shape == *value.layout().dims() && node.dtype == value.dtype())
}

/// Whether a tensor is tracked as itself, like a parameter.
pub(crate) fn is_leaf(tensor: &Tensor) -> bool {
    tensor.link().and_then(|link| link.get::<Node>()).is_some_and(|node| node.is_leaf())
}

/// The operation that made a tracked tensor which is no leaf.
#[inline]
pub(crate) fn result_of(tensor: &Tensor) -> Option<&'static str> {
    tensor.link()?.get::<Node>().filter(|node| !node.is_leaf()).map(|node| node.op)
}

pub(crate) fn link(node: NodeRef) -> Link {
    node.into()
}

thread_local! {
    /// The inputs and pull-backs of dropped nodes, while an outer drop is under way; `None` otherwise. It has no
    /// destructor, so that it is still there when a thread that ends drops its last tensors; [`Close`] leaves nothing
    /// in it.
    static REMAINS: ManuallyDrop<RefCell<Option<Vec<Remains>>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

type Remains = (Inputs, Option<Held>);

/// Ends the outermost drop. If something that a pull-back captured panicked in its own drop, what is left is dropped
/// now.
struct Close;

impl Drop for Close {
    fn drop(&mut self) {
        drop(REMAINS.with(|remains| remains.take()));
    }
}

/// Dropping the last value of a chain drops the chain: node by node in a loop, however long it is, for the compiler's
/// own recursive drop would overflow the stack.
impl Drop for Node {
    fn drop(&mut self) {
        let pullback = self.pullback.take_mut();
        let mut inputs = std::mem::take(&mut self.inputs);
        if pullback.is_some() {
            return drop_later((inputs, pullback));
        }
        // A walk has freed it, as nearly every node when it is dropped. The inputs of its inputs join its own, so that
        // drops of freed nodes nest no further than this.
        while let Some(input) = inputs.pop() {
            if let Some(mut last) = input.and_then(Shared::last)
                && let Some(node) = last.get_mut()
                && node.pullback.is_taken()
            {
                while let Some(input) = node.inputs.pop() {
                    if input.is_some() {
                        inputs.push(input);
                    }
                }
            }
        }
    }
}

/// Drops what a node held that no walk has freed. A pull-back may hold anything, other nodes too: those that are
/// dropped meanwhile leave what they hold to the outermost drop.
fn drop_later(remains: Remains) {
    let mut mine = Some(remains);
    let nested = REMAINS.with(|remains| match remains.borrow_mut().as_mut() {
        Some(list) => {
            list.extend(mine.take());
            true
        }
        None => false,
    });
    if nested {
        return;
    }
    REMAINS.with(|remains| remains.replace(Some(Vec::new())));
    let _close = Close;
    drop(mine);
    while let Some(next) = REMAINS.with(|remains| remains.borrow_mut().as_mut().and_then(Vec::pop)) {
        drop(next);
    }
}
