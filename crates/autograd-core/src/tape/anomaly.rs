//! The hunt for the operation that first made a NaN or an infinity.

use super::pullback::Pullback;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use crate::tensor::watch::Watched;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of hunts under way, on all threads.
static HUNTS: AtomicUsize = AtomicUsize::new(0);
static NEXT: AtomicU64 = AtomicU64::new(1);
/// What each has found, by its number.
static FOUND: Mutex<Vec<(u64, Option<Error>)>> = Mutex::new(Vec::new());

thread_local! {
    /// The innermost hunt of this thread; 0 if there is none.
    static OWN: Cell<u64> = const { Cell::new(0) };
    static UNWATCHED: Cell<bool> = const { Cell::new(false) };
}

fn found() -> MutexGuard<'static, Vec<(u64, Option<Error>)>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `f` and reports the operation that first made a NaN or an infinity: its forward, its pull-back, or the sum of
/// the gradients that met at a value.
///
/// An operation that was given an infinity has not made the one it returns, so a mask of −∞ is no anomaly; a NaN that
/// it
/// makes of infinities is its own. A NaN that no operation made, because it was in the data, is reported as that.
/// A walk that `f` runs stops where one is found.
///
/// It searches every result, so it is slow; use it to find a bug, not in a training run. Work of other threads is
/// searched while `f` runs, whoever started it, but that of threads that run a hunt of their own.
///
/// # Errors
/// [`ErrorKind::NotFinite`] if one was found, even if `f` succeeded otherwise.
///
/// ```
/// use autograd_core::{Tensor, detect_anomaly};
/// let error = detect_anomaly(|| Ok(Tensor::from([1.0, -1.0]).log())).unwrap_err();
/// assert_eq!(error.to_string(), "forward of log made NaN (first at element 1 of shape [2])");
/// let error = detect_anomaly(|| Ok(Tensor::from([1.0, f64::NAN]).exp())).unwrap_err();
/// assert_eq!(error.to_string(), "forward of exp was given NaN in input 0 (first at element 1 of shape [2])");
/// ```
pub fn detect_anomaly<R>(f: impl FnOnce() -> Result<R>) -> Result<R> {
    let hunt = Hunt::start();
    let result = f();
    match hunt.found() {
        Some(anomaly) => Err(anomaly),
        None => result,
    }
}

struct Hunt {
    number: u64,
    outer: u64,
}

impl Hunt {
    fn start() -> Hunt {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        found().push((number, None));
        HUNTS.fetch_add(1, Ordering::Relaxed);
        Hunt { number, outer: OWN.replace(number) }
    }

    fn found(&self) -> Option<Error> {
        of(self.number)
    }
}

impl Drop for Hunt {
    fn drop(&mut self) {
        OWN.set(self.outer);
        HUNTS.fetch_sub(1, Ordering::Relaxed);
        found().retain(|(number, _)| *number != self.number);
    }
}

fn of(hunt: u64) -> Option<Error> {
    found().iter().find(|(number, _)| *number == hunt).and_then(|(_, found)| found.clone())
}

/// Notes an anomaly in the hunt of this thread, or, if it has none, in those of all others.
fn note(anomaly: &Error) {
    let own = OWN.get();
    let here = std::thread::current();
    let elsewhere = || anomaly.clone().context(format_args!("on thread {}", here.name().unwrap_or("without a name")));
    for (number, found) in found().iter_mut().filter(|(number, _)| own == 0 || *number == own) {
        if found.is_none() {
            *found = Some(if *number == own { anomaly.clone() } else { elsewhere() });
        }
    }
}

/// Runs `f` without hunting: what a formula computes on the side that it does not select is no one's result.
pub(crate) fn unwatched<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNWATCHED.set(self.0);
        }
    }
    let _restore = Restore(UNWATCHED.replace(true));
    f()
}

/// Whether this thread has a hunt of its own.
pub(crate) fn hunts_here() -> bool {
    OWN.get() != 0
}

/// Whether what this thread computes is to be searched.
#[inline]
pub(super) fn hunting() -> bool {
    HUNTS.load(Ordering::Relaxed) > 0 && !UNWATCHED.get()
}

/// What this thread's own hunt has found so far.
pub(super) fn noted() -> Option<Error> {
    match OWN.get() {
        0 => None,
        own => of(own),
    }
}

/// Searches the value of an operation, while hunting.
#[inline]
pub(super) fn inspect(op: &'static str, value: &Tensor, inputs: &[&Tensor]) {
    if hunting() {
        let sources = inputs.iter().enumerate().map(|(i, x)| (format!("input {i}"), (*x).clone()));
        search(format_args!("forward of {op}"), value, sources);
    }
}

/// Searches a gradient that a pull-back gave; to be called while hunting.
#[cold]
pub(super) fn inspect_pulled(op: &'static str, gradient: &Tensor, gy: &Tensor, pullback: &dyn Pullback) {
    let mut sources = vec![("the gradient of its result".to_string(), gy.clone())];
    pullback.saved(&mut |saved| sources.push(("what forward saved".into(), saved.value().clone())));
    search(format_args!("pull-back of {op}"), gradient, sources);
}

/// Searches a result for what its sources do not have, and notes the first.
#[cold]
pub(super) fn search(step: fmt::Arguments<'_>, result: &Tensor, sources: impl IntoIterator<Item = (String, Tensor)>) {
    // A search for another thread's hunt is none of what this thread does.
    let _alone = (!hunts_here()).then(|| Watched::by(None));
    let is_bad = |x: &Tensor, bad: fn(f64) -> bool| x.dtype().is_float().then(|| x.find(bad)).flatten();
    if is_bad(result, |x| !x.is_finite()).is_none() {
        return;
    }
    let (mut nan, mut infinite) = (None, None);
    for (name, x) in sources {
        if let (None, Some(at)) = (&nan, is_bad(&x, f64::is_nan)) {
            nan = Some((name.clone(), at, x.shape().to_vec()));
        }
        if infinite.is_none() && is_bad(&x, f64::is_infinite).is_some() {
            infinite = Some(name);
        }
    }
    let new_nan = is_bad(result, f64::is_nan).filter(|_| nan.is_none());
    let new_infinity = is_bad(result, f64::is_infinite).filter(|_| infinite.is_none());
    let place = |at: usize, shape: &[usize]| format!("(first at element {at} of shape {shape:?})");
    let text = match (new_nan, new_infinity, nan) {
        (Some(nan), inf, _) if inf.is_none_or(|inf| nan < inf) => {
            let of = infinite.map(|name| format!(" of the infinity in {name}")).unwrap_or_default();
            format!("{step} made NaN{of} {}", place(nan, result.shape()))
        }
        (_, Some(at), _) => format!("{step} made an infinity {}", place(at, result.shape())),
        (_, None, Some((name, at, shape))) => format!("{step} was given NaN in {name} {}", place(at, &shape)),
        (_, None, None) => return,
    };
    note(&Error::new(ErrorKind::NotFinite, text));
}
