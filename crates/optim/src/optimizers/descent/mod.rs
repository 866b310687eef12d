//! Steps along the gradient or a direction made of gradients, without a scale for each element.

mod asgd;
mod dog;
mod dowg;
mod fromage;
mod lars;
mod momentum;
mod noisy_sgd;
mod optimistic;
mod sgd;
mod sign_sgd;

pub use asgd::Asgd;
pub use dog::Dog;
pub use dowg::Dowg;
pub use fromage::Fromage;
pub use lars::Lars;
pub use momentum::Momentum;
pub use noisy_sgd::NoisySgd;
pub use optimistic::OptimisticGradientDescent;
pub use sgd::Sgd;
pub use sign_sgd::SignSgd;

register![Sgd, SignSgd, NoisySgd, Asgd, OptimisticGradientDescent, Lars, Fromage, Dog, Dowg];
