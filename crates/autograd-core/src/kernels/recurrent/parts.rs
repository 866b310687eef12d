//! Blocks of memory, one for each step, whose rows are shared out between threads.

use crate::kernels::simd::Each;
use std::marker::PhantomData;
use std::ops::Range;

/// Blocks of `rows × width` elements behind each other.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a, T> {
    start: *mut T,
    blocks: usize,
    rows: usize,
    width: usize,
    memory: PhantomData<&'a mut [T]>,
}

// SAFETY: parts of different rows are different memory.
unsafe impl<T: Send> Send for Blocks<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Blocks<'_, T> {}

/// The same rows of all blocks.
pub(super) struct Part<'a, T> {
    start: *mut T,
    blocks: usize,
    /// Elements from one block to the next.
    apart: usize,
    len: usize,
    memory: PhantomData<&'a mut [T]>,
}

impl<'a, T> Blocks<'a, T> {
    /// All blocks that the memory has room for.
    pub(super) fn new(memory: &'a mut [T], rows: usize, width: usize) -> Blocks<'a, T> {
        let blocks = memory.len().checked_div(rows * width).unwrap_or(usize::MAX);
        Blocks { start: memory.as_mut_ptr(), blocks, rows, width, memory: PhantomData }
    }

    /// These rows of all blocks.
    ///
    /// # Safety
    /// As long as the part is in use, there is no other one that has one of these rows.
    pub(super) unsafe fn part(&self, rows: &Range<usize>) -> Part<'a, T> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "a part leaves its blocks");
        let Blocks { blocks, width, .. } = *self;
        // No row of a block that is not there is looked at.
        let start = self.start.wrapping_add(rows.start * width);
        Part { start, blocks, apart: self.rows * width, len: rows.len() * width, memory: PhantomData }
    }
}

impl<T> Part<'_, T> {
    fn place(&self, block: usize) -> *mut T {
        assert!(block < self.blocks, "there is no such block");
        self.start.wrapping_add(block * self.apart)
    }

    /// The rows of a block.
    pub(super) fn at(&self, block: usize) -> &[T] {
        // SAFETY: they are inside the memory of the blocks, which is borrowed, and nothing else writes these rows.
        unsafe { std::slice::from_raw_parts(self.place(block), self.len) }
    }

    /// The rows of a block, for writing.
    pub(super) fn at_mut(&mut self, block: usize) -> &mut [T] {
        // SAFETY: as above, and this is the only borrow of the part.
        unsafe { std::slice::from_raw_parts_mut(self.place(block), self.len) }
    }

    /// The rows of two blocks, the second one for writing.
    pub(super) fn pair(&mut self, read: usize, write: usize) -> (&[T], &mut [T]) {
        assert!(read != write, "a block is not written while it is read");
        let (read, write) = (self.place(read), self.place(write));
        // SAFETY: as above; blocks do not overlap.
        unsafe { (std::slice::from_raw_parts(read, self.len), std::slice::from_raw_parts_mut(write, self.len)) }
    }
}

/// Consecutive parts of memory with so many elements each; what is left is dropped.
pub(super) fn split<const N: usize, T>(mut memory: &mut [T], sizes: [usize; N]) -> [&mut [T]; N] {
    sizes.each(|size| {
        let (part, rest) = std::mem::take(&mut memory).split_at_mut(size);
        memory = rest;
        part
    })
}

/// The same for reading.
pub(super) fn split_read<const N: usize, T>(mut memory: &[T], sizes: [usize; N]) -> [&[T]; N] {
    sizes.each(|size| {
        let (part, rest) = memory.split_at(size);
        memory = rest;
        part
    })
}
