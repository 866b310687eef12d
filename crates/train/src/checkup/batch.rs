//! The forms of a batch.

use autograd_core::Tensor;

/// Inputs and a target: `(x, y)` or `(&x, &y)`, and for a model of several inputs `(vec![a, b], y)`, as a
/// [`DataLoader`](wengert_data::DataLoader) gives them.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_train::IntoBatch;
/// let (inputs, target) = (Tensor::from([1.0, 2.0]), Tensor::from([0, 1])).into_batch();
/// assert_eq!((inputs.len(), target.shape()), (1, &[2][..]));
/// ```
pub trait IntoBatch {
    /// The inputs and the target.
    fn into_batch(self) -> (Vec<Tensor>, Tensor);
}

impl IntoBatch for (Tensor, Tensor) {
    fn into_batch(self) -> (Vec<Tensor>, Tensor) {
        (vec![self.0], self.1)
    }
}

impl IntoBatch for (&Tensor, &Tensor) {
    fn into_batch(self) -> (Vec<Tensor>, Tensor) {
        (vec![self.0.clone()], self.1.clone())
    }
}

impl IntoBatch for (Vec<Tensor>, Tensor) {
    fn into_batch(self) -> (Vec<Tensor>, Tensor) {
        self
    }
}

impl<B: IntoBatch + Clone> IntoBatch for &B {
    fn into_batch(self) -> (Vec<Tensor>, Tensor) {
        self.clone().into_batch()
    }
}
