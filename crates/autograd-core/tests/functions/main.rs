//! Derivatives of functions: products with matrices of derivatives, checkpoints, roots.

mod checkpoint;
mod implicit;
mod products;
