//! Convolutions of 1 to 3 spatial dims, their transposes, and the panels they are products with.

pub(crate) mod conv_transpose;
pub(crate) mod convolution;
pub(crate) mod fold;
pub(crate) mod form;
pub(crate) mod padding;
pub(crate) mod per_dim;
pub(crate) mod unfold;
