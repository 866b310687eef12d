//! When work is shared between threads, and how it is handed over.
//!
//! [`parallel`] decides and cuts, [`standby`] hands over. What a kernel computes depends neither on how many threads
//! there are nor on whether work is shared at all.

pub mod parallel;
mod standby;
