//! Random operations. The randomness comes from a generator or a seed that the caller passes; the library has none of
//! its own.

pub(crate) mod alpha_dropout;
pub(crate) mod dropout;
pub(crate) mod feature_dropout;
pub(crate) mod noise;
