//! The core's protocols between threads, run through every order in which threads can meet.
//!
//! `threads/place.rs`, `storage/shared.rs` and `storage/slot.rs` of `autograd-core` are compiled here a second time,
//! with [loom](https://docs.rs/loom)'s atomics in place of the standard ones: as they are ([`right`]), and as mutants
//! that lack an ordering ([`no_release`], [`no_acquire`],
//! [`no_fence`]). The tests run each model over all of them: what is right
//! passes, and each mutant must fail, or the model would prove nothing.

#![allow(clippy::duplicate_mod, reason = "each copy has atomics of its own")]

pub mod atomics;

/// One copy of the three files, over one kind of atomics.
macro_rules! copies {
    ($($(#[$doc:meta])* $name:ident: $kind:ident;)*) => {$(
        $(#[$doc])*
        #[allow(dead_code, reason = "the files' items are used where they belong")]
        #[expect(clippy::new_without_default, reason = "the core's constructors are `const`, these are not")]
        #[path = "."]
        pub mod $name {
            use crate::atomics::$kind as sync;
            pub use crate::atomics::recycle;

            #[path = "../../autograd-core/src/threads/place.rs"]
            pub mod place;
            #[path = "../../autograd-core/src/storage/shared.rs"]
            pub mod shared;
            #[path = "../../autograd-core/src/storage/slot.rs"]
            pub mod slot;
        }
    )*};
}

copies! {
    /// The files as they are.
    right: whole;
    /// Mutants: nothing is released.
    no_release: without_release;
    /// Mutants: nothing is acquired.
    no_acquire: without_acquire;
    /// Mutants: fences do nothing.
    no_fence: without_fence;
}
