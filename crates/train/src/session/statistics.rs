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
        estimated.map_err(|e| e.context(format_args!("epoch {}", self.run.epoch)))
    }

    /// Estimates statistics from so many batches. No source of randomness in the model has moved afterwards: what is trained
    /// later does not depend on this.
    pub(super) fn estimate(&mut self, batches: usize) -> Result<()> {
        let Some(estimates) = &self.estimates else { return Ok(()) };
        let before = Before::of(&*self.run.model);
        let batches = estimates.epoch(0)?.all().take(batches).map(|batch| Ok(batch?.0));
        let layers = update_batch_norm(self.run.model, batches)?;
        before.put_back_streams(self.run.model);
        if layers == 0 {
            let text = "no layer of the model has running statistics to estimate";
            return Err(Error::new(ErrorKind::Argument, text));
        }
        Ok(())
    }
}
