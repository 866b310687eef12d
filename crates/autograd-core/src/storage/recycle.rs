//! Small memory that is asked for again and again: heads of values and nodes of the tape.
//!
//! A training step of a small network makes and drops some thirty of them, and asking the system's allocator for each
//! is a fifth of such a step. So a freed piece goes on a list of its size class, one list of each class per thread, and
//! the next request of that class takes it: a handful of instructions, no lock. The lists are short: what does not fit
//! goes back to the system, and so does everything when the thread ends.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{NonNull, null_mut};

/// Sizes are rounded up to multiples of this.
const STEP: usize = 64;

/// Pieces of up to `STEP · CLASSES` bytes are recycled.
const CLASSES: usize = 6;

/// A list keeps at most this many pieces: enough for the graph of a step, and little memory (under 2 MiB per thread if
/// all lists were full).
const KEPT: usize = 1024;

/// The content of a piece while it waits: the list runs through the pieces themselves.
struct Waiting {
    next: *mut Waiting,
}

struct List {
    first: Cell<*mut Waiting>,
    len: Cell<usize>,
}

struct Lists([List; CLASSES]);

thread_local! {
    static LISTS: Lists = const { Lists([const { List { first: Cell::new(null_mut()), len: Cell::new(0) } }; CLASSES]) };
}

/// Whether freed memory is kept at all. A sanitizer watches only what goes back to the system, and is told to look with
/// `--cfg no_recycling`.
pub const RECYCLES: bool = !cfg!(no_recycling);

/// The size class of a layout, and the layout that all pieces of that class have; `None` if it is not recycled.
#[inline(always)]
fn class_of(layout: Layout) -> Option<(usize, Layout)> {
    if !RECYCLES {
        return None;
    }
    let class = layout.size().div_ceil(STEP).checked_sub(1)?;
    let whole = Layout::from_size_align((class + 1) * STEP, STEP).ok()?;
    (class < CLASSES && layout.align() <= STEP).then_some((class, whole))
}

/// Memory for a value of this layout, which is not empty.
///
/// # Safety
/// As for [`std::alloc::alloc`]; to be given back with [`give`] and the same layout.
#[inline]
pub unsafe fn take(layout: Layout) -> NonNull<u8> {
    let (layout, waiting) = match class_of(layout) {
        None => (layout, None),
        Some((class, whole)) => (whole, LISTS.try_with(|lists| lists.0[class].pop()).ok().flatten()),
    };
    waiting.unwrap_or_else(|| {
        // SAFETY: the layout's size is not zero, as the caller promises.
        NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
    })
}

/// Gives memory back.
///
/// # Safety
/// `piece` must come from [`take`] with this layout, and must not be used any more.
#[inline]
pub unsafe fn give(piece: NonNull<u8>, layout: Layout) {
    let mut whole = layout;
    if let Some((class, rounded)) = class_of(layout) {
        whole = rounded;
        // SAFETY: the piece is the caller's to give, and of this class.
        if LISTS.try_with(|lists| unsafe { lists.0[class].push(piece) }).unwrap_or(false) {
            return;
        }
    }
    // SAFETY: `take` asked for it with this layout.
    unsafe { dealloc(piece.as_ptr(), whole) }
}

impl List {
    #[inline(always)]
    fn pop(&self) -> Option<NonNull<u8>> {
        let first = NonNull::new(self.first.get())?;
        // SAFETY: `push` wrote what is on the list, and it belongs to the list.
        self.first.set(unsafe { first.as_ref() }.next);
        self.len.set(self.len.get() - 1);
        Some(first.cast())
    }

    /// Whether there was room.
    ///
    /// # Safety
    /// The piece must be the list's from now on, aligned and large enough for a pointer.
    #[inline(always)]
    unsafe fn push(&self, piece: NonNull<u8>) -> bool {
        if self.len.get() == KEPT {
            return false;
        }
        let piece = piece.cast::<Waiting>();
        // SAFETY: the caller's promise.
        unsafe { piece.write(Waiting { next: self.first.get() }) };
        self.first.set(piece.as_ptr());
        self.len.set(self.len.get() + 1);
        true
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        for (class, list) in self.0.iter().enumerate() {
            while let Some(piece) = list.pop() {
                // SAFETY: pieces of this class were asked for with this layout, whose size is not zero and whose
                // alignment is a power of two.
                unsafe { dealloc(piece.as_ptr(), Layout::from_size_align_unchecked((class + 1) * STEP, STEP)) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(no_recycling))]
    #[test]
    fn a_freed_piece_serves_the_next_request_of_its_class() {
        let (large, small) = (Layout::new::<[u64; 20]>(), Layout::new::<[u64; 17]>());
        // SAFETY: the layouts are not empty, each piece is given back once with the layout it was asked for with.
        unsafe {
            let first = take(large);
            give(first, large);
            let second = take(small);
            assert_eq!(first, second);
            let third = take(small);
            assert_ne!(second, third);
            give(second, small);
            give(third, small);
        }
    }

    #[test]
    fn pieces_of_every_size_are_aligned_and_apart() {
        for size in [1, 63, 64, 65, 384, 385, 5000] {
            for align in [1, 16, 64, 128] {
                let layout = Layout::from_size_align(size, align).expect("a layout");
                // SAFETY: as above; every byte is written before it is read.
                unsafe {
                    let pieces: Vec<_> = (0..3).map(|_| take(layout)).collect();
                    for (i, piece) in pieces.iter().enumerate() {
                        assert_eq!(piece.as_ptr() as usize % align, 0);
                        piece.write_bytes(i as u8, size);
                    }
                    for (i, piece) in pieces.iter().enumerate() {
                        assert!((0..size).all(|at| piece.add(at).read() == i as u8));
                    }
                    pieces.into_iter().for_each(|piece| give(piece, layout));
                }
            }
        }
    }

    #[cfg(not(no_recycling))]
    #[test]
    fn a_list_keeps_no_more_than_its_share() {
        let layout = Layout::new::<[u64; 40]>();
        std::thread::spawn(move || {
            // SAFETY: as above.
            unsafe {
                let pieces: Vec<_> = (0..KEPT + 10).map(|_| take(layout)).collect();
                pieces.into_iter().for_each(|piece| give(piece, layout));
            }
            LISTS.with(|lists| assert_eq!(lists.0[4].len.get(), KEPT));
        })
        .join()
        .expect("no panic");
    }
}
