//! A vector said several times.

use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{Dim, Result, Tensor};
use wengert_derive::Module;

/// Repeats each sample along a new dimension.
///
/// # Shapes
/// `[N, D] → [N, n, D]`
///
/// # Errors
/// `forward` fails if the input has another number of dimensions.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, RepeatVector};
/// let y = RepeatVector::new(2)?.forward(&Tensor::from([[1.0, 2.0]]))?;
/// assert_eq!((y.shape(), y.to_vec::<f32>()?), (&[1, 2, 2][..], vec![1.0, 2.0, 1.0, 2.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct RepeatVector {
    n: isize,
}

impl RepeatVector {
    /// A layer that repeats `n` times.
    ///
    /// # Errors
    /// If `n` is negative.
    pub fn new(n: impl Dim) -> Result<RepeatVector> {
        let n = n.signed();
        Check("RepeatVector").require(n >= 0, "n", n, "at least 0")?;
        Ok(RepeatVector { n })
    }
}

impl Layer for RepeatVector {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Check("RepeatVector").shape::<2>("the input", x, "[N, D]")?;
        x.unsqueeze(1)?.expand(&[-1, self.n, -1])
    }
}

#[cfg(test)]
cases![
    layer("RepeatVector", |_| RepeatVector::new(3))
        .maps(&[2, 4], &[2, 3, 4])
        .maps(&[0, 4], &[0, 3, 4])
        .refuses(&[4], "RepeatVector: the input has shape [4], expected [N, D]"),
    layer("RepeatVector", |_| RepeatVector::new(-1)).cannot_be("RepeatVector: n is -1, it must be at least 0"),
];
