//! Schedules that rise again.

mod cosine;
mod one_cycle;
mod one_cycle_momentum;
mod triangular;
mod triangular_momentum;
mod warm_restarts;

pub use cosine::CosineAnnealingLR;
pub use one_cycle::OneCycleLR;
pub use one_cycle_momentum::OneCycleMomentum;
pub use triangular::{CyclicLR, CyclicMode};
pub use triangular_momentum::CyclicMomentum;
pub use warm_restarts::CosineAnnealingWarmRestarts;
