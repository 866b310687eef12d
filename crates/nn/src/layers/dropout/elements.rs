//! Random dropping of elements.

use super::drawn;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Stream};
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Dropout: in training each element is 0 with probability `p`, else `x / (1 − p)`; in evaluation nothing changes.
///
/// The layer draws from a stream of its own, seeded from the generator it is built with: a clone draws the same as the
/// original from then on, and a checkpoint remembers the position.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Dropout, Layer};
/// let mut dropout = Dropout::new(0.5, &mut autograd_core::seeded(7))?;
/// let y = dropout.forward(&Tensor::from([1.0, 1.0, 1.0]))?.to_vec::<f32>()?;
/// assert!(y.iter().all(|y| *y == 0.0 || *y == 2.0));
/// dropout.eval();
/// assert_eq!(dropout.forward(&Tensor::from([1.0, 1.0]))?.to_vec::<f32>()?, [1.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, 2014.
#[derive(Clone, Debug, Module)]
pub struct Dropout {
    p: f64,
    stream: Stream,
    mode: Mode,
}

impl Dropout {
    /// A layer that drops an element with probability `p`, `0 ≤ p ≤ 1`.
    ///
    /// # Errors
    /// If `p` is outside its range.
    pub fn new(p: f64, rng: &mut dyn Rng) -> Result<Dropout> {
        Check("Dropout").require((0.0..=1.0).contains(&p), "p", p, "in [0, 1]")?;
        Ok(Dropout { p, stream: Stream::new(rng), mode: Mode::default() })
    }

    /// The probability that an element is dropped.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Dropout;
    /// let mut rng = autograd_core::seeded(7);
    /// assert_eq!(Dropout::new(0.25, &mut rng)?.p(), 0.25);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn p(&self) -> f64 {
        self.p
    }
}

impl Layer for Dropout {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if !self.mode.is_training() || self.p == 0.0 {
            // A value of its own, like every result. Nothing is drawn where nothing is dropped.
            return x.dropout_seeded(0.0, 0);
        }
        drawn(&self.stream, |seed| x.dropout_seeded(self.p, seed))
    }
}

#[cfg(test)]
cases![
    layer("Dropout", |rng| Dropout::new(0.4, rng)).maps(&[3, 4], &[3, 4]).maps(&[], &[]).maps(&[0, 2], &[0, 2]),
    layer("Dropout", |rng| Dropout::new(0.0, rng)).gives([1.0, 2.0], [1.0, 2.0]),
    layer("Dropout", |rng| Dropout::new(1.0, rng)).maps(&[3], &[3]).gives([1.0, 2.0], [0.0, 0.0]),
    layer("Dropout", |rng| Dropout::new(-0.1, rng)).cannot_be("Dropout: p is -0.1, it must be in [0, 1]"),
    layer("Dropout", |rng| Dropout::new(1.1, rng)).cannot_be("Dropout: p is 1.1, it must be in [0, 1]"),
    layer("Dropout", |rng| Dropout::new(f64::NAN, rng)).cannot_be("Dropout: p is NaN, it must be in [0, 1]"),
];
