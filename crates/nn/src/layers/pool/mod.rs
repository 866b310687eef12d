//! Pooling layers.

mod adaptive;
mod fractional;
mod global;
mod unpool;
mod windows;

pub use adaptive::*;
pub use fractional::{FractionalMaxPool2d, FractionalMaxPool3d};
pub use global::*;
pub use unpool::{MaxUnpool1d, MaxUnpool2d, MaxUnpool3d};
pub use windows::*;
