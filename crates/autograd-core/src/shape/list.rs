//! The shapes that users see.

use super::Dims;
use smallvec::SmallVec;

/// The sizes of a tensor's dimensions, printed as `[2, 3]`.
///
/// # Examples
/// ```
/// use autograd_core::{Shape, Tensor, graph};
/// let x = Tensor::from([[1.0, 2.0, 3.0]]).requires_grad();
/// let shape: &Shape = &graph(&x).nodes[0].shape;
/// assert_eq!((shape.to_string(), shape.len()), ("[1, 3]".into(), 2));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub(crate) Dims);

impl std::ops::Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Shape(SmallVec::from_slice(sizes))
    }
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0[..], f)
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0[..], f)
    }
}
