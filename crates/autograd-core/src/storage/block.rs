//! A block of aligned, always initialised memory, which holds a tensor's numbers.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// Blocks start at multiples of this many bytes: one cache line, and one AVX-512 register.
pub const ALIGNMENT: usize = 64;

/// Blocks of at least this many bytes start at a huge page, and ask for such pages where the system has them: pages of
/// 4 KiB are many to look up, and every one costs a fault when it is first touched.
const HUGE: usize = 2 * HUGE_PAGE;
const HUGE_PAGE: usize = 1 << 21;

/// Element types a block can be viewed as.
///
/// # Safety
/// Every bit pattern is a value of the type, and the type has neither padding nor interior mutability. That it has a
/// size and is aligned no more strictly than a block is checked where a block is viewed as it.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}
// SAFETY: numbers without padding, for which every bit pattern is a value.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for f64 {}
// SAFETY: as above.
unsafe impl Plain for i64 {}
// SAFETY: as above.
unsafe impl Plain for u8 {}

/// Owned bytes, zeroed when they come from the system and initialised ever after.
pub struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block owns its bytes, like a `Vec<u8>`.
unsafe impl Send for Block {}
// SAFETY: shared access only reads.
unsafe impl Sync for Block {}

impl Block {
    /// A block of at least `bytes` bytes, all zero; `None` if the system does not have that much.
    pub fn zeroed(bytes: usize) -> Option<Block> {
        let alignment = if bytes >= HUGE { HUGE_PAGE } else { ALIGNMENT };
        let layout = Layout::from_size_align(bytes.max(ALIGNMENT), alignment).ok()?;
        if bytes < HUGE {
            // SAFETY: the size is not zero.
            let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
            return Some(Block { start, layout });
        }
        // The system must not zero it: the pages would exist before the call that asks for huge ones.
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { alloc(layout) })?;
        ask_for_huge_pages(start, bytes);
        // SAFETY: as many bytes have just been allocated.
        unsafe { start.write_bytes(0, bytes) };
        Some(Block { start, layout })
    }

    /// Whether the system would give this many bytes now. A small block is taken for granted.
    pub fn has_room(bytes: usize) -> bool {
        const SMALL: usize = 1 << 30;
        if bytes <= SMALL {
            return true;
        }
        let Ok(layout) = Layout::from_size_align(bytes, HUGE_PAGE) else { return false };
        // SAFETY: the size is not zero. No page of it is touched. The compiler would leave out an allocation that is
        // not used, and take it for granted.
        let start = std::hint::black_box(unsafe { alloc(layout) });
        if !start.is_null() {
            // SAFETY: just allocated with this layout.
            unsafe { dealloc(start, layout) };
        }
        !start.is_null()
    }

    /// The size in bytes.
    pub fn bytes(&self) -> usize {
        self.layout.size()
    }

    /// The first `len` elements of type `T`.
    ///
    /// # Panics
    /// If the block is too small.
    #[inline]
    pub fn slice<T: Plain>(&self, len: usize) -> &[T] {
        const { assert!(size_of::<T>() > 0 && align_of::<T>() <= ALIGNMENT, "a block cannot be viewed as this type") };
        assert!(len <= self.bytes() / size_of::<T>(), "a block holds fewer elements than asked for");
        // SAFETY: the bytes are aligned for T (checked), initialised, long enough (checked) and borrowed as long as
        // `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), len) }
    }

    /// The first `len` elements of type `T`, to be overwritten.
    ///
    /// # Panics
    /// If the block is too small.
    #[inline]
    pub fn slice_mut<T: Plain>(&mut self, len: usize) -> &mut [T] {
        const { assert!(size_of::<T>() > 0 && align_of::<T>() <= ALIGNMENT, "a block cannot be viewed as this type") };
        assert!(len <= self.bytes() / size_of::<T>(), "a block holds fewer elements than asked for");
        // SAFETY: as in `slice`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), len) }
    }
}

/// `len` elements of a part of a block, from element `start` on.
///
/// # Panics
/// If the part is too short or does not begin at an element.
#[inline]
pub fn typed<T: Plain>(bytes: &[u8], start: usize, len: usize) -> &[T] {
    const { assert!(size_of::<T>() > 0, "a block cannot be viewed as this type") };
    let all = bytes.len() / size_of::<T>();
    let fits = start <= all && len <= all - start && bytes.as_ptr().cast::<T>().is_aligned();
    assert!(fits, "a part of a block holds fewer elements than asked for");
    // SAFETY: the bytes are aligned for T and reach that far (both checked), initialised, and borrowed as long as the
    // result.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<T>().add(start), len) }
}

/// All elements of a part of a block, to be overwritten.
///
/// # Panics
/// If the part does not begin and end at elements.
#[inline]
pub fn typed_mut<T: Plain>(bytes: &mut [u8]) -> &mut [T] {
    const { assert!(size_of::<T>() > 0, "a block cannot be viewed as this type") };
    let fits = bytes.len().is_multiple_of(size_of::<T>()) && bytes.as_ptr().cast::<T>().is_aligned();
    assert!(fits, "a part of a block does not begin and end at elements");
    // SAFETY: as in `typed`, and borrowed mutably.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) }
}

/// Asks for huge pages under all of the block but its last part of one. The answer does not matter.
fn ask_for_huge_pages(start: NonNull<u8>, bytes: usize) {
    // SAFETY: these pages are the block's own, and their content stays what it is.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::madvise(start.as_ptr().cast(), bytes / HUGE_PAGE * HUGE_PAGE, libc::MADV_HUGEPAGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, bytes);
}

/// Has the allocator give what is free to the system: glibc's keeps freed blocks of many MiB once it has seen such come
/// and go.
pub fn give_back() {
    // SAFETY: it only looks for free pages, behind the allocator's own locks.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `zeroed` with this very layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_zeroed_and_typed() {
        let mut block = Block::zeroed(100).expect("100 bytes");
        assert_eq!(block.start.as_ptr() as usize % ALIGNMENT, 0);
        assert!(block.slice::<f64>(12).iter().all(|x| *x == 0.0));
        block.slice_mut::<f32>(25)[24] = 1.5;
        assert_eq!(block.slice::<f32>(25)[24], 1.5);
    }

    #[test]
    fn a_large_block_starts_at_a_huge_page_and_is_zeroed_to_its_end() {
        for bytes in [HUGE, HUGE + 64, 2 * HUGE + 4096] {
            // The second must not see what the first leaves behind.
            for _ in 0..2 {
                let mut block = Block::zeroed(bytes).expect("some MiB");
                assert_eq!(block.start.as_ptr() as usize % HUGE_PAGE, 0);
                assert!(block.slice::<u8>(bytes).iter().all(|x| *x == 0));
                block.slice_mut::<u8>(bytes).fill(7);
            }
        }
    }

    #[test]
    #[should_panic(expected = "fewer elements")]
    fn a_slice_never_leaves_the_block() {
        let block = Block::zeroed(64).expect("64 bytes");
        block.slice::<f64>(9);
    }

    #[test]
    fn an_impossible_size_is_refused() {
        assert!(Block::zeroed(usize::MAX).is_none());
        assert!(!Block::has_room(usize::MAX) && !Block::has_room(isize::MAX as usize / 2) && Block::has_room(1 << 20));
    }
}
