//! Attention, and the rotation of its queries and keys by their positions.

pub(crate) mod options;
mod prepare;
pub(crate) mod rotary;
mod scaled_dot_product;
#[cfg(test)]
mod tests;
mod twin;
