//! Adam and its kin: averages of the gradient and of its square.

mod adabelief;
mod adam;
mod adamax;
mod adamaxw;
mod adamw;
mod nadam;
mod radam;
mod yogi;

pub use adabelief::AdaBelief;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamaxw::AdamaxW;
pub use adamw::AdamW;
pub use nadam::NAdam;
pub use radam::RAdam;
pub use yogi::Yogi;

register![Adam, AdamW, NAdam, RAdam, Adamax, AdamaxW, AdaBelief, Yogi];
