//! Lists of tensors to differentiate for.

use crate::tensor::Tensor;

/// A list of tensors as an argument: an array gives an array of results, and anything else a `Vec`. Its elements are
/// tensors, parameters, or references to either.
///
/// ```
/// use autograd_core::{Tensor, grad};
/// let (a, b) = (Tensor::from(2.0).requires_grad(), Tensor::from(5.0).requires_grad());
/// let y = &a * &b;
/// let [da, db] = grad(&y, [&a, &b])?;
/// assert_eq!((da.item::<f32>()?, db.item::<f32>()?), (5.0, 2.0));
/// let list = vec![a, b];
/// assert_eq!(grad(&y, &list)?.len(), 2);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait TensorList {
    /// A list of as many `T`.
    type Of<T>;

    /// The tensors in order.
    fn tensors(&self) -> Vec<&Tensor>;

    /// One result for each tensor, in their order.
    fn of<T>(results: Vec<T>) -> Self::Of<T>;
}

impl<A: AsRef<Tensor>, const N: usize> TensorList for [A; N] {
    type Of<T> = [T; N];
    fn tensors(&self) -> Vec<&Tensor> {
        self.iter().map(A::as_ref).collect()
    }
    fn of<T>(results: Vec<T>) -> [T; N] {
        results.try_into().unwrap_or_else(|_| unreachable!("there is one result for each tensor"))
    }
}

macro_rules! vectors {
    ($([$($generic:tt)*] $list:ty;)*) => {$(
        impl<A: AsRef<Tensor>, $($generic)*> TensorList for $list {
            type Of<T> = Vec<T>;
            fn tensors(&self) -> Vec<&Tensor> {
                self.iter().map(A::as_ref).collect()
            }
            fn of<T>(results: Vec<T>) -> Vec<T> {
                results
            }
        }
    )*};
}
vectors! {
    [] Vec<A>;
    [] &Vec<A>;
    [] &[A];
    [const N: usize] &[A; N];
}

impl AsRef<Tensor> for Tensor {
    fn as_ref(&self) -> &Tensor {
        self
    }
}
