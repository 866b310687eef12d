//! Two pieces of work at once, the second on a thread that stands by for more.
//!
//! Waking a sleeping thread costs 5 to 50 µs, and a training step shares work every few dozen: it would go to sleep in
//! between, every time. So a thread of rayon's pool that has helped once looks out for the next piece for [`LINGER`] before it goes
//! back, and handing it a piece costs what two cache lines need to change cores. The caller keeps one piece for itself,
//! whether it is one of the pool or not, and takes the other back if nobody has come for it.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// How long a thread that has helped looks out for more: longer than the parts of a step that one thread does alone.
const LINGER: Duration = Duration::from_micros(200);

/// Turns of a waiting loop between two looks at the clock.
const TURNS: usize = 32;

/// Turns after which whoever waits for a piece lets other programs run.
const PATIENCE: usize = 1 << 14;

/// Where one caller at a time leaves a piece of work, and one helper looks for it. No two share a cache line.
#[repr(align(128))]
struct Place {
    /// One of the states below.
    state: AtomicU8,
    /// Whether a helper is looking, or on its way.
    attended: AtomicBool,
    piece: UnsafeCell<Piece>,
}

/// Nobody uses the place.
const FREE: u8 = 0;
/// A caller has it, and alone may write the piece.
const HELD: u8 = 1;
/// The piece is there: caller or helper, who comes first takes it.
const OPEN: u8 = 2;
/// A helper has it, and alone may touch what it points to.
const TAKEN: u8 = 3;
/// A helper has finished it.
const DONE: u8 = 4;

/// A [`Task`] on its caller's stack, and what runs it.
#[derive(Clone, Copy)]
struct Piece {
    task: *mut (),
    run: unsafe fn(*mut ()),
}

// SAFETY: the piece is written by the caller in state HELD and read by the helper in state TAKEN; the changes of state in
// between release and acquire it. What it points to is `Send`, as `join` demands.
unsafe impl Sync for Place {}

thread_local! {
    /// Whether this thread is doing somebody's piece.
    static HELPING: Cell<bool> = const { Cell::new(false) };
}

/// More than two hundred threads would not share one kernel's work well; those beyond get none.
static PLACES: [Place; 255] = [const { Place::new() }; 255];

impl Place {
    const fn new() -> Place {
        unsafe fn nothing(_: *mut ()) {}
        let piece = UnsafeCell::new(Piece { task: null_mut(), run: nothing });
        Place { state: AtomicU8::new(FREE), attended: AtomicBool::new(false), piece }
    }

    /// From one state to another, if it was that one.
    fn change(&self, from: u8, to: u8) -> bool {
        self.state.load(Ordering::Relaxed) == from
            && self.state.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Does the piece that is open, and those that follow within [`LINGER`] of each other. A thread that is in the middle of
    /// a piece, waiting for rayon, has no time to stand by.
    fn attend(&self) {
        let mut last = None;
        while !HELPING.get() {
            if self.change(OPEN, TAKEN) {
                HELPING.set(true);
                // SAFETY: in this state the piece is this thread's; its caller waits for DONE before it leaves.
                unsafe {
                    let piece = *self.piece.get();
                    (piece.run)(piece.task);
                }
                HELPING.set(false);
                self.state.store(DONE, Ordering::Release);
                last = Some(Instant::now());
            }
            // Whoever comes too late for the first piece goes at once.
            if last.is_none_or(|last| last.elapsed() > LINGER) {
                break;
            }
            for _ in 0..TURNS {
                if self.state.load(Ordering::Relaxed) == OPEN {
                    break;
                }
                std::hint::spin_loop();
            }
        }
        self.attended.store(false, Ordering::Release);
    }

    /// Until the helper has finished.
    fn wait(&self) {
        let mut turns = 0;
        while self.state.load(Ordering::Acquire) != DONE {
            turns += 1;
            if turns < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// A closure to be run once, and the panic it ended in.
struct Task<F> {
    work: Option<F>,
    panic: Option<Box<dyn Any + Send>>,
}

/// Runs a task, and keeps its panic.
///
/// # Safety
/// `task` points to a `Task<F>` that nobody else touches meanwhile.
unsafe fn run<F: FnOnce()>(task: *mut ()) {
    // SAFETY: the caller's promise.
    let task = unsafe { &mut *task.cast::<Task<F>>() };
    if let Some(work) = task.work.take() {
        task.panic = catch_unwind(AssertUnwindSafe(work)).err();
    }
}

/// Whether somebody looks out for a piece of work.
pub fn stands_by() -> bool {
    PLACES[0].attended.load(Ordering::Relaxed)
}

/// Runs both, the second on another thread if one of the pool is free. A panic of either goes on in the caller.
pub fn join<F: FnOnce(), G: FnOnce() + Send>(first: F, second: G) {
    let helpers = rayon::current_num_threads() - 1;
    let Some(place) = PLACES.iter().take(helpers).find(|place| place.change(FREE, HELD)) else {
        first();
        return second();
    };
    let mut task = Task { work: Some(second), panic: None };
    // The only way to the task from here on, until no helper can have it.
    let pointer = &raw mut task;
    // SAFETY: in this state the piece is this thread's.
    unsafe { *place.piece.get() = Piece { task: pointer.cast(), run: run::<G> } };
    place.state.store(OPEN, Ordering::Release);
    if !place.attended.swap(true, Ordering::AcqRel) {
        rayon::spawn(|| place.attend());
    }
    let outcome = catch_unwind(AssertUnwindSafe(first));
    let back = place.change(OPEN, HELD);
    if !back {
        place.wait();
    }
    place.state.store(FREE, Ordering::Release);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
    if back {
        // SAFETY: no helper has seen the task, and none will: it is this function's own again.
        unsafe { run::<G>(pointer.cast()) };
    }
    if let Some(panic) = task.panic {
        resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool")
    }

    /// Adds up a slice, cut in two again and again.
    fn sum(x: &[usize], total: &AtomicUsize) {
        if let [one] = x {
            total.fetch_add(*one, Ordering::Relaxed);
        } else if !x.is_empty() {
            let (low, high) = x.split_at(x.len() / 2);
            join(|| sum(low, total), || sum(high, total));
        }
    }

    #[test]
    fn every_piece_is_done_once_from_any_number_of_threads() {
        let x: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 3, 8] {
            let pool = pool(threads);
            std::thread::scope(|scope| {
                for inside in [true, false, true] {
                    let (x, pool) = (&x, &pool);
                    scope.spawn(move || {
                        for _ in 0..20 {
                            let total = AtomicUsize::new(0);
                            if inside {
                                pool.install(|| sum(x, &total))
                            } else {
                                sum(x, &total)
                            }
                            assert_eq!(total.into_inner(), 499_500);
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn a_panic_of_either_piece_goes_on_in_the_caller() {
        let message = |panic: Box<dyn Any + Send>| panic.downcast_ref::<&str>().map(|text| (*text).to_string());
        let pool = pool(2);
        for _ in 0..50 {
            for inside in [true, false] {
                let run = |f: &(dyn Fn() + Sync)| {
                    catch_unwind(AssertUnwindSafe(|| if inside { pool.install(f) } else { f() })).expect_err("a panic")
                };
                let done = AtomicBool::new(false);
                let panic = run(&|| join(|| done.store(true, Ordering::Relaxed), || panic!("second")));
                assert_eq!(message(panic).as_deref(), Some("second"));
                assert!(done.into_inner());
                let panic = run(&|| join(|| panic!("first"), || ()));
                assert_eq!(message(panic).as_deref(), Some("first"));
            }
        }
    }
}
