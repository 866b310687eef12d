//! The random numbers and the state of a function that runs twice, drawn and set once.
//!
//! While a thread takes notes, each seed that its operations and streams draw is written down; while it recalls, they
//! get those again, and no generator and no stream moves; what it sets, only it reads. What takes notes inside another
//! function that does either is served by that one.

use super::Tensor;
use crate::error::{Error, ErrorKind, Result};
use std::cell::{Cell, RefCell};
use std::sync::{Arc, RwLock};

/// How a thread draws at the moment.
enum Way {
    Notes(Vec<u64>),
    Recalls(Recalled),
}

struct Recalled {
    /// The seeds that are left, the last one first; `None` once there were too few.
    left: Option<Vec<u64>>,
    /// What the run has set, by its place: no other run sees it. Held, so that a place is taken by no other while it
    /// lasts.
    set: Vec<(Arc<Place>, Tensor)>,
}

/// A value that can be set.
pub(crate) type Place = RwLock<Tensor>;

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    /// The innermost last.
    static WAYS: RefCell<Vec<Way>> = const { RefCell::new(Vec::new()) };
    /// The first operation that drew numbers which cannot be noted.
    static MISSED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Takes the innermost way away again, also when the function panics.
struct Innermost;

impl Innermost {
    fn new(way: Way) -> Innermost {
        WAYS.with_borrow_mut(|ways| ways.push(way));
        ACTIVE.set(true);
        Innermost
    }

    fn end(self) -> Way {
        std::mem::forget(self);
        Innermost::take().unwrap_or_else(|| unreachable!("each takes away its own"))
    }

    fn take() -> Option<Way> {
        WAYS.with_borrow_mut(|ways| {
            let way = ways.pop();
            ACTIVE.set(!ways.is_empty());
            way
        })
    }
}

impl Drop for Innermost {
    fn drop(&mut self) {
        Innermost::take();
    }
}

