//! Operations that pick elements by index. An index out of range, so also a negative one, is an error that names it.

pub(crate) mod gather;
pub(crate) mod index_select;
pub(crate) mod one_hot;
