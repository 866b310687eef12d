//! Operations on runs and groups of rows: segments by id, sparse matrices by their entries.

pub(crate) mod csr;
mod segment;
mod segment_softmax;
