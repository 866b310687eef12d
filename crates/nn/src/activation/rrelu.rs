//! Leaky rectifier with random slopes.

use crate::layer::Layer;
use crate::layers::drawn;
use autograd_core::module::{Mode, Stream};
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Leaky rectifier with random slopes: [`Tensor::rrelu`] as a layer in training, [`Tensor::rrelu_mean`] in evaluation.
///
/// The layer draws from a stream of its own, like [`Dropout`](crate::Dropout).
///
/// # Errors
/// `forward` fails if `lower` is above `upper` or one of them is not finite.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, RReLU};
/// let mut rrelu = RReLU::new(&mut autograd_core::seeded(7)).lower(0.125).upper(0.375);
/// let y = rrelu.forward(&Tensor::from([-8.0, 2.0]))?.to_vec::<f32>()?;
/// assert!((-3.0..=-1.0).contains(&y[0]) && y[1] == 2.0);
/// rrelu.eval();
/// assert_eq!(rrelu.forward(&Tensor::from([-8.0, 2.0]))?.to_vec::<f32>()?, [-2.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct RReLU {
    lower: f64,
    upper: f64,
    stream: Stream,
    mode: Mode,
}

impl RReLU {
    /// Slopes between 1/8 and 1/3.
    pub fn new(rng: &mut dyn Rng) -> RReLU {
        RReLU { lower: 1.0 / 8.0, upper: 1.0 / 3.0, stream: Stream::new(rng), mode: Mode::default() }
    }

    /// The least slope, not above the largest. Default 1/8.
    #[must_use]
    pub fn lower(mut self, lower: f64) -> RReLU {
        self.lower = lower;
        self
    }

    /// The largest slope. Default 1/3.
    #[must_use]
    pub fn upper(mut self, upper: f64) -> RReLU {
        self.upper = upper;
        self
    }
}

impl Layer for RReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.mode.is_training() {
            drawn(&self.stream, |seed| x.rrelu_seeded(self.lower, self.upper, seed))
        } else {
            x.rrelu_mean(self.lower, self.upper)
        }
    }
}

#[cfg(test)]
cases![
    layer("RReLU", |rng| Ok(RReLU::new(rng))).maps(&[2, 3], &[2, 3]).maps(&[], &[]).maps(&[0, 2], &[0, 2]),
    activation("RReLU", |rng| Ok(RReLU::new(rng).lower(0.25).upper(0.25)), |x| if x > 0.0 { x } else { 0.25 * x }),
    layer("RReLU", |rng| Ok(RReLU::new(rng).lower(0.5)))
        .refuses(&[2], "rrelu: lower 0.5 is above upper 0.3333333333333333"),
];
