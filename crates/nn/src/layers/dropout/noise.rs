//! Normal noise.

use super::drawn;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Stream};
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Normal noise added: in training `y = x + σ z`, z normal of mean 0 and deviation 1; in evaluation nothing changes.
///
/// The layer draws from a stream of its own, like [`Dropout`](crate::Dropout).
///
/// # Errors
/// `forward` fails if the input is no float tensor.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{GaussianNoise, Layer};
/// let mut noise = GaussianNoise::new(0.1, &mut autograd_core::seeded(7))?;
/// let y = noise.forward(&Tensor::from(1.0))?.item::<f32>()?;
/// assert!(y != 1.0 && (y - 1.0).abs() < 0.6);
/// noise.eval();
/// assert_eq!(noise.forward(&Tensor::from(1.0))?.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct GaussianNoise {
    stddev: f64,
    stream: Stream,
    mode: Mode,
}

impl GaussianNoise {
    /// A layer with noise of deviation `stddev` (σ), finite and not negative.
    ///
    /// # Errors
    /// If `stddev` is outside its range.
    pub fn new(stddev: f64, rng: &mut dyn Rng) -> Result<GaussianNoise> {
        let valid = stddev.is_finite() && stddev >= 0.0;
        Check("GaussianNoise").require(valid, "stddev", stddev, "finite and at least 0")?;
        Ok(GaussianNoise { stddev, stream: Stream::new(rng), mode: Mode::default() })
    }
}

impl Layer for GaussianNoise {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if !self.mode.is_training() || self.stddev == 0.0 {
            // A value of its own, like every result.
            return x.dropout_seeded(0.0, 0);
        }
        x.try_add(&drawn(&self.stream, |seed| x.randn_like_seeded(seed))?.mul_scalar(self.stddev))
    }
}

/// Normal noise multiplied: in training `y = x (1 + √(p / (1 − p)) z)`, z normal of mean 0 and deviation 1; in
/// evaluation nothing changes. The expected value stays, and the deviation is that of [`Dropout`](crate::Dropout) with
/// this `p`.
///
/// The layer draws from a stream of its own, like [`Dropout`](crate::Dropout).
///
/// # Errors
/// `forward` fails if the input is no float tensor.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{GaussianDropout, Layer};
/// let mut noise = GaussianDropout::new(0.1, &mut autograd_core::seeded(7))?;
/// assert_ne!(noise.forward(&Tensor::from(2.0))?.item::<f32>()?, 2.0);
/// noise.eval();
/// assert_eq!(noise.forward(&Tensor::from(2.0))?.item::<f32>()?, 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, 2014, section 10.
#[derive(Clone, Debug, Module)]
pub struct GaussianDropout {
    p: f64,
    stream: Stream,
    mode: Mode,
}

impl GaussianDropout {
    /// A layer with this `p`, `0 ≤ p < 1`, which Keras calls `rate`.
    ///
    /// # Errors
    /// If `p` is outside its range.
    pub fn new(p: f64, rng: &mut dyn Rng) -> Result<GaussianDropout> {
        Check("GaussianDropout").require((0.0..1.0).contains(&p), "p", p, "in [0, 1)")?;
        Ok(GaussianDropout { p, stream: Stream::new(rng), mode: Mode::default() })
    }
}

impl Layer for GaussianDropout {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if !self.mode.is_training() || self.p == 0.0 {
            return x.dropout_seeded(0.0, 0);
        }
        let noise = drawn(&self.stream, |seed| x.randn_like_seeded(seed))?;
        x.try_mul(&noise.mul_scalar((self.p / (1.0 - self.p)).sqrt()).add_scalar(1.0))
    }
}

#[cfg(test)]
cases![
    layer("GaussianNoise", |rng| GaussianNoise::new(0.5, rng)).maps(&[3, 4], &[3, 4]).maps(&[], &[]).maps(&[0], &[0]),
    layer("GaussianNoise", |rng| GaussianNoise::new(0.0, rng)).gives([1.0, 2.0], [1.0, 2.0]),
    layer("GaussianNoise", |rng| GaussianNoise::new(-0.5, rng))
        .cannot_be("GaussianNoise: stddev is -0.5, it must be finite and at least 0"),
    layer("GaussianDropout", |rng| GaussianDropout::new(0.5, rng)).maps(&[3, 4], &[3, 4]).maps(&[0], &[0]),
    layer("GaussianDropout", |rng| GaussianDropout::new(0.0, rng)).gives([1.0, 2.0], [1.0, 2.0]),
    layer("GaussianDropout", |rng| GaussianDropout::new(1.0, rng))
        .cannot_be("GaussianDropout: p is 1.0, it must be in [0, 1)"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::DType;

    /// Means and deviations of ten thousand elements of 2.
    #[test]
    fn noise_has_the_deviation_it_says() -> Result<()> {
        let x = Tensor::full(&[10_000], 2.0, DType::F64)?;
        let rng = &mut autograd_core::seeded(7);
        let added = GaussianNoise::new(0.5, rng)?.forward(&x)?;
        let multiplied = GaussianDropout::new(0.2, rng)?.forward(&x)?;
        for (y, deviation) in [(added, 0.5), (multiplied, 1.0)] {
            let (mean, std) = (y.mean()?.item::<f64>()?, y.std(1.0)?.item::<f64>()?);
            assert!((mean - 2.0).abs() < 0.04 && (std - deviation).abs() < 0.03, "{mean} {std}");
        }
        Ok(())
    }
}
