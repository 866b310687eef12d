//! A loss as a metric.

use super::{Mean, Metric, Tally};
use crate::error::{Error, Result};
use autograd_core::Tensor;
use wengert_nn::Loss;

/// The mean of a loss over all samples: the losses of the batches, each weighted with its number of samples.
///
/// Of a loss that is itself a mean over samples this is the exact mean, however the samples are cut into batches.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::mse_loss;
/// use wengert_train::{MeanLoss, Metric};
///
/// let metric = MeanLoss::new(mse_loss);
/// let mut tally = metric.start();
/// tally.update(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 2.0]))?;
/// tally.update(&Tensor::from([3.0]), &Tensor::from([0.0]))?;
/// assert_eq!(tally.value(), 3.0);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MeanLoss<L> {
    loss: L,
}

impl<L: Loss> MeanLoss<L> {
    /// The mean of this loss.
    pub fn new(loss: L) -> MeanLoss<L> {
        MeanLoss { loss }
    }
}

impl<L: Loss> Metric for MeanLoss<L> {
    fn name(&self) -> &str {
        "mean_loss"
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Tally + '_> {
        Box::new(Weighted { loss: &self.loss, mean: Mean::default() })
    }
}

struct Weighted<'l> {
    loss: &'l dyn Loss,
    mean: Mean,
}

impl Tally for Weighted<'_> {
    fn update(&mut self, output: &Tensor, target: &Tensor) -> Result<()> {
        let samples = target.shape().first().copied().unwrap_or(1);
        let loss = number(&self.loss.forward(output, target)?)?;
        self.mean.add(loss * samples as f64, samples);
        Ok(())
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}

/// The value of a loss.
pub(crate) fn number(loss: &Tensor) -> Result<f64> {
    match (loss.rank(), loss.item::<f32>(), loss.item::<f64>()) {
        (0, Ok(value), _) => Ok(f64::from(value)),
        (0, _, Ok(value)) => Ok(value),
        _ => Err(Error::LossNotScalar { dtype: loss.dtype(), shape: loss.shape().into() }),
    }
}
