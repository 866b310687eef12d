//! Schedules that lead from one rate to another.

mod constant;
mod cosine_decay;
mod exponential;
mod inverse_time;
mod lambda;
mod linear;
mod multi_step;
mod multiplicative;
mod noam;
mod piecewise;
mod polynomial;
mod step;
mod swa;

pub use constant::ConstantLR;
pub use cosine_decay::CosineDecay;
pub use exponential::ExponentialLR;
pub use inverse_time::InverseTimeDecay;
pub use lambda::LambdaLR;
pub use linear::LinearLR;
pub use multi_step::MultiStepLR;
pub use multiplicative::MultiplicativeLR;
pub use noam::NoamLR;
pub use piecewise::PiecewiseLR;
pub use polynomial::PolynomialLR;
pub use step::StepLR;
pub use swa::SWALR;
