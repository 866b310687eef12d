//! Steps whose length the value of the loss says.

mod momo;
mod momo_adam;
mod polyak_sgd;

use crate::norms::norm2;
use crate::turn::{Decay, Turn};
use autograd_core::Result;

pub use momo::Momo;
pub use momo_adam::MomoAdam;
pub use polyak_sgd::PolyakSgd;

// None of them is in the register: what knows optimizers by name steps along gradients alone.

/// The `λ/2 · Σ p²` of a parameter with a coupled decay, by which the loss is more: its gradient is `g + λ p`.
fn penalty(turn: &Turn<'_>) -> Result<f64> {
    match turn.decay {
        Decay::Coupled if turn.weight_decay != 0.0 => Ok(0.5 * turn.weight_decay * norm2(turn.parameter)?.powi(2)),
        _ => Ok(0.0),
    }
}
