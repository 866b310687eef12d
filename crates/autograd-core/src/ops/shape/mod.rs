//! Operations that rearrange elements. Most are views: the same memory with other strides.

pub(crate) mod assemble;
pub(crate) mod strided;

pub(crate) mod cat;
pub(crate) mod expand;
pub(crate) mod permute;
pub(crate) mod repeat;
pub(crate) mod repeat_interleave;
pub(crate) mod reshape;
pub(crate) mod select;
pub(crate) mod slice;
pub(crate) mod unflatten;

pub(crate) mod fill;
pub(crate) mod join;
pub(crate) mod order;
pub(crate) mod parts;
