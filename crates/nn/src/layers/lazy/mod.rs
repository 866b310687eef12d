//! Layers that find the size of their input in an example.

mod deferred;
mod named;
mod norms;

pub use deferred::{Lazy, materialize, materialize_with};
pub use named::*;
pub use norms::*;
