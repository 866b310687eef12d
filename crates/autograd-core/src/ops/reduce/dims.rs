//! The dimensions of a reduction, as its caller names them.

use crate::shape::Shape;
use smallvec::SmallVec;

/// The dimensions that a reduction folds: one, several, or `..` for all of them. They are left out of the result,
/// unless [`keep`] leaves them in with size one. Negative ones count from the end. An empty list names no dim, so
/// nothing is folded: every element is a result of its own.
///
/// ```
/// use autograd_core::{Tensor, keep};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_dim(0)?.to_vec::<f32>()?, [4.0, 6.0]);
/// assert_eq!(x.sum_dim([0, -1])?.item::<f32>()?, 10.0);
/// assert_eq!(x.sum_dim(keep(1))?.shape(), [2, 1]);
/// assert_eq!(x.sum_dim(keep(..))?.shape(), [1, 1]);
/// assert_eq!(x.sum_dim([0; 0])?.shape(), [2, 2]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReduceDims {
    /// `None` means all.
    pub(super) dims: Option<SmallVec<[isize; 4]>>,
    pub(crate) keep: bool,
}

/// The same dimensions, kept in the result with size one.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, keep};
/// assert_eq!(Tensor::from([[1.0, 5.0], [3.0, 2.0]]).sum_dim(keep(1))?.shape(), [2, 1]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn keep(dims: impl Into<ReduceDims>) -> ReduceDims {
    ReduceDims { keep: true, ..dims.into() }
}

impl From<std::ops::RangeFull> for ReduceDims {
    fn from(_: std::ops::RangeFull) -> ReduceDims {
        ReduceDims { dims: None, keep: false }
    }
}

/// A list known at run time only.
impl From<&[isize]> for ReduceDims {
    fn from(dims: &[isize]) -> ReduceDims {
        ReduceDims { dims: Some(dims.into()), keep: false }
    }
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl From<$t> for ReduceDims {
            fn from(dim: $t) -> ReduceDims {
                ReduceDims { dims: Some(SmallVec::from_slice(&[dim as isize])), keep: false }
            }
        }
        impl<const N: usize> From<[$t; N]> for ReduceDims {
            fn from(dims: [$t; N]) -> ReduceDims {
                ReduceDims { dims: Some(dims.iter().map(|dim| *dim as isize).collect()), keep: false }
            }
        }
    )*};
}
// A literal without a type is an `i32`.
numbers!(i32 isize usize);

impl ReduceDims {
    /// The dimensions as they were named, for an operation that leaves them in anyway; `None` for all.
    pub(crate) fn listed(&self, op: &'static str) -> crate::Result<Option<&[isize]>> {
        if !self.keep {
            return Ok(self.dims.as_deref());
        }
        let text = format!("{op}: keep says nothing here, for the dims stay in the result with their sizes");
        Err(crate::Error::new(crate::ErrorKind::Argument, text))
    }

    /// The only dimension, for reductions that return positions along one; for a scalar, its own.
    pub(crate) fn only(&self, op: &'static str, shape: &[usize]) -> crate::Result<isize> {
        let got = match self.dims.as_deref() {
            Some([dim]) => return Ok(*dim),
            Some(dims) => format!("{dims:?}"),
            None => "..".into(),
        };
        let text = format!("{op}: needs one dim, got {got} (shape {})", Shape::from(shape));
        Err(crate::Error::new(crate::ErrorKind::Dim, text))
    }
}
