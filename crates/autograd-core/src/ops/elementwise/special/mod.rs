//! Special functions.

mod erf;
