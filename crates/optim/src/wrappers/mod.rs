//! Optimizers around optimizers.

mod again;
mod ema;
mod guard;
mod kept;
mod lookahead;
mod mechanic;
mod own;
mod parts;
mod sam;
mod swa;
mod transformed;
mod view;
mod wrap;
mod wrapped;

pub use ema::Ema;
pub use guard::Guard;
pub use lookahead::Lookahead;
pub use mechanic::Mechanic;
pub use parts::Parts;
pub use sam::Sam;
pub use swa::Swa;
pub use transformed::Transformed;
