//! Steps with a scale for each element, from the squares or the signs of its gradients.

mod rmsprop;

pub use rmsprop::RmsProp;

register![RmsProp];
