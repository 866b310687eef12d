//! An entry of the tape.

use super::pullback::Pullback;
use crate::kernels::shared::Shared;
use crate::tensor::{DType, Dims, Link, Tensor};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// An entry's place on the tape. It grows with every recorded operation, so inputs always have smaller numbers than what
/// was computed from them: walking the numbers downwards is walking backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u64);

static NEXT: AtomicU64 = AtomicU64::new(0);

/// One recorded value: what it was computed from and how its gradient is pulled back. A leaf (a tensor that requires
/// gradients) has no inputs and no pull-back.
///
/// A node is kept alive by the tensor it made and by the nodes computed from it, never by itself: a pull-back that needs
/// its own output saves the bare value ([`super::Saved`]).
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) op: &'static str,
    pub(crate) shape: Dims,
    pub(crate) dtype: DType,
    /// The inputs' nodes; `None` for inputs that are not tracked.
    pub(crate) inputs: Inputs,
    /// Taken by the walk that frees the graph.
    pullback: RwLock<Option<Box<dyn Pullback>>>,
}

/// Three in place: an affine map has input, weight and bias.
pub(crate) type Inputs = SmallVec<[Option<Shared<Node>>; 3]>;

pub(crate) const LEAF: &str = "leaf";

impl Node {
    pub(crate) fn leaf(value: &Tensor) -> Shared<Node> {
        Node::with(LEAF, value, Inputs::new(), None)
    }

    pub(crate) fn operation(value: &Tensor, inputs: Inputs, pullback: Box<dyn Pullback>) -> Shared<Node> {
        Node::with(pullback.name(), value, inputs, Some(pullback))
    }

    fn with(op: &'static str, value: &Tensor, inputs: Inputs, pullback: Option<Box<dyn Pullback>>) -> Shared<Node> {
        Shared::new(Node {
            id: NodeId(NEXT.fetch_add(1, Ordering::Relaxed)),
            op,
            shape: value.layout().dims().clone(),
            dtype: value.dtype(),
            inputs,
            pullback: RwLock::new(pullback),
        })
    }

    /// The node a tensor hangs on, if it is tracked.
    #[inline]
    pub(crate) fn of(tensor: &Tensor) -> Option<Shared<Node>> {
        tensor.link().and_then(|link| link.clone().downcast())
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The pull-back, if it has not been taken. Several walks may use it at once.
    pub(crate) fn pullback(&self) -> RwLockReadGuard<'_, Option<Box<dyn Pullback>>> {
        self.pullback.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the pull-back, and with it all that it saved.
    pub(crate) fn take_pullback(&self) -> Option<Box<dyn Pullback>> {
        self.pullback.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Which node a tensor hangs on.
pub(crate) fn id_of(tensor: &Tensor) -> Option<NodeId> {
    (**tensor.link()?).downcast_ref::<Node>().map(|node| node.id)
}

/// The operation that made a tensor.
pub(crate) fn operation_of(tensor: &Tensor) -> Option<&'static str> {
    (**tensor.link()?).downcast_ref::<Node>().map(|node| node.op)
}

pub(crate) fn link(node: Shared<Node>) -> Link {
    node.erase()
}

thread_local! {
    /// What dropped nodes held, while an outer drop is under way; `None` otherwise. Without a destructor of its own, so that
    /// it is still there when a thread that ends drops its last tensors; [`Close`] leaves nothing in it.
    static REMAINS: ManuallyDrop<RefCell<Option<Vec<Remains>>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

type Remains = (Inputs, Option<Box<dyn Pullback>>);

/// Ends the outermost drop. If something that a pull-back captured panicked in its own drop, what is left is dropped now.
struct Close;

impl Drop for Close {
    fn drop(&mut self) {
        drop(REMAINS.with(|remains| remains.take()));
    }
}

/// Dropping the last value of a chain drops the chain: node by node in a loop, however long it is, for the compiler's own
/// recursive drop would overflow the stack.
impl Drop for Node {
    fn drop(&mut self) {
        let pullback = self.pullback.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let inputs = std::mem::take(&mut self.inputs);
        if pullback.is_none() && inputs.is_empty() {
            return;
        }
        let mut mine = Some((inputs, pullback));
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
}
