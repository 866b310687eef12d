//! Layers, in chapters; those that act element by element are in [`crate::activation`].

mod attention;
mod containers;
mod conv;
mod dense;
mod dropout;
mod embedding;
mod graph;
mod lazy;
mod linear;
mod merge;
mod normalize;
mod padding;
mod parametrize;
mod pool;
mod recurrent;
mod resize;
mod shape;

pub use attention::*;
pub use containers::*;
pub use conv::*;
pub use dense::*;
pub use dropout::*;
pub use embedding::*;
pub use graph::*;
pub use lazy::*;
pub use linear::{Linear, LinearOptions};
pub use merge::*;
pub use normalize::*;
pub use padding::*;
pub use parametrize::*;
pub use pool::*;
pub use recurrent::*;
pub use resize::*;
pub use shape::*;
