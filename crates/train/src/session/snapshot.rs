//! The snapshot at the end of an epoch.

use super::resume::{callback_keys, frozen_and_held};
use super::{Session, identity};
use crate::checkpoint::Snapshot;
use autograd_core::Result;
use autograd_core::module::stream_positions;

impl Session<'_, '_, '_> {
    /// Shows the whole run to the callbacks that want to see it.
    pub(super) fn snapshot(&mut self) -> Result<()> {
        if !self.callbacks.iter().any(|callback| callback.wants_snapshot(&self.run)) {
            return Ok(());
        }
        if !self.knows_all {
            identity::of_data(&mut self.identity, self.sets.0, self.sets.1);
            self.rates.describe(&mut self.identity, None);
            self.knows_all = true;
        }
        let run = &self.run;
        let (frozen, held) = frozen_and_held(&*run.model);
        let states = callback_keys(self.callbacks).into_iter().zip(self.callbacks.iter().map(|c| c.state_dict()));
        let snapshot = Snapshot {
            plan: run.plan.clone(),
            identity: self.identity.clone(),
            frozen,
            held,
            epoch: run.epoch,
            step: run.step,
            seed: self.seed,
            base_lr: self.base_lr,
            model: run.model.state_dict(),
            streams: stream_positions(&*run.model),
            optimizer: run.optimizer.state_dict(),
            history: run.history_to_go_on_from(),
            with_gradient: Some(self.learned.with()),
            callbacks: states.filter(|(_, state)| !state.is_empty()).collect(),
        };
        for callback in self.callbacks.iter_mut().filter(|callback| callback.wants_snapshot(&self.run)) {
            callback.on_snapshot(&snapshot).map_err(|e| e.context(callback.name()))?;
        }
        Ok(())
    }
}
