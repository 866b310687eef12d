//! Digits: against compensated references, closed forms and other programs, and where a problem is hard.

mod accuracy;
mod decompositions;
mod determinants;
mod factors;
mod fft;
mod integers;
mod network;
mod normalize;
mod overflow;
