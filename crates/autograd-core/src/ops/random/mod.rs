//! Operations with chance in them. The randomness comes from a generator or a seed that the caller passes; there is
//! none of the library's own.

pub(crate) mod dropout;
