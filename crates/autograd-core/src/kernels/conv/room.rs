//! Memory for panels and other parts of kernels, kept by each thread.

use crate::storage::block::{Block, Plain};
use std::cell::RefCell;

/// A thread keeps at most this many blocks.
const KEPT: usize = 6;

thread_local! {
    /// Blocks that are not in use. There may be several: a thread that waits for another one computes something else.
    static ROOMS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` with `len` elements of any content.
pub fn with_room<T: Plain, R>(len: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
    let mut block = take(len * size_of::<T>());
    let result = f(block.slice_mut(len));
    let _ = ROOMS.try_with(|rooms| {
        let mut rooms = rooms.borrow_mut();
        if rooms.len() < KEPT {
            rooms.push(block);
        }
    });
    result
}

/// The smallest block with this many bytes.
fn take(bytes: usize) -> Block {
    let kept = ROOMS.try_with(|rooms| {
        let mut rooms = rooms.borrow_mut();
        let fitting = rooms.iter().enumerate().filter(|(_, block)| block.bytes() >= bytes);
        let smallest = fitting.min_by_key(|(_, block)| block.bytes()).map(|(i, _)| i);
        // The others are too small from now on: one of them makes room for the larger one.
        if smallest.is_none() && rooms.len() == KEPT {
            rooms.remove(0);
        }
        smallest.map(|i| rooms.swap_remove(i))
    });
    kept.ok().flatten().or_else(|| Block::zeroed(bytes.next_power_of_two())).expect("memory for a part of a kernel")
}

/// Gives the blocks that this thread keeps back to the system.
pub fn forget() {
    let _ = ROOMS.try_with(|rooms| rooms.take());
}
