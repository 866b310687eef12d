//! Layers, one file for each; those that act element by element are in [`crate::activation`].

mod attention;
mod conv;
mod dropout;
mod embedding;
mod flatten;
mod lambda;
mod linear;
mod normalize;
mod pool;
mod sequential;

pub use attention::*;
pub use conv::{Conv1d, Conv2d, Conv3d, ConvOptions};
pub use dropout::Dropout;
pub use embedding::*;
pub use flatten::Flatten;
pub use lambda::{Fallible, Infallible, IntoLayer, Itself, Lambda};
pub use linear::{Linear, LinearOptions};
pub use normalize::*;
pub use pool::*;
pub use sequential::Sequential;
