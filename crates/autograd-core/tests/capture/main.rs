//! Capture and replay: the bits of a run, what a program fits, its memory, and all that it refuses.

mod bits;
mod chapters;
mod compared;
mod errors;
mod listing;
mod memory;
mod model;
mod outside;
mod refusals;
mod signatures;
mod state;
mod threads;
