//! The range test: a search for a good learning rate.

mod report;

pub use report::{LrPoint, LrReport};

use super::before::Before;
use super::ending::{Failure, held};
use crate::callbacks::Callback;
use crate::run::Run;
use crate::trainer::Trainer;
use autograd_core::{Error, ErrorKind, Result};
use rand::Rng;
use report::Watched;
use wengert_data::Dataset;
use wengert_nn::{Layer, Loss};
use wengert_optim::{Optimizer, Range};

/// Trains for a few steps with rates from very low to very high, and reports what the loss does.
///
/// ```text
/// lr(k) = start · (end / start)^(k / (steps − 1))                            k = 0, 1, .., steps − 1
/// s(k) = the exponential average of loss(0), .., loss(k) with decay β        (ExponentialAverage)
/// ```
///
/// It ends early where the loss diverges: where `s − best > (divergence − 1) · |best|`, or the loss is no number.
/// Afterwards model, optimizer and all sources of randomness in the model are as they were, whatever happens.
/// [`LrFinder::run`] trains with an optimizer and a loss, [`LrFinder::run_with`] as a trainer does that clips
/// gradients, adds penalties, leaves out the last batch and so on.
///
/// `0 < start < end` (10⁻⁷ and 10), `steps ≥ 2` (100), `batch_size ≥ 1` (32, or the trainer's), `0 ≤ β < 1` (0.9:
/// `smoothing`), `divergence > 1` (4).
///
/// # Examples
/// ```
/// use autograd_core::{module::Module, seeded};
/// use wengert_data::sets::two_moons;
/// use wengert_nn::{Linear, Tanh, cross_entropy, sequential};
/// use wengert_optim::Adam;
/// use wengert_train::LrFinder;
///
/// let mut rng = seeded(7);
/// let set = two_moons(200, 0.1, &mut rng)?;
/// let mut model = sequential![Linear::new(2, 16, &mut rng)?, Tanh, Linear::new(16, 2, &mut rng)?];
/// let before = model.state_dict();
///
/// let finder = LrFinder::new().start(1e-5).end(10.0).steps(80).batch_size(32).smoothing(0.8).divergence(3.0);
/// let report = finder.run(&mut model, Adam::new(0.1), cross_entropy, &set, &mut rng)?;
/// let rate = report.suggestion().expect("the loss falls");
/// assert!((1e-4..1.0).contains(&rate), "{rate}");
/// assert_eq!(report.points()[0].lr, 1e-5);
/// assert_eq!(model.state_dict().to_safetensors()?, before.to_safetensors()?);
/// # Ok::<(), wengert_train::Error>(())
/// ```
///
/// # References
/// Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.3. Rates in equal factors, and the
/// steepest descent as a suggestion, are fastai's.
#[derive(Clone, Debug)]
#[must_use = "a finder does nothing before run"]
pub struct LrFinder {
    start: f64,
    end: f64,
    steps: u64,
    /// The trainer's if there is none.
    batch_size: Option<usize>,
    smoothing: f64,
    divergence: f64,
}

impl Default for LrFinder {
    fn default() -> Self {
        LrFinder { start: 1e-7, end: 10.0, steps: 100, batch_size: None, smoothing: 0.9, divergence: 4.0 }
    }
}

impl LrFinder {
    /// By default 100 steps from 10⁻⁷ to 10.
    pub fn new() -> LrFinder {
        LrFinder::default()
    }

    /// The first rate, greater than 0. Default 10⁻⁷.
    pub fn start(mut self, start: f64) -> LrFinder {
        self.start = start;
        self
    }

    /// The last rate, greater than the first. Default 10.
    pub fn end(mut self, end: f64) -> LrFinder {
        self.end = end;
        self
    }

    /// The number of steps, at least 2. Default 100.
    pub fn steps(mut self, steps: u64) -> LrFinder {
        self.steps = steps;
        self
    }

    /// Samples in a batch, at least 1. Default: as many as the trainer has, or 32.
    pub fn batch_size(mut self, batch_size: usize) -> LrFinder {
        self.batch_size = Some(batch_size);
        self
    }

    /// β in [0, 1): how much of the smoothed loss is that of steps before. Default 0.9.
    pub fn smoothing(mut self, smoothing: f64) -> LrFinder {
        self.smoothing = smoothing;
        self
    }

    /// The loss has diverged when it is so many times the best, more than 1. Default 4.
    pub fn divergence(mut self, divergence: f64) -> LrFinder {
        self.divergence = divergence;
        self
    }

    fn check(&self) -> Result<()> {
        const NAME: &str = "LrFinder";
        let positive = Range::new(|x| x > 0.0 && x.is_finite(), "positive and finite");
        positive.check(NAME, "start", self.start)?;
        positive.check(NAME, "end", self.end)?;
        if self.end <= self.start {
            return Err(Error::argument(NAME, "end", self.end, format!("greater than start, {:?}", self.start)));
        }
        if self.steps < 2 {
            return Err(Error::argument(NAME, "steps", self.steps, "at least 2"));
        }
        if self.batch_size == Some(0) {
            return Err(Error::argument(NAME, "batch_size", 0, "at least 1"));
        }
        Range::DECAY.check(NAME, "smoothing", self.smoothing)?;
        let above_1 = Range::new(|x| x > 1.0 && x.is_finite(), "finite and greater than 1");
        above_1.check(NAME, "divergence", self.divergence)
    }

