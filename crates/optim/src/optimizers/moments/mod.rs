//! Adam and its kin: averages of the gradient and of its square.

mod adam;
mod adamw;
mod nadam;

pub use adam::Adam;
pub use adamw::AdamW;
pub use nadam::NAdam;

register![Adam, AdamW, NAdam];
