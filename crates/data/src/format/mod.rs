//! Readers of files, one module for each format.
//!
//! A reader believes nothing a file says about itself until the bytes are there: sizes are checked before anything is
//! allocated for them, and what follows the promised end is an error like what is missing before it.

pub mod idx;
