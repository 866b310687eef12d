//! Steps with a scale for each element, from the squares or the signs of its gradients.

mod adadelta;
mod adagrad;
mod ftrl;
mod rmsprop;
mod rprop;
mod sm3;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use ftrl::Ftrl;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use sm3::Sm3;

register![RmsProp, Adagrad, Adadelta, Rprop, Ftrl, Sm3];
