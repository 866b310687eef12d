//! Layers made of layers.

mod lambda;
mod module_dict;
mod parallel;
mod residual;
mod sequential;
mod time_distributed;

pub use lambda::{Fallible, Infallible, IntoLayer, Itself, Lambda};
pub use module_dict::ModuleDict;
pub use parallel::Parallel;
pub use residual::Residual;
pub use sequential::Sequential;
pub use time_distributed::TimeDistributed;
