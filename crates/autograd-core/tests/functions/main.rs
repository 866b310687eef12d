//! Derivatives of functions: products with matrices of derivatives, checkpoints, roots.

mod checkpoint;
mod composed;
mod implicit;
mod products;
