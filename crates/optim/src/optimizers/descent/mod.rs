//! Steps along the gradient or a direction made of gradients, without a scale for each element.

mod sgd;

pub use sgd::Sgd;

register![Sgd];
