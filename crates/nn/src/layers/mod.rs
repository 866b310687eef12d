//! Layers, in chapters; those that act element by element are in [`crate::activation`].

mod attention;
mod conv;
mod dense;
mod dropout;
mod embedding;
mod graph;
mod lambda;
mod lazy;
mod linear;
mod normalize;
mod padding;
mod pool;
mod recurrent;
mod resize;
mod sequential;
mod shape;

pub use attention::*;
pub use conv::*;
pub use dense::*;
pub use dropout::*;
pub use embedding::*;
pub use graph::*;
pub use lambda::{Fallible, Infallible, IntoLayer, Itself, Lambda};
pub use lazy::*;
pub use linear::{Linear, LinearOptions};
pub use normalize::*;
pub use padding::*;
pub use pool::*;
pub use recurrent::*;
pub use resize::*;
pub use sequential::Sequential;
pub use shape::*;
