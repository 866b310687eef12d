//! The sharing of work between threads.
//!
//! [`parallel`] decides and cuts, [`standby`] hands over, at a [`place`]. The result of a kernel depends neither on the
//! number of threads nor on whether work is shared at all.
//!
//! No kernel waits in rayon, as `rayon::join` does: a thread that waits there runs whatever else the pool has to do, in
//! the middle of the walk, the recording or the capture that it is in.

pub mod parallel;
mod place;
mod standby;

use crate::sync;
