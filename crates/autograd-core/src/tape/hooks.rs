//! Functions that a walk calls with the gradient of a tensor.
//!
//! A node knows nothing of them: they stand in a table by its number, as long as their handles live. A walk looks at
//! the number of all hooks once, and where there are none, which is nearly always, not at the table.

use super::node::{Node, NodeId, id_of};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use crate::tensor::watch::is_capturing;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

type Function = Arc<dyn Fn(&Tensor) -> Result<Option<Tensor>> + Send + Sync>;

#[derive(Clone)]
struct Registered {
    /// A number of its own, for a name may be used again.
    key: usize,
    name: Arc<str>,
    function: Function,
}

/// By node, in the order they were registered.
static TABLE: RwLock<BTreeMap<NodeId, Vec<Registered>>> = RwLock::new(BTreeMap::new());
/// How many there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static KEYS: AtomicUsize = AtomicUsize::new(0);

/// A hook that is registered; dropped, it is removed.
///
/// # Examples
/// ```
/// use autograd_core::{Hook, Tensor};
/// let x = Tensor::from([3.0, 4.0]).requires_grad();
/// let hook: Hook = x.register_hook("halve", |g| Ok(Some(g.mul_scalar(0.5))))?;
/// assert_eq!((hook.name(), x.hooks()), ("halve", vec!["halve".to_string()]));
/// let slope = || Ok::<_, autograd_core::Error>(x.square().sum().backward()?.get(&x).expect("a leaf").to_f64s());
/// assert_eq!(slope()?, [3.0, 4.0]);
/// hook.remove();
/// assert_eq!(slope()?, [6.0, 8.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[must_use = "a hook that is dropped is removed"]
pub struct Hook {
    of: NodeId,
    key: usize,
    name: Arc<str>,
}

impl Hook {
    /// The name it was registered under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes it, as dropping it does.
    pub fn remove(self) {}
}

impl Drop for Hook {
    fn drop(&mut self) {
        // It may be the last owner of something that has hooks itself: it is dropped when the table is free again.
        let _removed = {
            let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
            let Some(list) = table.get_mut(&self.of) else { return };
            let Some(at) = list.iter().position(|other| other.key == self.key) else { return };
            let removed = list.remove(at);
            if list.is_empty() {
                table.remove(&self.of);
            }
            COUNT.fetch_sub(1, Ordering::Relaxed);
            removed
        };
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("name", &self.name).field("of", &self.of).finish()
    }
}

fn list(id: NodeId) -> Vec<Registered> {
    TABLE.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().unwrap_or_default()
}

impl Tensor {
    /// Calls `hook` in every walk with the whole gradient of this tensor, as soon as nothing more is added to it. What
    /// it returns takes the place of the gradient; with `None` the gradient stays. It works on leaves, parameters and
    /// values in between, as long as the handle lives; several are called in the order they were registered, each with
    /// what the one before has left.
    ///
    /// In a walk that is recorded the gradient is differentiable, and what the hook computes of it is recorded: the
    /// gradient of a gradient goes through it.
    ///
    /// A parameter keeps its hooks as long as its identity: also when its value is set, but not when it is frozen, or
    /// gets another shape or dtype. A clone has none.
    ///
    /// Replays of a [`Capture`](crate::Capture) call no function, so a capture refuses walks and models that have
    /// hooks.
    ///
    /// # Errors
    /// If the tensor is not tracked, or has a hook of this name. The walk returns the error of the hook, with its name;
    /// a gradient of another shape or dtype is one.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, grad};
    /// let x = Tensor::from(3.0).requires_grad();
    /// let y = x.square();
    /// let _clamp = y.register_hook("clamp", |g| g.clamp(-1.0, 1.0).map(Some))?;
    /// let _square = y.register_hook("cube", |g| Ok(Some(g.powf(3.0))))?;
    /// let [g] = grad(&y.mul_scalar(0.5), [&x])?;          // 0.5³ · 2x
    /// assert_eq!(g.item::<f32>()?, 0.75);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch in the name, which errors show, and in the handle: there a hook stays when its handle is dropped.
    pub fn register_hook(
        &self,
        name: impl Into<String>,
        hook: impl Fn(&Tensor) -> Result<Option<Tensor>> + Send + Sync + 'static,
    ) -> Result<Hook> {
        let of = id_of(self).ok_or_else(|| Error::not_tracked("register_hook", self.dtype(), self.shape()))?;
        let name: Arc<str> = name.into().into();
        let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
        let list = table.entry(of).or_default();
        if list.iter().any(|other| other.name == name) {
            let text = format!("register_hook: the tensor has a hook {name:?} already");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let key = KEYS.fetch_add(1, Ordering::Relaxed);
        list.push(Registered { key, name: Arc::clone(&name), function: Arc::new(hook) });
        COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(Hook { of, key, name })
    }

    /// The names of the hooks of this tensor, in the order they are called.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from(3.0).requires_grad();
    /// let _first = x.register_hook("first", |_| Ok(None))?;
    /// let _second = x.register_hook("second", |_| Ok(None))?;
    /// assert_eq!(x.hooks(), ["first", "second"]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn hooks(&self) -> Vec<String> {
        id_of(self).map(list).unwrap_or_default().iter().map(|hook| hook.name.to_string()).collect()
    }
}

