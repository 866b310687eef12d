//! A block and its size class.

use super::block::Block;

/// Sizes are rounded up to a class: multiples of 64 bytes up to 256, then four classes to each power of two, so at most
/// a fifth of a buffer is waste.
pub fn class_of(bytes: usize) -> usize {
    let units = bytes.div_ceil(64).max(1);
    if units <= 4 {
        return units - 1;
    }
    let exponent = (units - 1).ilog2() as usize; // ≥ 2
    (exponent - 1) * 4 + (((units - 1) >> (exponent - 2)) & 3)
}

/// The bytes of a block of this class; `None` if they cannot be counted.
pub fn class_bytes(class: usize) -> Option<usize> {
    if class < 4 {
        return Some((class + 1) * 64);
    }
    let exponent = class / 4 + 1;
    ((1usize << exponent) + ((class % 4 + 1) << (exponent - 2))).checked_mul(64)
}

/// A block with its size class.
pub struct Piece {
    /// The block.
    pub block: Block,
    /// The class.
    pub class: usize,
}
