//! Operations that pick and write elements by index. An index out of range is an error that names it; so is a negative
//! one, except where it counts from the end, as in PyTorch: `take`, `take_along_dim`, `put`, `index`, `index_put`.

mod bincount;
pub(crate) mod embedding;
pub(crate) mod embedding_bag;
pub(crate) mod gather;
mod index_add;
mod index_put;
pub(crate) mod index_select;
mod masked_select;
pub(crate) mod one_hot;
pub(crate) mod placed;
mod product_at;
mod scatter;
pub(crate) mod scatter_reduce;
mod take;
mod wrapped;