/// The hooks of a walk.
pub(super) struct Hooks {
    any: bool,
    /// What is below waits for another walk.
    from: NodeId,
}

impl Hooks {
    /// Those that there are now, of nodes from this one on.
    pub(super) fn from(from: NodeId) -> Hooks {
        Hooks { any: COUNT.load(Ordering::Relaxed) > 0, from }
    }

    /// None.
    pub(super) fn none() -> Hooks {
        Hooks { any: false, from: NodeId(0) }
    }

    /// The gradient of a node, after its hooks.
    #[inline]
    pub(super) fn run(&self, node: &Node, gradient: Tensor) -> Result<Tensor> {
        if self.any && node.id >= self.from { called(node.id, node.op, gradient) } else { Ok(gradient) }
    }

    /// The same for the gradients of leaves.
    #[inline]
    pub(super) fn run_at_leaves(&self, all: &mut [(NodeId, Tensor)]) -> Result<()> {
        if self.any {
            for (id, gradient) in all.iter_mut().filter(|(id, _)| *id >= self.from) {
                *gradient = called(*id, super::node::LEAF, gradient.clone())?;
            }
        }
        Ok(())
    }
}

#[cold]
fn called(id: NodeId, op: &'static str, mut gradient: Tensor) -> Result<Tensor> {
    for Registered { name, function, .. } in list(id) {
        if is_capturing() {
            return Err(not_captured(&name));
        }
        let place = || format!("hook {name:?} of {op} {:?}", gradient.shape());
        let new = match super::is_recording() {
            true => super::mode::recorded_pull(|| function(&gradient)),
            false => function(&gradient),
        };
        let Some(new) = new.map_err(|error| error.context(place()))? else { continue };
        if !new.is_like(&gradient) {
            let text = format!("returned a gradient of {} {:?}, not {}", new.dtype(), new.shape(), gradient.dtype());
            return Err(Error::new(ErrorKind::Gradient, format!("{} {text}", place())));
        }
        gradient = if super::is_recording() { new } else { new.with_link(None) };
    }
    Ok(gradient)
}

fn not_captured(name: &str) -> Error {
    let text = format!("capture: the hook {name:?} is a function, which later runs would not call; remove it before");
    Error::new(ErrorKind::Capture, text)
}

/// Refuses tensors that have hooks.
pub(crate) fn refuse_hooked<'x>(tensors: impl IntoIterator<Item = &'x Tensor>) -> Result<()> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    let first = tensors.into_iter().filter_map(id_of).find_map(|id| list(id).into_iter().next());
    first.map_or(Ok(()), |hook| Err(not_captured(&hook.name)))
}
