//! The dimension and the direction of an order.

use crate::shape::Dim;

/// A dimension to sort along, and the direction: a number, [`ascending`] or [`descending`].
///
/// # Examples
/// ```
/// use autograd_core::{SortDim, Tensor, descending};
/// let x = Tensor::from([2, 3, 1]);
/// assert_eq!(x.sort(0)?.0.to_vec::<i64>()?, [1, 2, 3]);
/// let dim: SortDim = descending(0);
/// assert_eq!(x.sort(dim)?.0.to_vec::<i64>()?, [3, 2, 1]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortDim {
    pub(super) dim: isize,
    /// `None`: as the operation does by default.
    pub(super) descending: Option<bool>,
}

/// The smallest elements along `dim` first.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, ascending};
/// let (values, _) = Tensor::from([3, 1, 2]).topk(2, ascending(0))?;
/// assert_eq!(values.to_vec::<i64>()?, [1, 2]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn ascending(dim: impl Dim) -> SortDim {
    SortDim { dim: dim.signed(), descending: Some(false) }
}

/// The largest elements along `dim` first.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, descending};
/// assert_eq!(Tensor::from([3, 1, 2]).argsort(descending(0))?.to_vec::<i64>()?, [0, 2, 1]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn descending(dim: impl Dim) -> SortDim {
    SortDim { dim: dim.signed(), descending: Some(true) }
}

impl<D: Dim> From<D> for SortDim {
    fn from(dim: D) -> SortDim {
        SortDim { dim: dim.signed(), descending: None }
    }
}
