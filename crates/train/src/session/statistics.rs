//! The statistics of normalisation at the weights to evaluate at.

use super::Session;
use super::before::Before;
use autograd_core::{Error, ErrorKind, Result};
use wengert_data::{DataLoader, Dataset};
use wengert_nn::update_batch_norm;

/// The batches that statistics are estimated from.
pub(super) type Estimates<'s> = DataLoader<'s, dyn Dataset + 's>;

impl Session<'_, '_, '_> {
    /// The weights to evaluate at, with statistics of their own if the run asks for them.
    pub(super) fn evaluation_weights(&mut self) -> Result<()> {
        self.run.optimizer.eval(self.run.model)?;
        let name = "update_batch_norm";
        let estimated = self.estimate(usize::MAX).map_err(|e| e.context(name));
        estimated.map(drop).map_err(|e| e.context(format_args!("epoch {}", self.run.epoch)))
    }

    /// Estimates statistics from one batch, and fails if there are none.
    pub(super) fn try_estimate(&mut self) -> Result<()> {
        match self.estimate(1)? {
            Some(0) => {
                let text = "no layer of the model has running statistics to estimate";
                Err(Error::new(ErrorKind::Argument, text))
            }
            _ => Ok(()),
        }
    }

    /// Estimates statistics from so many batches, and says of how many layers, if it is to. No source of randomness in
    /// the model has moved afterwards.
    fn estimate(&mut self, batches: usize) -> Result<Option<usize>> {
        let Some(estimates) = &self.estimates else { return Ok(None) };
        let before = Before::of(&*self.run.model);
        let batches = estimates.epoch(0)?.all().take(batches).map(|batch| Ok(batch?.0));
        let layers = update_batch_norm(self.run.model, batches)?;
        before.put_back_streams(self.run.model);
        Ok(Some(layers))
    }
}
