//! Loom's atomics under the names that the core uses, whole and with orderings taken away.

/// A constructor; loom's are not `const`.
macro_rules! constructor {
    ($(#[$doc:meta])* $visible:vis fn $($rest:tt)*) => { $(#[$doc])* $visible fn $($rest)* };
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: release $release:ident, acquire $acquire:ident, fence $fence:ident;)*) => {$(
        $(#[$doc])*
        pub mod $kind {
            pub(crate) use super::constructor;
            pub use loom::sync::atomic::{AtomicU8, AtomicUsize};

            /// The orderings by their usual names, as the mutant understands them.
            #[expect(non_snake_case, non_upper_case_globals, reason = "the names are those of the standard library")]
            pub mod Ordering {
                use loom::sync::atomic::Ordering;
                /// No order.
                pub const Relaxed: Ordering = Ordering::Relaxed;
                /// What came before is seen by the thread that acquires, unless this was taken away.
                pub const Release: Ordering = Ordering::$release;
                /// What was released before is seen, unless this was taken away.
                pub const Acquire: Ordering = Ordering::$acquire;
            }

            /// A fence of an acquiring thread, or none.
            pub fn fence(_: loom::sync::atomic::Ordering) {
                if loom::sync::atomic::Ordering::$fence == loom::sync::atomic::Ordering::Acquire {
                    loom::sync::atomic::fence(loom::sync::atomic::Ordering::Acquire);
                }
            }

            /// One turn of a waiting loop.
            pub fn pause(_: usize) {
                loom::thread::yield_now();
            }
        }
    )*};
}

pub(crate) use constructor;

kinds! {
    /// As they are.
    whole: release Release, acquire Acquire, fence Acquire;
    /// What is released is not seen.
    without_release: release Relaxed, acquire Acquire, fence Acquire;
    /// What is acquired is not waited for.
    without_acquire: release Release, acquire Relaxed, fence Relaxed;
    /// What is fenced is not waited for.
    without_fence: release Release, acquire Acquire, fence Relaxed;
}

/// Small memory, straight from the system.
pub mod recycle {
    use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
    use std::ptr::NonNull;

    /// Memory of this layout.
    ///
    /// # Safety
    /// The layout has a size.
    pub unsafe fn take(layout: Layout) -> NonNull<u8> {
        // SAFETY: the caller's promise.
        NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// The memory came from [`take`] with this layout, and is not used again.
    pub unsafe fn give(memory: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { dealloc(memory.as_ptr(), layout) };
    }
}
