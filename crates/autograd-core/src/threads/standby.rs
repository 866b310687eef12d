//! Two pieces of work at once, the second on a thread that stands by for more.
//!
//! Waking a sleeping thread costs 5 to 50 µs, and a training step shares work every few dozen: the thread would go to
//! sleep in between, every time. So a thread of rayon's pool that has helped once looks out for the next piece for
//! [`LINGER`] before it goes back, and handing it a piece costs what two cache lines need to change cores. The caller
//! keeps one piece for itself, whether its own thread is one of the pool or not, and takes the other back if no helper
//! has come for it.

use super::place::{Piece, Place};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a thread that has helped looks out for more: longer than the parts of a step that one thread does alone.
const LINGER: Duration = Duration::from_micros(200);

/// How long it does so altogether: then rayon gets its thread back, for other work that waits there, and the next
/// caller may ask for it again.
const LONGEST: Duration = Duration::from_millis(2);

/// Turns of a waiting loop between two looks at the clock.
const TURNS: usize = 32;

/// A place for a piece of work, and who has been called to it. No two share a cache line.
#[repr(align(128))]
struct Post {
    place: Place,
    /// The number of helpers that have been called and have not gone. One is enough, but it may be held up, even in
    /// another pool; two at one place do no harm.
    called: AtomicUsize,
    /// The number of pieces without a helper since the last that had one.
    missed: AtomicUsize,
}

thread_local! {
    /// Whether this thread is in the middle of a piece, of its own or of another thread.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Runs one piece of work, and returns the panic it ended in.
fn busy(work: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    let before = BUSY.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    BUSY.set(before);
    outcome
}

/// More than two hundred threads would not share one kernel's work well; those beyond get none.
static POSTS: [Post; 255] = [const { Post::new() }; 255];

impl Post {
    const fn new() -> Post {
        Post { place: Place::new(), called: AtomicUsize::new(0), missed: AtomicUsize::new(0) }
    }

    /// Does the piece that is open, and those that follow within [`LINGER`] of each other. A thread that comes by in
    /// the middle of a piece, while it waits for rayon, has no time for that, and a thread that comes too late for the
    /// first piece goes at once.
    fn attend(&self) {
        let start = Instant::now();
        let mut last = start;
        let welcome = !BUSY.get() && self.place.help();
        while welcome && last.elapsed() < LINGER && start.elapsed() < LONGEST {
            for _ in 0..TURNS {
                if self.place.help() {
                    last = Instant::now();
                    break;
                }
                std::hint::spin_loop();
            }
        }
        self.called.fetch_sub(1, Ordering::Relaxed);
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
/// `task` points to a `Task<F>` that no other code touches meanwhile.
unsafe fn run<F: FnOnce()>(task: *mut ()) {
    // SAFETY: the caller's promise.
    let task = unsafe { &mut *task.cast::<Task<F>>() };
    if let Some(work) = task.work.take() {
        task.panic = busy(work).err();
    }
}

/// Whether a helper most likely looks out for work: one has been called, and one came for the last piece.
pub fn stands_by() -> bool {
    let post = &POSTS[0];
    post.called.load(Ordering::Relaxed) > 0 && post.missed.load(Ordering::Relaxed) == 0
}

/// Runs both, the second on another thread if one of the pool is free. A panic of either goes on in the caller.
pub fn join<F: FnOnce(), G: FnOnce() + Send>(first: F, second: G) {
    let helpers = rayon::current_num_threads() - 1;
    let Some(post) = POSTS.iter().take(helpers).find(|post| post.place.claim()) else {
        first();
        return second();
    };
    let mut task = Task { work: Some(second), panic: None };
    // From here on the task is reached by this pointer only, until no helper can have it.
    let pointer = &raw mut task;
    let missed = post.missed.load(Ordering::Relaxed);
    let mut outcome = Ok(());
    let meanwhile = || {
        outcome = busy(|| {
            // Another one is called after 1, 2, 4, 8.. pieces in vain: soon, and never many.
            if missed.is_power_of_two() || post.called.load(Ordering::Relaxed) == 0 {
                post.called.fetch_add(1, Ordering::Relaxed);
                rayon::spawn(|| post.attend());
            }
            first();
        });
    };
    // SAFETY: the place was claimed above; the task is this function's until the call ends, `G` may be sent, and `run`
    // and `busy` keep panics.
    let helped = unsafe { post.place.offer(Piece { task: pointer.cast(), run: run::<G> }, meanwhile) };
    post.missed.store(if helped { 0 } else { missed + 1 }, Ordering::Relaxed);
    // SAFETY: it was claimed above, and the offer has returned.
    unsafe { post.place.leave() };
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
    if !helped {
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
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;

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

    /// Whether another thread takes the second piece, one time out of many.
    fn is_helped() -> bool {
        let caller = std::thread::current().id();
        (0..10_000).any(|_| {
            let (came, helped) = (AtomicBool::new(false), AtomicBool::new(false));
            let wait =
                || (0..1000).take_while(|_| !came.load(Ordering::Acquire)).for_each(|_| std::thread::yield_now());
            let come = || {
                helped.store(std::thread::current().id() != caller, Ordering::Relaxed);
                came.store(true, Ordering::Release);
            };
            join(wait, come);
            helped.into_inner()
        })
    }

    #[test]
    fn a_pool_whose_threads_are_held_up_keeps_no_other_pool_from_help() {
        let (started, called, release) = (Barrier::new(2), Barrier::new(2), Barrier::new(3));
        let (held, other) = (pool(2), pool(2));
        let helped = std::thread::scope(|scope| {
            let (started, called, release, held) = (&started, &called, &release, &held);
            let calls = || {
                started.wait();
                (0..10).for_each(|_| join(|| (), || ()));
                called.wait();
                release.wait();
            };
            let is_held_up = || {
                started.wait();
                release.wait();
            };
            scope.spawn(move || held.install(|| rayon::join(calls, is_held_up)));
            called.wait();
            let helped = other.install(is_helped);
            release.wait();
            helped
        });
        assert!(helped);
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
