//! Steps with a scale for each element, from the squares or the signs of its gradients.

mod adadelta;
mod adagrad;
mod cocob;
mod ftrl;
mod madgrad;
mod rmsprop;
mod rprop;
mod sm3;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use cocob::Cocob;
pub use ftrl::Ftrl;
pub use madgrad::Madgrad;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use sm3::Sm3;

register![RmsProp, Adagrad, Adadelta, Rprop, Ftrl, Sm3, Madgrad, Cocob];
