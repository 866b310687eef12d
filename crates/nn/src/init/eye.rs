//! The identity as a matrix.

use super::Initializer;
use super::distribution::largest;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;

/// The initialiser of [`eye`] and [`identity`].
///
/// # Examples
/// ```
/// use wengert_nn::init::{Eye, eye, identity};
/// let start: Eye = eye();
/// assert_eq!(start, identity());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eye {
    gain: f64,
}

/// A matrix with ones on its diagonal and zeros beside it: a linear layer passes on as many of its inputs as it can.
///
/// # Examples
/// ```
/// use autograd_core::{DType, seeded};
/// use wengert_nn::init::{Initializer, eye};
/// let w = eye().gain(0.5).tensor(&[2, 3], DType::F32, &mut seeded(7))?;
/// assert_eq!(w.to_vec::<f32>()?, [0.5, 0.0, 0.0, 0.0, 0.5, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn eye() -> Eye {
    Eye { gain: 1.0 }
}

/// Keras's name for [`eye`].
///
/// # Examples
/// ```
/// use wengert_nn::init::{eye, identity};
/// assert_eq!(identity().gain(2.0), eye().gain(2.0));
/// ```
pub fn identity() -> Eye {
    eye()
}

impl Eye {
    /// The numbers on the diagonal, finite. Default 1.
    #[must_use]
    pub fn gain(mut self, gain: f64) -> Eye {
        self.gain = gain;
        self
    }
}

impl Initializer for Eye {
    fn tensor(&self, shape: &[usize], dtype: DType, _: &mut dyn Rng) -> Result<Tensor> {
        let [_, columns] = *shape else {
            return Err(Error::shape("eye", "the weight", shape, "two dimensions"));
        };
        Check("eye").require(
            self.gain.abs() <= largest(dtype),
            "gain",
            self.gain,
            format!("a number that {dtype} holds"),
        )?;
        let mut at = 0..;
        let mut next = || at.next().unwrap_or_default();
        Tensor::sample(shape, dtype, || {
            let at: usize = next();
            if at / columns == at % columns { self.gain } else { 0.0 }
        })
    }
}

#[cfg(test)]
cases![
    made("eye", eye())
        .gives([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
        .gives([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
        .holds(&[0, 3], |_| Ok(()))
        .holds(&[3, 0], |_| Ok(()))
        .refuses(&[3], "eye: the weight has shape [3], expected two dimensions")
        .refuses(&[2, 2, 2], "eye: the weight has shape [2, 2, 2], expected two dimensions"),
    made("eye", identity().gain(f64::INFINITY))
        .refuses(&[2, 2], "eye: gain is inf, it must be a number that F32 holds"),
];
