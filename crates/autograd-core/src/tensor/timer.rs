//! The clock at the door: what a kernel takes, and what it does in that time.

use super::Tensor;
use super::watch::{is_watched, set_watched};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What is counted of a kernel.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// An operation for each element of the largest of the operands and the result, all of which are read and written.
    Each,
    /// An operation for each element of the result, which needs one element of each operand.
    Picked,
    /// No operation: numbers are made or moved. An element of the result needs one of each operand at most.
    Moved,
    /// So many operations.
    Of(u64),
}

impl Count {
    /// Products of matrices whose results have this shape, each of them a sum of `k` products.
    #[inline]
    pub(crate) fn product(shape: &[usize], k: usize) -> Count {
        let results = shape.iter().fold(2, |n: u64, size| n.saturating_mul(*size as u64));
        Count::Of(results.saturating_mul(k as u64))
    }

    /// Half of the operations of products: each is a multiplication and an addition.
    fn products(self) -> u64 {
        if let Count::Of(flops) = self { flops / 2 } else { 0 }
    }
}

/// What a kernel has done.
pub(crate) struct Cost<'a> {
    pub(crate) op: &'static str,
    /// The shape of the result, or of what was looked at.
    pub(crate) shape: &'a [usize],
    pub(crate) bytes: u64,
    pub(crate) flops: u64,
    /// The multiplications with an addition among them, of products of matrices.
    pub(crate) products: u64,
    /// Of a replay: whether the kernel was recorded in a walk.
    pub(crate) walked: Option<bool>,
}

/// The elements of a tensor that lie apart in memory: what is repeated counts once.
fn elements(x: &Tensor) -> usize {
    if x.numel() == 0 {
        return 0;
    }
    let apart = x.shape().iter().zip(x.strides()).filter(|(_, stride)| **stride != 0);
    apart.map(|(size, _)| size).product()
}

fn bytes(x: &Tensor, elements: usize) -> u64 {
    (elements as u64).saturating_mul(x.dtype().size() as u64)
}

impl<'a> Cost<'a> {
    /// That of a kernel which computes a fresh result.
    pub(crate) fn computed(op: &'static str, count: Count, operands: &[&Tensor], result: &'a Tensor) -> Cost<'a> {
        let own = result.numel();
        let most = if matches!(count, Count::Picked | Count::Moved) { own } else { usize::MAX };
        let read = operands.iter().map(|x| bytes(x, elements(x).min(most))).sum::<u64>();
        let flops = match count {
            Count::Each => operands.iter().map(|x| elements(x)).fold(own, usize::max) as u64,
            Count::Picked => own as u64,
            Count::Moved => 0,
            Count::Of(flops) => flops,
        };
        let bytes = read.saturating_add(bytes(result, own));
        Cost { op, shape: result.shape(), bytes, flops, products: count.products(), walked: None }
    }

    /// That of a kernel which changes elements of a tensor, as many as its largest operand has, or all if it has none.
    /// An element that is moved there is written, any other is read as well.
    pub(super) fn changed(op: &'static str, count: Count, operands: &[&Tensor], result: &'a Tensor) -> Cost<'a> {
        let all = result.numel();
        let touched = operands.iter().map(|x| elements(x)).max().map_or(all, |most| most.min(all));
        let (times, flops) = match count {
            Count::Moved => (1, 0),
            Count::Of(flops) => (2, flops),
            Count::Each | Count::Picked => (2, touched as u64),
        };
        let read = operands.iter().map(|x| bytes(x, elements(x))).sum::<u64>();
        let bytes = read.saturating_add(bytes(result, touched).saturating_mul(times));
        Cost { op, shape: result.shape(), bytes, flops, products: count.products(), walked: None }
    }

    /// That of a pass that reads operands, an operation for each element of the largest.
    pub(crate) fn read(op: &'static str, operands: &[&'a Tensor]) -> Cost<'a> {
        let bytes = operands.iter().map(|x| bytes(x, elements(x))).sum();
        let flops = operands.iter().map(|x| elements(x) as u64).max().unwrap_or(0);
        Cost { op, shape: operands.first().map_or(&[], |x| x.shape()), bytes, flops, products: 0, walked: None }
    }

    /// That of a look at operands, without arithmetic.
    pub(super) fn looked(op: &'static str, operands: &[&'a Tensor]) -> Cost<'a> {
        Cost { flops: 0, ..Cost::read(op, operands) }
    }
}

/// One that hears how long each kernel on its thread has taken.
pub(crate) trait Timer {
    /// A kernel has run, from `start` on.
    fn ran(&self, start: Instant, time: Duration, cost: &Cost<'_>);
}

thread_local! {
    static TIMER: RefCell<Option<Rc<dyn Timer>>> = const { RefCell::new(None) };
}

/// A thread that is timed until this is dropped.
pub(crate) struct Timed(Option<Rc<dyn Timer>>);

impl Timed {
    /// Times this thread.
    pub(crate) fn by(timer: Rc<dyn Timer>) -> Timed {
        let before = TIMER.replace(Some(timer));
        set_watched();
        Timed(before)
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        TIMER.replace(self.0.take());
        set_watched();
    }
}

/// Whether this thread is timed.
pub(super) fn is_timed() -> bool {
    TIMER.with_borrow(Option::is_some)
}

/// The timer of this thread.
pub(crate) fn timer() -> Option<Rc<dyn Timer>> {
    TIMER.with_borrow(Clone::clone)
}

/// The time at which a kernel starts, if this thread is timed.
#[cold]
pub(super) fn starts() -> Option<Instant> {
    is_timed().then(Instant::now)
}

/// Tells the timer of a kernel that started then and has just ended.
#[cold]
pub(super) fn ended<'a>(start: Option<Instant>, cost: impl FnOnce() -> Cost<'a>) {
    let Some(start) = start else { return };
    let time = start.elapsed();
    if let Some(timer) = timer() {
        timer.ran(start, time, &cost());
    }
}

/// Times what is no kernel of the door, such as an update of a parameter in place.
#[inline]
pub(crate) fn timed<'a, R>(cost: impl FnOnce() -> Cost<'a>, f: impl FnOnce() -> R) -> R {
    let start = if is_watched() { starts() } else { None };
    let outcome = f();
    if start.is_some() {
        ended(start, cost);
    }
    outcome
}
