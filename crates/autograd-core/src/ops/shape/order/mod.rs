//! The same elements in another order.

pub(crate) mod flip;
pub(crate) mod movedim;
pub(crate) mod remap;
pub(crate) mod roll;
pub(crate) mod rot90;
