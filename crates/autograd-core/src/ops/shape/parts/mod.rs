//! Parts of a tensor, one or a list of them; views where the strides allow.

pub(crate) mod diagonal;
pub(crate) mod index;
pub(crate) mod pick;
pub(crate) mod split;
pub(crate) mod tensor_split;
pub(crate) mod unbind;
pub(crate) mod unfold;
