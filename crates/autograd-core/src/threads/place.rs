//! The place where one thread leaves a piece of work and another may find it.
//!
//! ```text
//! from   to     who     when
//! FREE   HELD   caller  it claims the place
//! HELD   OPEN   caller  it has written the piece, and now does other work
//! OPEN   TAKEN  helper  it has found the piece, and now does it
//! TAKEN  DONE   helper  it has done the piece
//! DONE   HELD   caller  it has done its other work, and has waited for DONE
//! OPEN   HELD   caller  it has done its other work before a helper came, and takes the piece back
//! HELD   FREE   caller  it leaves the place
//! ```

use super::sync::{AtomicU8, Ordering, constructor, pause};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// No caller uses the place.
const FREE: u8 = 0;
/// A caller has the place, and alone may write the piece.
const HELD: u8 = 1;
/// The piece is there: caller or helper takes it, whichever comes first.
const OPEN: u8 = 2;
/// A helper has the piece, and alone may touch what it points to.
const TAKEN: u8 = 3;
/// The helper has done the piece.
const DONE: u8 = 4;

/// Work on its caller's stack, and the function that does it.
#[derive(Clone, Copy)]
pub struct Piece {
    /// What `run` is called with.
    pub task: *mut (),
    /// Does the work.
    pub run: unsafe fn(*mut ()),
}

/// Where one caller at a time leaves a piece of work, and one helper looks for it.
pub struct Place {
    /// One of the states above.
    state: AtomicU8,
    piece: UnsafeCell<Piece>,
}

// SAFETY: the piece is written by the caller in state HELD and read by the helper in state TAKEN; the changes of state
// in between release and acquire it. What it points to is sent to the helper, as `offer` demands.
unsafe impl Sync for Place {}

impl Place {
    constructor! {
        /// A free place.
        pub fn new() -> Place {
            unsafe fn nothing(_: *mut ()) {}
            let piece = UnsafeCell::new(Piece { task: null_mut(), run: nothing });
            Place { state: AtomicU8::new(FREE), piece }
        }
    }

    /// Moves from one state to another, if the place is in the first.
    fn change(&self, from: u8, to: u8) -> bool {
        self.state.load(Ordering::Relaxed) == from
            && self.state.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Makes the place the caller's until it [leaves](Place::leave). Returns whether it was free.
    pub fn claim(&self) -> bool {
        self.change(FREE, HELD)
    }

    /// Offers a piece to helpers while the caller does other work. Returns whether a helper has done the piece;
    /// otherwise none has seen it, and none will.
    ///
    /// # Safety
    /// The caller has claimed the place. `piece.run` may be called once with `piece.task` by any thread, while this
    /// call lasts. `meanwhile` does not unwind.
    pub unsafe fn offer(&self, piece: Piece, meanwhile: impl FnOnce()) -> bool {
        // SAFETY: in this state the piece is this thread's.
        unsafe { *self.piece.get() = piece };
        self.state.store(OPEN, Ordering::Release);
        meanwhile();
        if self.change(OPEN, HELD) {
            return false;
        }
        let mut turn = 0;
        while self.state.load(Ordering::Acquire) != DONE {
            turn += 1;
            pause(turn);
        }
        true
    }

    /// Frees a claimed place for the next caller.
    ///
    /// # Safety
    /// The caller has claimed the place, and its offers have returned.
    pub unsafe fn leave(&self) {
        self.state.store(FREE, Ordering::Release);
    }

    /// Does the piece that is open. Returns whether one was.
    pub fn help(&self) -> bool {
        let open = self.change(OPEN, TAKEN);
        if open {
            // SAFETY: in this state the piece is this thread's; its caller waits for DONE before it leaves.
            unsafe {
                let piece = *self.piece.get();
                (piece.run)(piece.task);
            }
            self.state.store(DONE, Ordering::Release);
        }
        open
    }
}
