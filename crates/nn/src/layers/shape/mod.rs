//! Other shapes of the same elements.

mod flatten;
mod permute;
mod repeat_vector;
mod reshape;
mod unflatten;

pub use flatten::Flatten;
pub use permute::Permute;
pub use repeat_vector::RepeatVector;
pub use reshape::Reshape;
pub use unflatten::Unflatten;
