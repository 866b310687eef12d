//! Running statistics of channels.

use super::estimate::{batch_of, begins};
use autograd_core::check::Check;
use autograd_core::module::Buffer;
use autograd_core::{DType, Result, Tensor};
use wengert_derive::Module;

/// Mean and variance of each channel, as averages over the batches of training.
#[derive(Clone, Debug, Module)]
pub(super) struct Running {
    running_mean: Buffer,
    running_var: Buffer,
    num_batches_tracked: Buffer,
}

impl Running {
    /// Means of 0 and variances of 1.
    pub(super) fn new(num_features: usize) -> Result<Running> {
        Ok(Running {
            running_mean: Buffer::new(Tensor::zeros(&[num_features], DType::F32)?),
            running_var: Buffer::new(Tensor::ones(&[num_features], DType::F32)?),
            num_batches_tracked: Buffer::new(Tensor::scalar(0_i64)),
        })
    }

    /// By what an estimation knows them: also in a layer that stands in for another and shares its buffers.
    pub(super) fn place(&self) -> usize {
        self.running_mean.place()
    }

    /// Mean and variance.
    pub(super) fn get(&self) -> [Tensor; 2] {
        [self.running_mean.get(), self.running_var.get()]
    }

    /// Whether statistics of a batch can go into these: asked before anything has changed.
    pub(super) fn fits(&self, batch: [&Tensor; 2]) -> Result<()> {
        let check = Check("running statistics");
        for ((what, own), new) in ["running_mean", "running_var"].iter().zip(self.get()).zip(batch) {
            check.same_dtype(&own, new)?;
            check.is(what, &own, new.shape())?;
        }
        Ok(())
    }

    /// Counts a batch; the first of an estimation is number 1.
    pub(super) fn count(&self) {
        let before = self.num_batches_tracked.get();
        let before = if begins(self) { before.zeros_like() } else { before };
        self.num_batches_tracked.set(before.add_scalar(1.0));
    }

    /// `running ← (1 − momentum) running + momentum batch`; without a momentum, the mean of all batches counted. What
    /// is estimated again becomes the mean of the batches of the estimation.
    pub(super) fn update(&self, batch: [&Tensor; 2], momentum: Option<f64>) -> Result<()> {
        self.fits(batch)?;
        let (running, nth) = (self.get(), batch_of(self));
        let blended = |of: usize| match (nth, momentum) {
            // Not 0 · running: that would be NaN where it is infinite.
            (Some(1), _) => Ok(batch[of].clone()),
            (Some(nth), _) => blend(&running[of], batch[of], 1.0 / nth as f64),
            (None, Some(momentum)) => blend(&running[of], batch[of], momentum),
            (None, None) => {
                // In tensors, so a captured run counts on.
                let gain = self.num_batches_tracked.get().to_dtype(batch[of].dtype()).reciprocal();
                let keep = gain.neg().add_scalar(1.0);
                running[of].try_mul(&keep)?.try_add(&batch[of].try_mul(&gain)?)
            }
        };
        let [mean, var] = [blended(0)?, blended(1)?];
        self.running_mean.set(mean);
        self.running_var.set(var);
        Ok(())
    }
}

fn blend(running: &Tensor, batch: &Tensor, gain: f64) -> Result<Tensor> {
    running.mul_scalar(1.0 - gain).try_add(&batch.mul_scalar(gain))
}
