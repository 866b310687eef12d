//! Layers over graphs: convolutions along edges, pooling of whole graphs, and batches of them.

mod batched;
mod gat;
mod gcn;
mod gin;
mod parts;
mod pool;
mod sage;
mod sort_pooling;

#[cfg(test)]
mod tests;

pub use batched::Graph;
pub use gat::{FillValue, GATConv, GATConvOptions};
pub use gcn::{GCNConv, GCNConvOptions};
pub use gin::{GINConv, GINConvOptions};
pub use parts::Aggregation;
pub use pool::{GlobalAddPool, GlobalMaxPool, GlobalMeanPool};
pub use sage::{SAGEConv, SAGEConvOptions};
pub use sort_pooling::SortPooling;
