//! Layers, one file for each; those that act element by element are in [`crate::activation`].

mod dropout;
mod flatten;
mod lambda;
mod linear;
mod sequential;

pub use dropout::Dropout;
pub use flatten::Flatten;
pub use lambda::{Fallible, Infallible, IntoLayer, Itself, Lambda};
pub use linear::{Linear, LinearOptions};
pub use sequential::Sequential;
