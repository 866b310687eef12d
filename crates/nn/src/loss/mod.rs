//! Losses: distances of outputs from targets, as functions with PyTorch's defaults and as structs with options.

mod bce_with_logits;
mod cross_entropy;
mod hint;
mod l1;
mod mse;
mod objective;
mod pair;
mod parts;
mod reduction;
mod smooth_l1;

pub use bce_with_logits::{BceWithLogitsLoss, binary_cross_entropy_with_logits};
pub use cross_entropy::{CrossEntropyLoss, cross_entropy};
pub use l1::{L1Loss, l1_loss};
pub use mse::{MseLoss, mse_loss};
pub use objective::Loss;
pub use parts::{ByParts, LossParts, by_parts};
pub use reduction::Reduction;
pub use smooth_l1::{SmoothL1Loss, smooth_l1_loss};
