//! One value of several parameters, which any of them may change while others read.
//!
//! A value is never changed where it lies, for a reader may hold a reference to it. The group has the present value; a
//! place that is read takes it over, and keeps what it has read before until it is visited for changing, as in every
//! step of an optimizer. What no place has read is gone with the next change.

use crate::tape::{is_of_kind, next_number};
use crate::tensor::{Link, Tensor};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// What a parameter is at one time.
#[derive(Clone)]
pub(super) struct State {
    pub(super) value: Tensor,
    pub(super) trainable: bool,
    /// The link of the value, which it keeps while it is changed.
    identity: Option<Link>,
}

impl State {
    pub(super) fn new(value: Tensor, trainable: bool) -> State {
        State { identity: value.link().cloned(), value, trainable }
    }

    /// The same value with an identity of its own.
    pub(super) fn fresh(&self) -> State {
        let value = self.value.detach();
        State::new(if self.trainable { value.requires_grad() } else { value }, self.trainable)
    }

    /// Gives a value that was put here by hand, as the result of an operation or without a history, the identity back.
    #[inline]
    pub(super) fn settle(&mut self) {
        if !Link::are_one(self.value.link(), self.identity.as_ref()) {
            self.adopt();
        }
    }

    #[cold]
    fn adopt(&mut self) {
        // In row-major order, as of `Param::set`.
        let value = self.value.untied().packed().into_owned();
        // Gradients of another kind of value are not gradients of this one.
        let identity = self.identity.take().filter(|identity| is_of_kind(identity, &value));
        *self = match identity {
            Some(identity) => State::new(value.with_link(Some(identity)), self.trainable),
            // Only floats are trained.
            None if self.trainable && value.dtype().is_float() => State::new(value.requires_grad(), true),
            None => State::new(value, false),
        };
    }
}

/// A state that a place has read, and the one that it has read after it.
struct Seen {
    /// How often the state of the group had changed.
    number: u64,
    state: State,
    next: OnceLock<Box<Seen>>,
}

impl Seen {
    fn new((number, state): (u64, State)) -> Seen {
        Seen { number, state, next: OnceLock::new() }
    }
}

/// A long row is dropped in a loop: the compiler's own drop would recurse.
impl Drop for Seen {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut last) = next {
            next = last.next.take();
        }
    }
}

/// What all parameters of a tie share.
struct Group {
    number: u64,
    /// The next place.
    places: AtomicU64,
    /// The place of the one that is listed among the parameters of a model.
    listed: AtomicU64,
    /// How often the state has changed, and the state.
    present: Mutex<(u64, State)>,
    /// The number again, for those who have seen it.
    changes: AtomicU64,
}

/// The place of none.
const NONE: u64 = u64::MAX;

/// The number of groups there have been.
static GROUPS: AtomicU64 = AtomicU64::new(0);

impl Group {
    fn new(places: u64, state: State) -> Arc<Group> {
        Arc::new(Group {
            number: GROUPS.fetch_add(1, Ordering::Relaxed),
            places: AtomicU64::new(places),
            listed: AtomicU64::new(NONE),
            present: Mutex::new((0, state)),
            changes: AtomicU64::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, (u64, State)> {
        // A pair of values is replaced whole: a panic leaves it as it was.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present state.
    fn present(&self) -> (u64, State) {
        self.lock().clone()
    }

    /// Moves the right to be listed, if `from` has it.
    fn pass(&self, from: u64, to: u64) -> bool {
        self.listed.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// One of several parameters that are tied.
pub(super) struct Tie {
    /// What it has read.
    seen: Seen,
    /// Which parameter of the group this one is.
    place: u64,
    group: Arc<Group>,
}

impl Tie {
    /// The tie of an original.
    pub(super) fn new(state: State) -> Tie {
        let tie = Tie::at(0, Group::new(1, state));
        tie.group.pass(NONE, 0);
        tie
    }

    fn at(place: u64, group: Arc<Group>) -> Tie {
        Tie { seen: Seen::new(group.present()), place, group }
    }

    /// One more parameter of the group.
    pub(super) fn another(&self) -> Tie {
        let place = self.group.places.fetch_add(1, Ordering::Relaxed);
        Tie::at(place, Arc::clone(&self.group))
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

    /// The present state.
    pub(super) fn state(&self) -> &State {
        let mut last = &self.seen;
        loop {
            while let Some(next) = last.next.get() {
                last = next;
            }
            if last.number == self.group.changes.load(Ordering::Acquire) {
                return &last.state;
            }
            // Another thread that reads here may have been faster; then its state is the next.
            let _ = last.next.set(Box::new(Seen::new(self.group.present())));
        }
    }

    /// How many of the states that this place keeps have this memory.
    pub(super) fn kept(&self, root: usize) -> usize {
        let all = std::iter::successors(Some(&self.seen), |seen| seen.next.get().map(|next| &**next));
        all.filter(|seen| seen.state.value.root() == root).count()
    }

    /// Lets go of what has been read before the present state.
    pub(super) fn catch_up(&mut self) {
        self.seen = Seen::new(self.group.present());
    }

    /// Changes the state for all.
    pub(super) fn write(&mut self, state: State) {
        let mut present = self.group.lock();
        let number = present.0 + 1;
        let before = std::mem::replace(&mut *present, (number, state.clone()));
        self.group.changes.store(number, Ordering::Release);
        drop(present);
        drop(before);
        self.seen = Seen::new((number, state));
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
    /// How often the original had changed.
    changes: u64,
    clone: Weak<Group>,
    done: Vec<u64>,
}

impl Cloned {
    /// The group of its clones, if neither the original nor a clone has changed since.
    fn unchanged(&self, changes: u64) -> Option<Arc<Group>> {
        let clone = self.clone.upgrade().filter(|clone| clone.changes.load(Ordering::Acquire) == 0)?;
        (self.changes == changes).then_some(clone)
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
        let Tie { place, group, .. } = tie;
        let (changes, state) = group.present();
        let known = self.groups.iter_mut().find(|known| known.original == group.number && !known.done.contains(place));
        let clone = match known.and_then(|known| Some((known.unchanged(changes)?, known))) {
            Some((clone, known)) => {
                known.done.push(*place);
                clone
            }
            None => {
                let clone = Group::new(group.places.load(Ordering::Relaxed), state.fresh());
                self.groups.retain(|known| known.original != group.number);
                self.groups.push(Cloned {
                    original: group.number,
                    changes,
                    clone: Arc::downgrade(&clone),
                    done: vec![*place],
                });
                clone
            }
        };
        let clone = Tie::at(*place, clone);
        // The clone of the one that is listed is listed.
        if group.listed.load(Ordering::Acquire) == *place {
            clone.group.pass(NONE, *place);
        }
        Some(clone)
    }
}
