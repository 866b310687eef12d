//! One value of several parameters, which any of them may change while others read.
//!
//! A value is never changed where it lies, for a reader may hold a reference to it: the new one is appended to the old
//! one, and a reader goes to the end of the row. What lies before is let go when the tied parameter is visited for
//! changing, as in every step of an optimizer.

use crate::tape::next_number;
use crate::tensor::Tensor;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

/// What a parameter is at one time.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) value: Tensor,
    pub(super) trainable: bool,
}

impl State {
    /// The same value with an identity of its own.
    pub(super) fn fresh(&self) -> State {
        let value = self.value.detach();
        State { value: if self.trainable { value.requires_grad() } else { value }, trainable: self.trainable }
    }
}

/// A state, and the one that came after it.
struct Version {
    state: State,
    next: OnceLock<Arc<Version>>,
}

impl Version {
    fn of(state: State) -> Arc<Version> {
        Arc::new(Version { state, next: OnceLock::new() })
    }
}

/// A long row is dropped in a loop: the compiler's own drop would recurse.
impl Drop for Version {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut last) = next.and_then(Arc::into_inner) {
            next = last.next.take();
        }
    }
}

/// What all parameters of a tie share besides the value.
struct Group {
    number: u64,
    /// The next place.
    places: AtomicU64,
    /// The place of the one that is listed among the parameters of a model.
    listed: AtomicU64,
}

/// The place of none.
const NONE: u64 = u64::MAX;

/// The number of groups there have been.
static GROUPS: AtomicU64 = AtomicU64::new(0);

impl Group {
    fn new(places: u64) -> Arc<Group> {
        let number = GROUPS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Group { number, places: AtomicU64::new(places), listed: AtomicU64::new(NONE) })
    }

    /// Moves the right to be listed, if `from` has it.
    fn pass(&self, from: u64, to: u64) -> bool {
        self.listed.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// One of several parameters that are tied.
pub(super) struct Tie {
    /// A version this one has seen.
    seen: Arc<Version>,
    /// Which parameter of the group this one is.
    place: u64,
    group: Arc<Group>,
}

impl Tie {
    /// The tie of an original.
    pub(super) fn new(state: State) -> Tie {
        let tie = Tie { seen: Version::of(state), place: 0, group: Group::new(1) };
        tie.group.pass(NONE, 0);
        tie
    }

    /// One more parameter of the group.
    pub(super) fn another(&self) -> Tie {
        let place = self.group.places.fetch_add(1, Ordering::Relaxed);
        Tie { seen: Arc::clone(&self.seen), place, group: Arc::clone(&self.group) }
    }

    /// Whether it is listed where another of the group stands. If the one that was listed is gone, this one is from now
    /// on.
    pub(super) fn follows(&self) -> bool {
        let listed = self.group.listed.load(Ordering::Acquire);
        listed != self.place && !(listed == NONE && self.group.pass(NONE, self.place))
    }

    /// Whether both belong to one group.
    pub(super) fn is_with(&self, other: &Tie) -> bool {
        Arc::ptr_eq(&self.group, &other.group)
    }

    fn last(&self) -> &Arc<Version> {
        let mut last = &self.seen;
        while let Some(next) = last.next.get() {
            last = next;
        }
        last
    }

    /// The present state.
    pub(super) fn state(&self) -> &State {
        &self.last().state
    }

    /// Lets go of what lies before the present state.
    pub(super) fn catch_up(&mut self) {
        self.seen = Arc::clone(self.last());
    }

    /// Changes the state for all.
    pub(super) fn write(&mut self, state: State) {
        let mut new = Version::of(state);
        loop {
            self.catch_up();
            match self.seen.next.set(new) {
                Ok(()) => break,
                // Another thread was faster.
                Err(back) => new = back,
            }
        }
        self.catch_up();
    }
}

/// A tied parameter that is gone is not listed.
impl Drop for Tie {
    fn drop(&mut self) {
        self.group.pass(self.place, NONE);
    }
}

/// A row of clones of parameters that this thread makes one after another, as the clone of a model does.
#[derive(Default)]
struct Run {
    /// The number of the node that is next when a clone has been made: another number means that something else has
    /// happened since.
    next: u64,
    groups: Vec<Cloned>,
}

/// The clones of the parameters of one group.
struct Cloned {
    original: u64,
    /// What was cloned.
    of: Weak<Version>,
    clone: Arc<Group>,
    seen: Weak<Version>,
    done: Vec<u64>,
}

impl Cloned {
    /// What its clones have seen, if neither the original nor a clone has changed since.
    fn unchanged(&self, present: &Arc<Version>) -> Option<Arc<Version>> {
        let seen = self.seen.upgrade().filter(|seen| seen.next.get().is_none())?;
        std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(present)).then_some(seen)
    }
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
}

/// Makes a clone of a parameter by `make`, which gets the tie of the clone if the parameter is tied.
pub(super) fn in_a_run<R>(tie: Option<&Tie>, make: impl FnOnce(Option<Tie>) -> R) -> R {
    // Where thread-locals are gone already, clones are tied to nothing.
    let tied = RUN.try_with(|run| run.borrow_mut().tie(tie)).ok().flatten();
    let made = make(tied);
    let _ = RUN.try_with(|run| run.borrow_mut().next = next_number());
    made
}

/// Ends the row: what is cloned next is tied to nothing that was cloned before.
pub(super) fn end_run() {
    let _ = RUN.try_with(|run| run.borrow_mut().groups.clear());
}

impl Run {
    /// The tie of the clone of one that is tied by `tie`.
    fn tie(&mut self, tie: Option<&Tie>) -> Option<Tie> {
        if self.next != next_number() {
            self.groups.clear();
        }
        let tie = tie?;
        let (Tie { place, group, .. }, present) = (tie, tie.last());
        let known = self.groups.iter_mut().find(|known| known.original == group.number && !known.done.contains(place));
        let clone = match known.and_then(|known| Some((known.unchanged(present)?, known))) {
            Some((seen, known)) => {
                known.done.push(*place);
                Tie { seen, place: *place, group: Arc::clone(&known.clone) }
            }
            None => {
                let seen = Version::of(present.state.fresh());
                let clone = Tie { seen, place: *place, group: Group::new(group.places.load(Ordering::Relaxed)) };
                self.groups.retain(|known| known.original != group.number);
                self.groups.push(Cloned {
                    original: group.number,
                    of: Arc::downgrade(present),
                    clone: Arc::clone(&clone.group),
                    seen: Arc::downgrade(&clone.seen),
                    done: vec![*place],
                });
                clone
            }
        };
        // The clone of the one that is listed is listed.
        if group.listed.load(Ordering::Acquire) == *place {
            clone.group.pass(NONE, *place);
        }
        Some(clone)
    }
}
