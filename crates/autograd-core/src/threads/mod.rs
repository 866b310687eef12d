//! The sharing of work between threads.
//!
//! [`parallel`] decides and cuts, [`standby`] hands over. The result of a kernel depends neither on the number of
//! threads nor on whether work is shared at all.

pub mod parallel;
mod standby;
