//! The value that tensors share: a layout over elements in memory.

use super::DType;
use crate::shape::Layout;
use crate::storage::block::{Block, Plain};
use crate::storage::piece::Piece;
use crate::storage::shared::{Recycled, Shared};

/// An array of elements, or a view of another's.
pub(super) struct Value {
    pub(super) memory: Memory,
    pub(super) layout: Layout,
    pub(super) dtype: DType,
}

/// The place of the elements.
pub(super) enum Memory {
    /// In a block from the pool.
    Own(Piece),
    /// In the block of another value, which is not a view itself.
    Of(Recycled<Value>),
}

impl Value {
    /// Another view of the same elements.
    pub(super) fn view(this: &Recycled<Value>, layout: Layout) -> Recycled<Value> {
        let of = match &this.memory {
            Memory::Own(_) => this.clone(),
            Memory::Of(other) => other.clone(),
        };
        Recycled::new(Shared::new_with(|| Value { memory: Memory::Of(of), layout, dtype: this.dtype }))
    }

    fn block(&self) -> &Block {
        match &self.memory {
            Memory::Own(piece) => &piece.block,
            Memory::Of(other) => other.block(),
        }
    }

    /// The memory from the first element of this value on, as many elements as asked for.
    #[inline]
    pub(super) fn slice<T: Plain>(&self, len: usize) -> &[T] {
        let start = self.layout.offset();
        &self.block().slice(start + len)[start..]
    }

    /// The elements of a contiguous value for writing, if no other value can see them.
    #[inline]
    pub(super) fn slice_mut<T: Plain>(this: &mut Recycled<Value>) -> Option<&mut [T]> {
        let value = this.get_mut().filter(|value| value.layout.is_contiguous())?;
        let (start, len) = (value.layout.offset(), value.layout.numel());
        let block = match &mut value.memory {
            Memory::Own(piece) => &mut piece.block,
            Memory::Of(other) => match &mut other.get_mut()?.memory {
                Memory::Own(piece) => &mut piece.block,
                Memory::Of(_) => return None,
            },
        };
        Some(&mut block.slice_mut(start + len)[start..])
    }
}
