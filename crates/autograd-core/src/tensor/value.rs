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
    /// The time when the memory was taken; see [`super::door`].
    pub(super) born: u64,
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
        Recycled::new(Shared::new_with(|| Value { memory: Memory::Of(of), layout, dtype: this.dtype, born: this.born }))
    }

    fn block(&self) -> &Block {
        match &self.memory {
            Memory::Own(piece) => &piece.block,
            Memory::Of(other) => other.block(),
        }
    }

    /// The memory that this value lies in.
    #[inline]
    pub(super) fn memory(&self) -> &[u8] {
        let block = self.block();
        block.slice(block.bytes())
    }

    /// The memory of a value that is no view, for writing, if it has one owner.
    pub(super) fn bytes_mut(this: &mut Recycled<Value>, len: usize) -> Option<&mut [u8]> {
        let value = this.get_mut()?;
        match &mut value.memory {
            Memory::Own(piece) => Some(piece.block.slice_mut(len)),
            Memory::Of(_) => None,
        }
    }

    /// The value that owns the memory.
    pub(super) fn whole(this: &Recycled<Value>) -> Recycled<Value> {
        match &this.memory {
            Memory::Own(_) => this.clone(),
            Memory::Of(other) => other.clone(),
        }
    }

    /// The time when the memory was taken.
    pub(super) fn born(this: &Recycled<Value>) -> u64 {
        match &this.memory {
            Memory::Own(_) => this.born,
            Memory::Of(other) => other.born,
        }
    }

    /// Sets the time of the memory of a value that is its only owner.
    #[inline]
    pub(super) fn set_born(this: &mut Recycled<Value>, time: u64) {
        let Some(value) = this.get_mut() else { return };
        match &mut value.memory {
            Memory::Own(_) => value.born = time,
            Memory::Of(other) => {
                if let Some(other) = other.get_mut() {
                    other.born = time;
                }
            }
        }
    }

    /// How many have the memory of this value: it or a view of it, of which each has the value that owns it.
    pub(super) fn sharers(this: &Recycled<Value>) -> usize {
        match &this.memory {
            Memory::Own(_) => this.owners(),
            Memory::Of(other) => this.owners() + other.owners() - 1,
        }
    }

    /// The place of the value that owns the memory.
    pub(super) fn root(this: &Recycled<Value>) -> usize {
        match &this.memory {
            Memory::Own(_) => std::ptr::from_ref::<Value>(this).addr(),
            Memory::Of(other) => std::ptr::from_ref::<Value>(other).addr(),
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
