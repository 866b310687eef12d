//! The memory of a capture, counted at the system's allocator.

use super::model::{Net, bits, floats, labels, step};
use autograd_core::{Capture, Result};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every request is handed to the system's allocator unchanged; the counter is a thread-local without destructor
// and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.with(|requests| requests.set(requests.get() + 1));
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `System.alloc` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn ten_thousand_replays_allocate_nothing() -> Result<()> {
    let (mut capture, net) = (Capture::new(step), Net::new(6));
    let (x, y) = (floats(&[5, 6], 1), labels(5, 3, 2));
    for _ in 0..3 {
        let _ = capture.run(&net, [&x, &y])?;
    }
    let before = REQUESTS.get();
    for _ in 0..10_000 {
        let _ = capture.run(&net, [&x, &y])?;
    }
    assert_eq!(REQUESTS.get() - before, 0);
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn programs_share_a_room_and_the_memory_of_their_results() -> Result<()> {
    let net = Net::new(6);
    let batches: Vec<_> = [5, 40, 11, 3].into_iter().map(|n| (floats(&[n, 6], 1), labels(n, 3, 2))).collect();
    let run = |capture: &mut Capture<_, _, _, 2>, of: &[usize]| {
        of.iter().try_for_each(|i| capture.run(&net, [&batches[*i].0, &batches[*i].1]).map(drop))
    };
    let mut largest = Capture::new(step);
    run(&mut largest, &[1])?;
    let mut all = Capture::new(step);
    for _ in 0..3 {
        run(&mut all, &[0, 1, 2, 3])?;
    }
    let before = REQUESTS.get();
    for _ in 0..100 {
        run(&mut all, &[0, 1, 2, 3])?;
    }
    assert_eq!(REQUESTS.get() - before, 0, "the pool has what another program returned");
    let stats = all.stats();
    assert_eq!((stats.records, stats.programs, stats.replays), (4, 4, 408));
    // Besides, each has a few numbers of its own that are the same at every run.
    let more = stats.bytes - largest.stats().bytes;
    assert!(more <= 3 * 256, "{more} bytes");
    Ok(())
}

#[test]
fn an_output_that_is_kept_is_not_written_again() -> Result<()> {
    let (mut capture, net) = (Capture::new(step), Net::new(6));
    let mut kept = Vec::new();
    for k in 0..10 {
        let (loss, grads) = capture.run(&net, [&floats(&[5, 6], k), &labels(5, 3, k)])?.clone();
        // The whole, one of its parts, a view of one.
        let view = grads.iter().next().map(|g| g.narrow(0, 1, 2)).transpose()?;
        let now = (bits(loss.clone()), bits(grads.clone()), bits(view.clone()));
        kept.push((k % 3 != 0).then_some(loss).zip(Some(grads)).zip(Some(view)).map(|all| (all, now)));
    }
    for (((loss, grads), view), then) in kept.into_iter().flatten() {
        assert_eq!((bits(loss), bits(grads), bits(view)), then);
    }
    Ok(())
}
