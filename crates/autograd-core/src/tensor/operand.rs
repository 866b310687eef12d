//! The operand of a kernel.

use crate::shape::Layout;
use crate::storage::block::{Plain, typed};

/// An operand as a kernel sees it: a layout over memory.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
}

impl<'a> Operand<'a> {
    /// An operand in `bytes`, from the element on that its layout begins with.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], layout: &'a Layout) -> Operand<'a> {
        Operand { bytes, layout }
    }

    /// The elements in row-major order; they lie so in memory.
    #[inline]
    pub(crate) fn flat<T: Plain>(self) -> &'a [T] {
        debug_assert!(self.layout.is_contiguous());
        typed(self.bytes, self.layout.offset(), self.layout.numel())
    }

    /// The memory from the first element on: index it with the strides.
    #[inline]
    pub(crate) fn strided<T: Plain>(self) -> &'a [T] {
        typed(self.bytes, self.layout.offset(), self.layout.span())
    }

    /// The sizes of the dimensions.
    pub(crate) fn shape(self) -> &'a [usize] {
        self.layout.shape()
    }

    /// The distances between neighbours, in elements.
    pub(crate) fn strides(self) -> &'a [usize] {
        self.layout.strides()
    }
}
