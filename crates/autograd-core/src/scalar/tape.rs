//! The list of what depends on what.

use super::functions::Scalar;
use super::var::Var;
use crate::error::{Error, ErrorKind, Result};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;

/// An arena in which variables leave what they were computed from; it belongs to one thread.
///
/// # Examples
/// ```
/// use autograd_core::scalar::Tape;
/// let mut tape = Tape::with_capacity(1000);
/// for step in 0..3 {
///     let x = tape.var(f64::from(step));
///     assert_eq!((x * x + 1.0).gradient(&[x])?, [2.0 * f64::from(step)]);
///     assert_eq!(tape.len(), 3);
///     tape.clear();
/// }
/// assert!(tape.is_empty());
/// let [x, y] = tape.vars([2.0, 5.0]);
/// assert_eq!((x * y).gradient(&[x, y])?, [5.0, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub struct Tape<T = f64> {
    /// In ascending order of children.
    edges: RefCell<Vec<Edge<T>>>,
    /// How many variables there are.
    count: Cell<u32>,
    fault: Cell<Option<Fault>>,
    /// The memory of the last walk, for the next one.
    spare: Cell<Vec<Option<T>>>,
}

/// The derivative of one variable by another that it was computed from.
#[derive(Clone, Copy)]
pub(super) struct Edge<T> {
    pub(super) slope: T,
    pub(super) parent: u32,
    pub(super) child: u32,
}

/// Why a tape has no gradients to give.
#[derive(Clone, Copy)]
enum Fault {
    /// Two variables of different tapes met here.
    Mixed(&'static Location<'static>),
    /// There is no number or no memory for another variable.
    Full,
}

impl<T> Tape<T> {
    /// An empty tape.
    pub fn new() -> Tape<T> {
        Tape::with_capacity(0)
    }

    /// A tape with room for as many dependences, if there is memory for them: a sum or product of two variables has
    /// two, a function of one has one.
    pub fn with_capacity(dependences: usize) -> Tape<T> {
        let mut edges = Vec::new();
        // Where there is too little, it is told when a variable finds no room.
        let _ = edges.try_reserve_exact(dependences);
        Tape { edges: RefCell::new(edges), count: Cell::new(0), fault: Cell::new(None), spare: Cell::default() }
    }

    /// How many variables there are on the tape, results included.
    pub fn len(&self) -> usize {
        self.count.get() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count.get() == 0
    }

    /// Forgets all variables, and keeps the memory. While a variable is alive, the compiler refuses the call:
    ///
    /// ```compile_fail,E0502
    /// let mut tape = autograd_core::scalar::Tape::new();
    /// let x = tape.var(2.0);
    /// tape.clear();
    /// println!("{x}");
    /// ```
    pub fn clear(&mut self) {
        self.edges.get_mut().clear();
        self.count.set(0);
        self.fault.set(None);
    }

    /// Both tapes have no gradients to give from here on.
    #[cold]
    pub(super) fn mixed(&self, other: &Tape<T>, at: &'static Location<'static>) {
        for tape in [self, other] {
            tape.fault.set(tape.fault.get().or(Some(Fault::Mixed(at))));
        }
    }

    /// An error if there are no gradients to give.
    pub(super) fn check(&self) -> Result<()> {
        match self.fault.get() {
            None => Ok(()),
            Some(Fault::Mixed(at)) => {
                Err(Error::new(ErrorKind::Tape, format!("backward: variables of two tapes meet at {at}")))
            }
            Some(Fault::Full) => {
                let text = format!("backward: the tape is full, it has {} variables", self.len());
                Err(Error::new(ErrorKind::TooLarge, text))
            }
        }
    }

    /// The memory of the last walk.
    pub(super) fn spare(&self) -> &Cell<Vec<Option<T>>> {
        &self.spare
    }
}

impl<T: Scalar> Tape<T> {
    /// A new variable.
    pub fn var(&self, value: T) -> Var<'_, T> {
        Var::on(self, value, self.record([]))
    }

    /// Several new variables.
    pub fn vars<const N: usize>(&self, values: [T; N]) -> [Var<'_, T>; N] {
        values.map(|value| self.var(value))
    }

    /// Makes room for a variable; its number, and where it depends on others.
    #[inline(always)]
    pub(super) fn record<const K: usize>(&self, from: [Option<(u32, T)>; K]) -> u32 {
        let child = self.count.get();
        let mut edges = self.edges.borrow_mut();
        if child == u32::MAX || (edges.capacity() - edges.len() < K && edges.try_reserve(K).is_err()) {
            self.fault.set(self.fault.get().or(Some(Fault::Full)));
            return child;
        }
        let from = from.map(|from| from.map(|(parent, slope)| Edge { slope, parent, child }));
        if from.iter().any(Option::is_none) {
            edges.extend(from.into_iter().flatten());
        } else {
            // At once: each push would look for room and note the length, which takes twice the time of all else.
            edges.extend_from_slice(&from.map(|edge| edge.unwrap_or_else(|| unreachable!("there is one for each"))));
        }
        self.count.set(child + 1);
        child
    }

    /// All that was recorded up to a variable.
    pub(super) fn up_to<R>(&self, last: u32, walk: impl FnOnce(&[Edge<T>]) -> R) -> R {
        let edges = self.edges.borrow();
        walk(&edges[..edges.partition_point(|edge| edge.child <= last)])
    }

    /// For how many dependences and adjoints there is memory.
    #[cfg(test)]
    pub(super) fn room(&self) -> (usize, usize) {
        let spare = self.spare.take();
        let room = (self.edges.borrow().capacity(), spare.capacity());
        self.spare.set(spare);
        room
    }

    /// A tape that has given out all numbers but so many.
    #[cfg(test)]
    pub(super) fn nearly_full(left: u32) -> Tape<T> {
        let tape = Tape::new();
        tape.count.set(u32::MAX - left);
        tape
    }
}

impl<T> Default for Tape<T> {
    fn default() -> Tape<T> {
        Tape::new()
    }
}

impl<T> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("variables", &self.len()).finish_non_exhaustive()
    }
}
