//! Operations that rearrange elements. Most are views: the same memory with other strides.

pub(crate) mod assemble;
pub(crate) mod cat;
pub(crate) mod expand;
pub(crate) mod permute;
pub(crate) mod reshape;
pub(crate) mod select;
pub(crate) mod slice;
