//! The watcher of a thread, which is shown everything that its tensors compute.

use super::Tensor;
use super::operand::Operand;
use super::recall;
use super::timer::{Cost, is_timed};
use crate::error::Result;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A kernel without its types, for any number of operands; it writes the bytes of the result.
pub(crate) type Kernel = Box<dyn Fn(&[Operand<'_>], &mut [u8]) + Send + Sync>;
/// A kernel that needs a random seed.
pub(crate) type Draw = Box<dyn Fn(u64, &[Operand<'_>], &mut [u8]) + Send + Sync>;
/// A look at operands that refuses some.
pub(crate) type Look = Box<dyn Fn(&[Operand<'_>]) -> Result<()> + Send + Sync>;

/// What went through the door, for the watcher.
pub(crate) enum Work {
    /// A kernel that writes all of its result.
    Fill(Kernel),
    /// The same with a seed.
    Random(Draw, u64),
    /// A kernel that changes what is there.
    Change(Kernel),
    /// A look that succeeded.
    Look(Look),
}

/// One that sees everything that goes through the door on its thread; by default it makes nothing of it.
pub(crate) trait Watcher {
    /// A kernel has run.
    fn ran(&self, cost: &Cost<'_>, operands: &[&Tensor], result: Option<&Tensor>, work: Work);
    /// A kernel is about to change a tensor.
    fn changes(&self, op: &'static str, tensor: &Tensor) {
        let _ = (op, tensor);
    }
    /// A tensor was made of numbers from outside.
    fn given(&self, tensor: &Tensor) {
        let _ = tensor;
    }
    /// The program is about to see numbers of a tensor.
    fn reads(&self, op: &'static str) {
        let _ = op;
    }
    /// An update of what outlasts the program is about to run: an optimizer's step.
    fn updates(&self, op: &'static str) {
        let _ = op;
    }
    /// Numbers are about to come from a generator.
    fn rolls(&self, op: &'static str) {
        let _ = op;
    }
    /// The buffer of a module at this place in memory is about to be replaced.
    fn sets(&self, buffer: usize) {
        let _ = buffer;
    }
    /// A seed has been drawn from the stream at this place in memory.
    fn draws(&self, stream: usize, seed: u64) {
        let _ = (stream, seed);
    }
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static WATCHER: RefCell<Option<Rc<dyn Watcher>>> = const { RefCell::new(None) };
}

/// A thread that is watched until this is dropped.
pub(crate) struct Watched(Option<Rc<dyn Watcher>>);

impl Watched {
    /// Watches this thread, or, with `None`, leaves it alone for a while.
    pub(crate) fn by(watcher: Option<Rc<dyn Watcher>>) -> Watched {
        let before = WATCHER.replace(watcher);
        set_watched();
        Watched(before)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        WATCHER.replace(self.0.take());
        set_watched();
    }
}

/// Whether this thread is watched or timed.
#[inline]
pub(super) fn is_watched() -> bool {
    WATCHED.get()
}

/// Sets the one switch that every kernel looks at.
pub(super) fn set_watched() {
    WATCHED.set(is_timed() || WATCHER.with_borrow(Option::is_some));
}

#[cold]
pub(super) fn show(see: impl FnOnce(&dyn Watcher)) {
    let watcher = WATCHER.with_borrow(Clone::clone);
    if let Some(watcher) = watcher {
        see(&*watcher);
    }
}

/// Tells the watcher that numbers are about to come from a generator.
#[inline]
pub(super) fn rolls(op: &'static str) {
    if WATCHED.get() {
        show(|watcher| watcher.rolls(op));
    }
}

/// A seed from a generator, of which the watcher is told before.
#[inline]
pub(crate) fn roll(op: &'static str, draw: impl FnOnce() -> u64) -> u64 {
    rolls(op);
    recall::seed(draw)
}

/// Tells the watcher that a buffer of a module is about to be replaced.
#[inline]
pub(crate) fn sets<B>(buffer: &B) {
    if WATCHED.get() {
        show(|watcher| watcher.sets(std::ptr::from_ref(buffer).addr()));
    }
}

/// Whether this thread is recording a [`Capture`](crate::Capture). A function may look at numbers to take a shorter way
/// to the same bits; while it is recorded, it takes the way that is right for all numbers.
///
/// # Examples
/// ```
/// use autograd_core::{Capture, Tensor, is_capturing, module::Buffer};
/// let positive = |x: &Tensor| !is_capturing() && x.to_f64s().iter().all(|x| *x >= 0.0);
/// let abs = |x: &Tensor| if positive(x) { x.clone() } else { x.abs() };
///
/// let none = Buffer::new(Tensor::from(0.0));
/// let mut step = Capture::new(|_: &Buffer, [x]| Ok(abs(x)));
/// let _ = step.run(&none, [&Tensor::from(2.0)])?;
/// assert_eq!(step.run(&none, [&Tensor::from(-3.0)])?.item::<f32>()?, 3.0);
/// assert_eq!(abs(&Tensor::from(-3.0)).item::<f32>()?, 3.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn is_capturing() -> bool {
    WATCHED.get() && WATCHER.with_borrow(Option::is_some)
}

/// Tells the watcher of a seed drawn from a stream.
#[inline]
pub(crate) fn draws<S>(stream: &S, seed: u64) {
    if WATCHED.get() {
        show(|watcher| watcher.draws(std::ptr::from_ref(stream).addr(), seed));
    }
}

/// Counts the times at which a watch begins, in twos: odd times are marks.
static TIME: AtomicU64 = AtomicU64::new(0);

/// The time of a watch that begins now: tensors made before it have an earlier one.
pub(crate) fn beginning() -> u64 {
    TIME.fetch_add(2, Ordering::Relaxed) + 2
}

/// A time that no other memory has.
pub(super) fn mark() -> u64 {
    TIME.fetch_add(2, Ordering::Relaxed) + 1
}

/// The present time.
#[inline]
pub(crate) fn now() -> u64 {
    TIME.load(Ordering::Relaxed)
}

/// Tells the watcher that the program is about to see numbers, which could decide what it does next.
#[inline]
pub(crate) fn reads(op: &'static str) {
    if WATCHED.get() {
        show(|watcher| watcher.reads(op));
    }
}

/// Tells the watcher that something which outlasts the program is about to be updated in place.
#[inline]
pub(crate) fn updates(op: &'static str) {
    if WATCHED.get() {
        show(|watcher| watcher.updates(op));
    }
}
