//! Losses of margins: between scores, classes, or distances.

mod categorical_hinge;
mod cosine_embedding;
mod cosine_similarity;
mod distance;
mod hinge;
mod hinge_embedding;
mod margin_ranking;
mod multi_margin;
mod multilabel_margin;
mod perceptron;
mod soft_margin;
mod triplet;
mod triplet_with_distance;

pub use categorical_hinge::{CategoricalHingeLoss, categorical_hinge_loss};
pub use cosine_embedding::{CosineEmbeddingLoss, cosine_embedding_loss};
pub use cosine_similarity::{CosineSimilarityLoss, cosine_similarity_loss};
pub use distance::Distance;
pub(super) use distance::unit;
pub use hinge::{HingeLoss, hinge_loss};
pub use hinge_embedding::{HingeEmbeddingLoss, hinge_embedding_loss};
pub use margin_ranking::{MarginRankingLoss, margin_ranking_loss};
pub use multi_margin::{MultiMarginLoss, multi_margin_loss};
pub use multilabel_margin::{MultiLabelMarginLoss, multilabel_margin_loss};
pub use perceptron::{MulticlassPerceptronLoss, PerceptronLoss, multiclass_perceptron_loss, perceptron_loss};
pub use soft_margin::{SoftMarginLoss, soft_margin_loss};
pub use triplet::{TripletMarginLoss, triplet_margin_loss};
pub use triplet_with_distance::{TripletMarginWithDistanceLoss, triplet_margin_with_distance_loss};
