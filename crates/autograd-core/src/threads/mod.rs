//! The sharing of work between threads.
//!
//! [`parallel`] decides and cuts, [`standby`] hands over, at a [`place`]. The result of a kernel depends neither on the number of
//! threads nor on whether work is shared at all.

pub mod parallel;
mod place;
mod standby;

use crate::sync;
