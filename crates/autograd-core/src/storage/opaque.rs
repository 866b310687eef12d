//! The `Opaque` pointer: a tensor must carry its tape node, and the tensor folder must not know the tape.
//!
//! So the pointer hides the type of its value. With `Shared<dyn Any>` a tensor would be three words and travel through
//! memory; with the type written beside the value it is two and travels in registers.

use super::shared::Shared;
use std::any::TypeId;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::from_ref;

/// A value with its type written in front of it.
#[repr(C)]
pub struct Typed<T> {
    kind: Kind,
    value: T,
}

/// The type of the value, and the function that drops it with its last owner.
struct Kind {
    id: TypeId,
    free: unsafe fn(Shared<Kind>),
}

impl<T: Send + Sync + 'static> Typed<T> {
    /// Whether values of this type can be shared: their alignment must not move the kind in front of them.
    pub const ALIGNED: bool = align_of::<T>() <= align_of::<Kind>();

    /// A value with one owner.
    ///
    /// # Panics
    /// If the type is aligned more strictly than a pointer; see [`Typed::ALIGNED`].
    #[inline(always)]
    pub fn share(value: impl FnOnce() -> T) -> Shared<Typed<T>> {
        assert!(Self::ALIGNED, "the value is aligned more strictly than its kind");
        Shared::new_with(|| Typed { kind: Kind { id: TypeId::of::<T>(), free: free::<T> }, value: value() })
    }
}

/// Drops a `Typed<T>`.
///
/// # Safety
/// `last` must be the only reference, and have been a `Shared<Typed<T>>`.
unsafe fn free<T>(last: Shared<Kind>) {
    // SAFETY: the caller's promise.
    drop(unsafe { last.cast::<Typed<T>>() });
}

impl<T> Deref for Typed<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Typed<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Shared ownership of a value of some type.
#[repr(transparent)]
pub struct Opaque(ManuallyDrop<Shared<Kind>>);

impl<T: Send + Sync + 'static> From<Shared<Typed<T>>> for Opaque {
    #[inline]
    fn from(value: Shared<Typed<T>>) -> Opaque {
        // SAFETY: a `Typed` begins with its kind, and `free` drops it with its own type.
        Opaque(ManuallyDrop::new(unsafe { value.cast() }))
    }
}

impl Opaque {
    /// The value, if it is a `T`.
    #[inline]
    pub fn get<T: 'static>(&self) -> Option<&Shared<Typed<T>>> {
        // SAFETY: it has this type, and all references are pointers to the same thing.
        (self.0.id == TypeId::of::<T>()).then(|| unsafe { &*from_ref(self).cast() })
    }
}

impl Opaque {
    /// Whether both are the same value, or none.
    #[inline]
    pub fn are_one(a: Option<&Opaque>, b: Option<&Opaque>) -> bool {
        let place = |of: Option<&Opaque>| of.map(|of| from_ref::<Kind>(&of.0));
        place(a) == place(b)
    }
}

impl Clone for Opaque {
    #[inline]
    fn clone(&self) -> Opaque {
        Opaque(self.0.clone())
    }
}

impl Drop for Opaque {
    #[inline]
    fn drop(&mut self) {
        if self.0.give_up() {
            // SAFETY: `self` is being dropped, so the field is not used again.
            let last = unsafe { ManuallyDrop::take(&mut self.0) };
            let free = last.free;
            // SAFETY: `free` was written with the type that the value has, and this is its last reference.
            unsafe { free(last) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_type_comes_back_only_as_itself() {
        let text = Opaque::from(Typed::share(|| String::from("tape")));
        assert!(text.get::<u32>().is_none());
        assert_eq!(text.get::<String>().map(|text| text.as_str()), Some("tape"));
        assert_eq!(size_of::<Option<Opaque>>(), size_of::<usize>());
    }

    #[test]
    fn the_value_is_dropped_once_with_its_last_owner_of_either_kind() {
        let witness = Arc::new(());
        for opaque_last in [true, false] {
            let typed = Typed::share(|| (Arc::clone(&witness), [0u8; 100]));
            let opaque = Opaque::from(typed.clone());
            let threads: Vec<_> = (0..4).map(|_| opaque.clone()).collect();
            let threads: Vec<_> = threads.into_iter().map(|owned| std::thread::spawn(move || drop(owned))).collect();
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            let last: (Option<Opaque>, Option<Shared<_>>) = if opaque_last {
                drop(typed);
                (Some(opaque), None)
            } else {
                drop(opaque);
                (None, Some(typed))
            };
            assert_eq!(Arc::strong_count(&witness), 2);
            drop(last);
            assert_eq!(Arc::strong_count(&witness), 1);
        }
    }
}
