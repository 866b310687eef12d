//! Optimizers around optimizers.

mod ema;
mod guard;
mod kept;
mod lookahead;
mod sam;
mod swa;
mod transformed;
mod wrapped;

pub use ema::Ema;
pub use guard::Guard;
pub use lookahead::Lookahead;
pub use sam::Sam;
pub use swa::Swa;
pub use transformed::Transformed;
