//! The identity as a convolution.

use super::Initializer;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;

/// The initialiser of [`dirac`].
///
/// # Examples
/// ```
/// use wengert_nn::init::{Dirac, dirac};
/// let start: Dirac = dirac().groups(2);
/// assert_ne!(start, dirac());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirac {
    groups: usize,
}

/// Kernels that are 1 at their middle where output channel i, counted within its group, meets input channel i, and 0
/// elsewhere: a convolution passes on as many channels as it can. The middle of K taps is tap K / 2, rounded down.
///
/// # Shapes
/// `[O, C, K..]` with one, two or three dims of taps.
///
/// # Examples
/// ```
/// use autograd_core::{DType, seeded};
/// use wengert_nn::init::{Initializer, dirac};
/// let w = dirac().tensor(&[2, 2, 3], DType::F32, &mut seeded(7))?;
/// assert_eq!(w.to_vec::<f32>()?, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn dirac() -> Dirac {
    Dirac { groups: 1 }
}

impl Dirac {
    /// The number of groups of the convolution, at least 1 and a divisor of O. Default 1.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Dirac {
        self.groups = groups;
        self
    }
}

impl Initializer for Dirac {
    fn tensor(&self, shape: &[usize], dtype: DType, _: &mut dyn Rng) -> Result<Tensor> {
        let ([outputs, inputs, kernel @ ..], 3..=5) = (shape, shape.len()) else {
            return Err(Error::shape("dirac", "the weight", shape, "three to five dimensions"));
        };
        let divides = self.groups > 0 && outputs.is_multiple_of(self.groups);
        Check("dirac").require(divides, "groups", self.groups, format!("a divisor of {outputs}, the channels"))?;
        let group = outputs / self.groups;
        // The middle of all taps, in row-major order.
        let middle = kernel.iter().fold(0usize, |at, size| at.saturating_mul(*size).saturating_add(size / 2));
        let taps = kernel.iter().fold(1usize, |taps, size| taps.saturating_mul(*size));
        let mut at = 0..;
        let mut next = || at.next().unwrap_or_default();
        Tensor::sample(shape, dtype, || {
            let at: usize = next();
            let (tap, input, output) = (at % taps, at / taps % inputs, at / taps / inputs);
            if tap == middle && output % group == input { 1.0 } else { 0.0 }
        })
    }
}

#[cfg(test)]
cases![
    made("dirac", dirac())
        .gives([[[0.0, 1.0, 0.0], [0.0; 3], [0.0; 3]], [[0.0; 3], [0.0, 1.0, 0.0], [0.0; 3]]])
        .gives([[[0.0, 1.0]], [[0.0, 0.0]]])
        .gives([[[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]])
        .gives([[[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]]]])
        .holds(&[0, 3, 2], |_| Ok(()))
        .holds(&[3, 2, 0], |_| Ok(()))
        .refuses(&[2, 2], "dirac: the weight has shape [2, 2], expected three to five dimensions")
        .refuses(&[1; 6], "dirac: the weight has shape [1, 1, 1, 1, 1, 1], expected three to five dimensions"),
    made("dirac", dirac().groups(2))
        .gives([[[1.0]], [[0.0]], [[1.0]], [[0.0]]])
        .gives([[[1.0], [0.0]], [[0.0], [1.0]], [[1.0], [0.0]], [[0.0], [1.0]]])
        .refuses(&[3, 1, 1], "dirac: groups is 2, it must be a divisor of 3, the channels"),
    made("dirac", dirac().groups(0)).refuses(&[2, 1, 1], "dirac: groups is 0, it must be a divisor of 2, the channels"),
];
