//! Losses of classes and of probabilities.

mod bce;
mod bce_with_logits;
mod categorical;
mod cross_entropy;
mod dice;
mod fenchel_young;
mod focal;
mod generalized;
mod kl_div;
mod labelled;
mod linear_cross_entropy;
mod multilabel_soft_margin;
mod nll;
mod poly;
mod probabilities;
mod ranking_softmax;
mod sparsemax;
mod tversky;

pub use bce::{BceLoss, binary_cross_entropy};
pub use bce_with_logits::{BceWithLogitsLoss, binary_cross_entropy_with_logits};
pub use categorical::{CategoricalCrossEntropyLoss, categorical_cross_entropy};
pub use cross_entropy::{CrossEntropyLoss, cross_entropy};
pub use dice::{DiceLoss, dice_loss};
pub use fenchel_young::FenchelYoungLoss;
pub use focal::{BinaryFocalLoss, CategoricalFocalLoss};
pub use generalized::{GeneralizedCrossEntropyLoss, generalized_cross_entropy};
pub use kl_div::{KlDivLoss, kl_div};
pub use linear_cross_entropy::{LinearCrossEntropyLoss, linear_cross_entropy};
pub use multilabel_soft_margin::{MultiLabelSoftMarginLoss, multilabel_soft_margin_loss};
pub use nll::{NllLoss, nll_loss};
pub use poly::{PolyCrossEntropyLoss, poly_loss_cross_entropy};
pub use ranking_softmax::{RankingSoftmaxLoss, ranking_softmax_loss};
pub use sparsemax::{MulticlassSparsemaxLoss, SparsemaxLoss, multiclass_sparsemax_loss, sparsemax_loss};
pub use tversky::{TverskyLoss, tversky_loss};
