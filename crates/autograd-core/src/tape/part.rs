//! Parts of a tensor, to take one out and to add its gradient back.

use crate::error::Result;
use crate::tensor::Tensor;

/// Some elements of a tensor, taken out by an operation that cuts (`narrow`, `index_select`, `gather`).
///
/// The engine adds the gradient of a part in place to what waits for the whole. In a recorded walk it collects the
/// parts, and puts them together once, by an operation that is differentiated by taking the parts out again.
pub(crate) trait Part: Send + Sync {
    /// The part of `whole`, recorded.
    ///
    /// # Errors
    /// None for a tensor of the shape that the part was made for.
    fn take(&self, whole: &Tensor) -> Result<Tensor>;

    /// Adds `gradient`, of the part's shape, to the part's elements of `sum`. Both are floats of one dtype.
    fn add(&self, sum: &mut Tensor, gradient: &Tensor);

    /// The same part, to be kept for longer.
    fn boxed(&self) -> Box<dyn Part>;
}
