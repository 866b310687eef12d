//! Parts of a run that fail, each in its place, at a time, and in a way that is said beforehand.

use crate::moons;
use autograd_core::module::StateDict;
use autograd_core::{Error, Result, Tensor};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::{Layer, Sequential};
use wengert_train::{Callback, Metric, Run, Snapshot, Tally};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    TrainBegin,
    EpochBegin,
    BatchBegin,
    BatchEnd,
    EpochEnd,
    WantsSnapshot,
    State,
    Snapshot,
    TrainEnd,
    Model,
    Loss,
    Penalty,
    Metric,
    Data,
    Schedule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Error,
    Panic,
}

pub enum At {
    Epoch(u64),
    Never,
}

/// A place, and when it can fail.
pub struct Sabotage {
    pub place: Place,
    /// Whether an epoch has ended when it fails in it.
    ends: bool,
    before: Option<u64>,
    later: bool,
    errors: bool,
}

const fn sabotage(place: Place, before: Option<u64>, later: bool) -> Sabotage {
    Sabotage { place, ends: false, before, later, errors: true }
}

/// At the end of an epoch, when there have been steps.
const fn at_end(place: Place, errors: bool) -> Sabotage {
    Sabotage { place, ends: true, before: None, later: true, errors }
}

pub const PLACES: [Sabotage; 15] = [
    sabotage(Place::TrainBegin, Some(0), false),
    sabotage(Place::EpochBegin, Some(1), true),
    sabotage(Place::BatchBegin, Some(1), true),
    sabotage(Place::BatchEnd, None, true),
    at_end(Place::EpochEnd, true),
    at_end(Place::WantsSnapshot, false),
    at_end(Place::State, false),
    at_end(Place::Snapshot, true),
    at_end(Place::TrainEnd, true),
    sabotage(Place::Model, Some(1), true),
    sabotage(Place::Loss, Some(1), true),
    sabotage(Place::Penalty, Some(1), true),
    sabotage(Place::Metric, Some(1), true),
    sabotage(Place::Data, Some(1), true),
    sabotage(Place::Schedule, Some(1), true),
];

impl Sabotage {
    fn can(&self, how: How) -> bool {
        how == How::Panic || self.errors
    }

    /// The epoch in which it fails before the first step, if it can.
    pub fn first_epoch(&self, how: How) -> Option<u64> {
        self.before.filter(|_| self.can(how))
    }

    /// The epoch in which it fails later, if it can, and how many have ended by then.
    pub fn later_epoch(&self, how: How, epochs: u64) -> Option<(u64, u64)> {
        let epoch = if self.place == Place::TrainEnd { epochs } else { 3 };
        (self.later && self.can(how)).then_some((epoch, epoch - u64::from(!self.ends)))
    }
}

/// The one place that fails, in all of an epoch.
pub struct Trigger {
    pub place: Place,
    how: How,
    epoch: AtomicU64,
    now: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Trigger {
    pub fn new(place: Place, how: How, at: At) -> Trigger {
        let epoch = if let At::Epoch(epoch) = at { epoch } else { NEVER };
        Trigger { place, how, epoch: AtomicU64::new(epoch), now: AtomicU64::new(NEVER - 1) }
    }

    pub fn disarm(&self) {
        self.epoch.store(NEVER, Ordering::Relaxed);
    }

    fn pull(&self, place: Place) -> Result<()> {
        if place != self.place || self.epoch.load(Ordering::Relaxed) != self.now.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.how {
            How::Error => Err(Error::user("sabotage")),
            // Without the hook that prints it.
            How::Panic => resume_unwind(Box::new("sabotage")),
        }
    }

    pub fn trip(self: Arc<Trigger>, place: Place) -> impl Fn() -> Result<()> + Send + Sync + 'static {
        move || self.pull(place)
    }
}

/// Tells the trigger the time.
pub struct Clock(pub Arc<Trigger>);

impl Callback for Clock {
    fn name(&self) -> &str {
        "Clock"
    }
    fn on_train_begin(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.now.store(0, Ordering::Relaxed);
        Ok(())
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.0.now.store(run.epoch(), Ordering::Relaxed);
        Ok(())
    }
}

pub struct Saboteur(pub Arc<Trigger>);

impl Callback for Saboteur {
    fn name(&self) -> &str {
        "Saboteur"
    }
    fn on_train_begin(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.pull(Place::TrainBegin)
    }
    fn on_epoch_begin(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.pull(Place::EpochBegin)
    }
    fn on_train_batch_begin(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.pull(Place::BatchBegin)
    }
    fn on_train_batch_end(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.pull(Place::BatchEnd)
    }
    fn on_epoch_end(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.pull(Place::EpochEnd)
    }
    fn wants_snapshot(&self, _: &Run<'_>) -> bool {
        self.0.pull(Place::WantsSnapshot).is_ok()
    }
    fn on_snapshot(&mut self, _: &Snapshot) -> Result<()> {
        self.0.pull(Place::Snapshot)
    }
    fn on_train_end(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.pull(Place::TrainEnd)
    }
    fn state_dict(&self) -> StateDict {
        drop(self.0.pull(Place::State));
        StateDict::new()
    }
}

/// A model that draws random numbers.
#[derive(Clone, wengert_nn::Module)]
pub struct Net {
    pub net: Sequential,
    #[module(skip)]
    trigger: Arc<Trigger>,
}

impl Net {
    pub fn new(seed: u64, trigger: &Arc<Trigger>) -> Net {
        Net { net: moons::model(seed), trigger: trigger.clone() }
    }
}

impl Layer for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.net.forward(x)?;
        self.trigger.pull(Place::Model)?;
        Ok(y)
    }
}

/// Reads well, until it does not.
pub struct Data {
    pub set: TensorDataset,
    pub trigger: Arc<Trigger>,
}

impl Dataset for Data {
    fn len(&self) -> usize {
        self.set.len()
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        self.trigger.pull(Place::Data)?;
        self.set.batch(indices)
    }
}

/// The number of batches.
pub struct Counted(pub Arc<Trigger>);

impl Metric for Counted {
    fn name(&self) -> &str {
        "counted"
    }
    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        Ok(Box::new(Count(self, 0)))
    }
}

struct Count<'m>(&'m Counted, u64);

impl Tally for Count<'_> {
    fn update(&mut self, _: &Tensor, _: &Tensor) -> Result<()> {
        self.1 += 1;
        self.0.0.pull(Place::Metric)
    }
    fn value(&self) -> f64 {
        self.1 as f64
    }
}
