//! Numbers that name a dimension, a size or a position.

use smallvec::SmallVec;

/// A number that names a dimension, a position, or a size in a list of sizes: literals, `usize` and `isize` alike.
/// Negative ones count from the end, where an operation says so.
///
/// ```
/// use autograd_core::Tensor;
/// let x = Tensor::from([1, 2, 3, 4, 5, 6]);
/// let rows = x.numel() / 2;
/// assert_eq!(x.reshape(&[rows, 2])?.shape(), [3, 2]);
/// assert_eq!(x.reshape(&[2, -1])?.shape(), [2, 3]);
/// assert_eq!(x.narrow(0, rows, 2)?.to_vec::<i64>()?, [4, 5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Dim: Copy + std::fmt::Debug {
    /// The number; what is too large for an `isize` is the largest, which no tensor has.
    fn signed(self) -> isize;
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl Dim for $t {
            #[inline]
            fn signed(self) -> isize {
                // The sign is the number's own: only one that is not negative can be too large.
                isize::try_from(self).unwrap_or(if self > 0 as $t { isize::MAX } else { isize::MIN })
            }
        }
    )*};
}
// A literal without a type is an `i32`.
numbers!(i32 i64 isize usize);

/// A list of them.
pub(crate) fn signed<D: Dim>(numbers: &[D]) -> SmallVec<[isize; 8]> {
    numbers.iter().map(|number| number.signed()).collect()
}