    /// Rate number k.
    fn rate(&self, k: u64) -> f64 {
        match k {
            0 => self.start,
            k if k + 1 >= self.steps => self.end,
            // By logarithms: the quotient of both may be infinite.
            k => (self.start.ln() + (self.end.ln() - self.start.ln()) * (k as f64 / (self.steps - 1) as f64)).exp(),
        }
    }

    /// Runs the test. The set is gone through in random orders, as often as it takes; exactly one number is drawn from
    /// `rng`. `&mut optimizer` is an optimizer, too.
    ///
    /// # Errors
    /// If an option is out of its range, or whatever ends a run of a [`Trainer`](crate::Trainer): the set has no
    /// samples, model and loss fail, the first loss is not finite. Model and optimizer are as they were before.
    pub fn run(
        &self,
        model: &mut dyn Layer,
        optimizer: impl Optimizer,
        loss: impl Loss,
        set: &dyn Dataset,
        rng: &mut dyn Rng,
    ) -> Result<LrReport> {
        self.run_with(Trainer::new(optimizer, loss), model, set, rng)
    }

    /// Like [`LrFinder::run`], but each step is one of the trainer: with its penalties, rules of gradients and
    /// clipping, its batches (as many of them as it accumulates), captured or not. The loss of a step is then the mean
    /// of its batches'.
    ///
    /// Its epochs and schedules are replaced by those of the test. What comes after an epoch has no part in it:
    /// metrics, validation, estimates of statistics.
    ///
    /// # Errors
    /// Those of [`LrFinder::run`]; and if the trainer has callbacks, unless they only watch, or a checkpoint: they are
    /// made for a run that is to last.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::seeded;
    /// use wengert_data::sets::two_moons;
    /// use wengert_nn::{BatchNorm1d, Linear, cross_entropy, sequential};
    /// use wengert_optim::Adam;
    /// use wengert_train::{LrFinder, Trainer};
    ///
    /// let mut rng = seeded(7);
    /// let set = two_moons(65, 0.1, &mut rng)?;
    /// let mut model = sequential![Linear::new(2, 8, &mut rng)?, BatchNorm1d::new(8)?, Linear::new(8, 2, &mut rng)?];
    /// let mut adam = Adam::new(0.1);
    /// // One sample is left over, which has no statistics.
    /// let trainer = Trainer::new(&mut adam, cross_entropy).batch_size(32).drop_last(true).clip_norm(1.0);
    /// let report = LrFinder::new().end(0.1).steps(20).run_with(trainer, &mut model, &set, &mut rng)?;
    /// assert_eq!(report.points().len(), 20);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn run_with(
        &self,
        trainer: Trainer<'_>,
        model: &mut dyn Layer,
        set: &dyn Dataset,
        rng: &mut dyn Rng,
    ) -> Result<LrReport> {
        self.check()?;
        no_callbacks(&trainer)?;
        let mut watch = Watch {
            watched: Watched::new(self.smoothing, self.divergence),
            steps: self.steps,
            losses: (0.0, 0),
            ended: false,
        };
        let batch_size = self.batch_size.unwrap_or(trainer.batch_size);
        let mut trainer = trainer.epochs(self.steps).batch_size(batch_size).update_batch_norm(false);
        trainer.metrics.clear();
        trainer.schedules.clear();
        let mut trainer = trainer.schedule_by_step(|_: f64, k: u64| self.rate(k)).callback(&mut watch);
        let before = Before::all(&*model, &*trainer.optimizer);
        let outcome = held(|| trainer.run(model, set, None, rng).map(drop));
        let restored = before.restore(model, &mut *trainer.optimizer);
        drop(trainer);
        let (watched, ended) = (watch.watched, watch.ended);
        let failure = match outcome {
            // All epochs, in which some batches made no step.
            Ok(()) => None,
            Err(Failure::Error(_)) if ended => None,
            // What a rate too high has made of the weights.
            Err(Failure::Error(error)) if error.kind() == ErrorKind::NotFinite && !watched.is_empty() => None,
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure {
            return Err(failure.raise().context("LrFinder"));
        }
        restored.map_err(|error| error.context("LrFinder"))?;
        Ok(watched.report(ended))
    }
}

/// Whether the trainer has no callback that would change the test, or write what nothing can go on from.
fn no_callbacks(trainer: &Trainer<'_>) -> Result<()> {
    let others =
        trainer.callbacks.iter().filter(|callback| !callback.only_watches() || callback.name() == "Checkpoint");
    let names: Vec<&str> = others.map(|callback| callback.name()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ");
    let text = format!("LrFinder: the trainer has {names}, for which there is no use in a range test; leave it out");
    Err(Error::new(ErrorKind::Argument, text))
}

/// Notes the loss of every step, and ends the run where there is nothing more to see.
struct Watch {
    watched: Watched,
    steps: u64,
    /// The sum of the losses of the batches since the last step, and how many there are.
    losses: (f64, usize),
    ended: bool,
}

impl Callback for Watch {
    fn name(&self) -> &str {
        "LrFinder"
    }

    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        // That of a batch of which nothing counts may be NaN.
        if !run.loss().is_nan() {
            self.losses = (self.losses.0 + run.loss(), self.losses.1 + 1);
        }
        // A batch of which nothing counts makes no step, nor do those before the last one of several.
        if run.step() > self.watched.len() {
            let (sum, count) = std::mem::take(&mut self.losses);
            self.watched.push(run.lr(), sum / count as f64)?;
            self.ended = run.step() >= self.steps || self.watched.has_diverged();
        }
        // The only way out in the middle of an epoch.
        if self.ended { Err(Error::user("the range test has ended")) } else { Ok(()) }
    }
}
