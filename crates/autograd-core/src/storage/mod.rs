//! The memory of values: aligned blocks, counts of owners, small pieces that are used again.
//!
//! [`block`] holds a tensor's numbers, [`piece`] adds its size class, [`shared`] is a count of owners without weak
//! references, [`opaque`] the same without the type, [`recycle`] keeps small memory for the next value of its size,
//! [`slot`] is a place to take a value from. Nothing here knows what a tensor is. Like the kernels' and the threads',
//! this folder's `unsafe` is argued for line by line.

pub mod block;
pub mod opaque;
pub mod piece;
pub mod recycle;
pub mod shared;
pub mod slot;

use crate::sync;
