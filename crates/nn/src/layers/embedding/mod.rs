//! Layers that look rows of a table up.

mod bag;
mod table;

pub use bag::EmbeddingBag;
pub use table::Embedding;