/// Runs `f`, and returns with its value the seeds it has drawn.
///
/// # Errors
/// That of `f`; or if it draws numbers that are no seeds, which it could not be given again.
pub(crate) fn noting<R>(op: &'static str, f: impl FnOnce() -> Result<R>) -> Result<(R, Vec<u64>)> {
    /// Puts back what was missed around this, unless something is missed here; also after a panic.
    struct Around(Option<&'static str>);
    impl Drop for Around {
        fn drop(&mut self) {
            if MISSED.get().is_none() {
                MISSED.set(self.0);
            }
        }
    }
    let _around = Around(MISSED.replace(None));
    let way = Innermost::new(Way::Notes(Vec::new()));
    let value = f();
    let way = way.end();
    if let Some(drew) = MISSED.get() {
        let text = "draws from a generator, which would give others when the function runs again";
        let remedy = "draw before and pass the tensor as an input, or draw from a Stream";
        return Err(Error::new(ErrorKind::Argument, format!("{op}: {drew} {text}; {remedy}")));
    }
    match way {
        Way::Notes(seeds) => Ok((value?, seeds)),
        Way::Recalls(_) => unreachable!("it was made to take notes"),
    }
}

/// Runs `f` with the seeds that [`noting`] has returned.
///
/// # Errors
/// That of `f`; or if it draws more of them, or fewer.
pub(crate) fn recalling<R>(op: &'static str, seeds: &[u64], f: impl FnOnce() -> Result<R>) -> Result<R> {
    let left = Some(seeds.iter().rev().copied().collect());
    let way = Innermost::new(Way::Recalls(Recalled { left, set: Vec::new() }));
    let value = f();
    let way = way.end();
    let value = value?;
    match way {
        Way::Recalls(Recalled { left: Some(left), .. }) if left.is_empty() => Ok(value),
        Way::Recalls(Recalled { left, .. }) => {
            let than = if left.is_some() { "fewer" } else { "more" };
            let text =
                format!("{op}: the function drew {} random seeds first, and {than} when it ran again", seeds.len());
            Err(Error::new(ErrorKind::Argument, text))
        }
        Way::Notes(_) => unreachable!("it was made to recall"),
    }
}

/// Whether a function runs for another time on this thread.
#[cfg(test)]
fn is_recalling() -> bool {
    ACTIVE.get() && WAYS.with_borrow(|ways| ways.iter().any(|way| matches!(way, Way::Recalls(_))))
}

/// Sets a value for the rest of the run if a function runs for another time; whether it does.
pub(crate) fn sets_for_itself(place: &Arc<Place>, value: &Tensor) -> bool {
    ACTIVE.get()
        && WAYS.with_borrow_mut(|ways| {
            let recalled = ways.iter_mut().rev().find_map(|way| match way {
                Way::Recalls(recalled) => Some(recalled),
                Way::Notes(_) => None,
            });
            let Some(Recalled { set, .. }) = recalled else { return false };
            match set.iter_mut().find(|(other, _)| Arc::ptr_eq(other, place)) {
                Some((_, old)) => *old = value.detach(),
                None => set.push((Arc::clone(place), value.detach())),
            }
            true
        })
}

/// What a run that is made again has set.
pub(crate) fn set_by_itself(place: &Arc<Place>) -> Option<Tensor> {
    if !ACTIVE.get() {
        return None;
    }
    WAYS.with_borrow(|ways| {
        ways.iter().rev().find_map(|way| match way {
            Way::Recalls(Recalled { set, .. }) => {
                set.iter().find(|(other, _)| Arc::ptr_eq(other, place)).map(|(_, x)| x.clone())
            }
            Way::Notes(_) => None,
        })
    })
}

/// A random seed: by `draw`, unless it is recalled.
#[inline]
pub(crate) fn seed(draw: impl FnOnce() -> u64) -> u64 {
    if ACTIVE.get() { kept(draw) } else { draw() }
}

#[cold]
fn kept(draw: impl FnOnce() -> u64) -> u64 {
    let recalled = WAYS.with_borrow_mut(|ways| {
        ways.iter_mut().rev().find_map(|way| match way {
            Way::Recalls(Recalled { left, .. }) => Some(left.as_mut().and_then(Vec::pop).unwrap_or_else(|| {
                *left = None;
                0
            })),
            Way::Notes(_) => None,
        })
    });
    let seed = recalled.unwrap_or_else(draw);
    WAYS.with_borrow_mut(|ways| {
        // Those inside of the one that recalls, or all.
        for way in ways.iter_mut().rev() {
            match way {
                Way::Notes(seeds) => seeds.push(seed),
                Way::Recalls(_) => break,
            }
        }
    });
    seed
}

/// Numbers are about to be drawn that are no seed.
#[inline]
pub(super) fn misses(op: &'static str) {
    if ACTIVE.get() && MISSED.get().is_none() {
        MISSED.set(Some(op));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> (Cell<u64>, impl Fn(&Cell<u64>) -> u64) {
        (Cell::new(0), |at| {
            seed(|| {
                at.set(at.get() + 1);
                at.get()
            })
        })
    }

    #[test]
    fn what_was_noted_is_recalled_and_nothing_moves() {
        let (at, draw) = counter();
        let (first, seeds) = noting("f", || Ok([draw(&at), draw(&at)])).expect("seeds");
        assert_eq!((first, at.get(), is_recalling()), ([1, 2], 2, false));
        let again = recalling("f", &seeds, || {
            assert!(is_recalling());
            // Notes inside are served from what is recalled.
            let (inner, inner_seeds) = noting("g", || Ok(draw(&at))).expect("seeds");
            assert_eq!(inner_seeds, [1]);
            Ok([inner, draw(&at)])
        });
        assert_eq!((again.expect("as many"), at.get()), ([1, 2], 2));
        assert_eq!(draw(&at), 3);
    }

    #[test]
    fn notes_inside_notes_are_noted_by_both() {
        let (at, draw) = counter();
        let (inner, outer) = noting("f", || {
            draw(&at);
            noting("g", || Ok(draw(&at))).map(|(_, seeds)| seeds)
        })
        .expect("seeds");
        assert_eq!((inner, outer), (vec![2], vec![1, 2]));
    }

    #[test]
    fn another_number_of_draws_is_an_error_and_a_panic_leaves_nothing() {
        let (at, draw) = counter();
        let text = |seeds: &[u64]| recalling("f", seeds, || Ok(draw(&at))).expect_err("not one").to_string();
        assert_eq!(text(&[]), "f: the function drew 0 random seeds first, and more when it ran again");
        assert_eq!(text(&[7, 8]), "f: the function drew 2 random seeds first, and fewer when it ran again");
        let fails = || Err::<(), _>(Error::new(ErrorKind::User, "its own"));
        assert_eq!(recalling("f", &[7], fails).expect_err("it fails").to_string(), "its own");
        assert_eq!(noting("f", fails).expect_err("it fails").to_string(), "its own");
        let panic = std::panic::AssertUnwindSafe(|| noting::<()>("f", || panic!("on purpose")).map(|_| ()));
        assert!(std::panic::catch_unwind(panic).is_err() && !ACTIVE.get());
    }
}
