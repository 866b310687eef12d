//! Training from several random beginnings.

use crate::panic::error_of;
use autograd_core::{Error, ErrorKind, Result, SeededRng, enable_grad, seeded};
use rand::{Rng, RngExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Trains from several random beginnings, and keeps the best: for losses with many minima, of which a single beginning
/// may find a poor one.
///
/// A run that fails by chance, by an error of kind [`NotFinite`](ErrorKind::NotFinite) or [`Data`](ErrorKind::Data),
/// does not end the others. Any other failure, and a panic, is no matter of chance, and is that of all.
///
/// The outcome is the same on any number of threads, as long as runs that go on at the same time share nothing that
/// they change. A run that writes files, as checkpoints are, needs a directory of its own: its number makes one.
///
/// # Examples
/// ```
/// use autograd_core::seeded;
/// use wengert_data::sets::two_moons;
/// use wengert_nn::{Linear, Tanh, cross_entropy, sequential};
/// use wengert_optim::Adam;
/// use wengert_train::{Restarts, Trainer};
///
/// let [train, valid] = two_moons(60, 0.1, &mut seeded(7))?.split([0.8, 0.2], &mut seeded(7))?;
/// let outcome = Restarts::new(3).run(&mut seeded(7), |_, rng| {
///     let mut model = sequential![Linear::new(2, 4, rng)?, Tanh, Linear::new(4, 2, rng)?];
///     let history = Trainer::new(Adam::new(0.1), cross_entropy).epochs(5).fit(&mut model, &train, &valid, rng)?;
///     Ok((model, history.epochs[4].get("val_loss").unwrap_or(f64::NAN)))
/// })?;
/// let best = outcome.runs[outcome.best].score.as_ref().expect("it has not failed");
/// assert!(outcome.runs.iter().flat_map(|run| &run.score).all(|score| best <= score));
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "restarts do nothing before run"]
pub struct Restarts {
    count: usize,
    threads: Option<usize>,
    higher_is_better: bool,
}

impl Restarts {
    /// So many beginnings, at least 1.
    pub fn new(count: usize) -> Restarts {
        Restarts { count, threads: None, higher_is_better: false }
    }

    /// How many runs go on at a time, at least 1. Default: as many as the machine can.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::seeded;
    /// # use wengert_train::Restarts;
    /// use rand::RngExt;
    /// let outcome = |restarts: Restarts| restarts.run(&mut seeded(7), |_, rng| Ok(((), rng.random())));
    /// assert_eq!(outcome(Restarts::new(5).threads(1))?.best, outcome(Restarts::new(5).threads(4))?.best);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn threads(mut self, threads: usize) -> Restarts {
        self.threads = Some(threads);
        self
    }

    /// Whether larger scores are better ones, as accuracies are. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::seeded;
    /// # use wengert_train::Restarts;
    /// use rand::RngExt;
    /// let score = |_: usize, rng: &mut autograd_core::SeededRng| Ok(((), rng.random::<f64>()));
    /// let (low, high) = (Restarts::new(5), Restarts::new(5).higher_is_better(true));
    /// assert_ne!(low.run(&mut seeded(7), score)?.best, high.run(&mut seeded(7), score)?.best);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn higher_is_better(mut self, higher_is_better: bool) -> Restarts {
        self.higher_is_better = higher_is_better;
        self
    }

    /// Runs `train` from each beginning: it makes and trains a model with the generator that it is given, and returns
    /// it, or whatever is to be kept, with its score on data that it was not trained on. It is also given the number of
    /// the run, which is its place in [`Restarted::runs`], counted from 0. A seed for each beginning is drawn from
    /// `rng`; the outcome has it, so a single run can be repeated.
    ///
    /// The first of equal scores is the best. A score that is NaN is a failure by chance.
    ///
    /// # Errors
    /// If an option is out of its range; if every run fails by chance, that of the first; if one fails otherwise, or
    /// panics, that of the first that does. Then no further run begins.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::{Checkpoint, Restarts, Trainer};
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let dir = std::env::temp_dir().join(format!("wengert-restarts-{}", std::process::id()));
    /// let outcome = Restarts::new(3).run(&mut seeded(7), |number, rng| {
    ///     let mut model = Linear::new(1, 1, rng)?;
    ///     let trainer = Trainer::new(Sgd::new(0.1), mse_loss).checkpoint(dir.join(number.to_string()));
    ///     let history = trainer.fit(&mut model, &set, None, rng)?;
    ///     Ok((number, history.values("loss")[0]))
    /// })?;
    /// assert!(outcome.model == outcome.best && Checkpoint::exists(dir.join("2")));
    /// # std::fs::remove_dir_all(&dir).map_err(wengert_train::Error::user)?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn run<M: Send>(
        &self,
        rng: &mut dyn Rng,
        train: impl Fn(usize, &mut SeededRng) -> Result<(M, f64)> + Sync,
    ) -> Result<Restarted<M>> {
        for (name, value) in [("count", self.count), ("threads", self.threads.unwrap_or(1))] {
            if value == 0 {
                return Err(Error::argument("Restarts", name, value, "at least 1"));
            }
        }
        let (mut seeds, mut scores) = (Vec::new(), Vec::new());
        let room = seeds.try_reserve_exact(self.count).and_then(|()| scores.try_reserve_exact(self.count));
        room.map_err(|_| {
            let text = format!("Restarts: {} runs are more than memory holds", self.count);
            Error::new(ErrorKind::TooLarge, text)
        })?;
        seeds.extend((0..self.count).map(|_| rng.random::<u64>()));
        scores.resize(self.count, None);
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(available).min(self.count);
        let next = AtomicUsize::new(0);
        // The models of the others are dropped as soon as they are known to be worse.
        let found: Mutex<Found<M>> = Mutex::new(Found { best: None, scores });
        let work = || {
            while let Some((i, seed)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, *seeds.get(i)?)))
            {
                let outcome = attempt(&train, i, seed);
                if outcome.as_ref().is_err_and(|error| !is_chance(error)) {
                    // The runs before this one have begun, and come to their ends: which of them fails first does not
                    // depend on the threads.
                    next.store(self.count, Ordering::Relaxed);
                }
                let mut found = found.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                found.scores[i] = Some(outcome.as_ref().map(|(_, score)| *score).map_err(Clone::clone));
                let mut other = None;
                if let Ok((model, score)) = outcome {
                    let is_better = found.best.as_ref().is_none_or(|(j, best, _)| {
                        let (score, best) = if self.higher_is_better { (-score, -best) } else { (score, *best) };
                        score < best || score == best && i < *j
                    });
                    other = Some((i, score, model));
                    if is_better {
                        std::mem::swap(&mut found.best, &mut other);
                    }
                }
                drop(found);
                // A panic of a model's end is not that of the other runs.
                drop(catch_unwind(AssertUnwindSafe(|| drop(other))));
            }
        };
        std::thread::scope(|scope| {
            // Where the system has no more threads, those that there are do all.
            let more = |_: &usize| std::thread::Builder::new().spawn_scoped(scope, work).is_ok();
            let _ = (1..threads).take_while(more).count();
            work();
        });
        let Found { best, scores } = found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let failed = |score: &Option<Result<f64>>| score.as_ref()?.as_ref().err().filter(|e| !is_chance(e)).cloned();
        if let Some((i, error)) = scores.iter().enumerate().find_map(|(i, score)| Some((i, failed(score)?))) {
            drop(catch_unwind(AssertUnwindSafe(|| drop(best))));
            return Err(error.context(format_args!("restart {i} (counted from 0)")));
        }
        let never = || unreachable!("every run has an outcome");
        let score = |score: Option<Result<f64>>| score.unwrap_or_else(never);
        let runs: Vec<_> =
            seeds.into_iter().zip(scores).map(|(seed, found)| RestartedRun { seed, score: score(found) }).collect();
        match best {
            Some((best, _, model)) => Ok(Restarted { model, best, runs }),
            None => {
                let first = runs.into_iter().next().unwrap_or_else(|| unreachable!("there is at least one run"));
                let context = format!("all {} restarts failed, the first", self.count);
                Err(first.score.err().unwrap_or_else(|| unreachable!("a score is the best of all")).context(context))
            }
        }
    }
}

/// What runs have found so far: the place, score and model of the best, and the scores.
struct Found<M> {
    best: Option<(usize, f64, M)>,
    scores: Vec<Option<Result<f64>>>,
}

/// Whether another beginning may do better.
fn is_chance(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFinite | ErrorKind::Data)
}

/// One run; a panic in it is an error.
fn attempt<M>(
    train: &impl Fn(usize, &mut SeededRng) -> Result<(M, f64)>,
    number: usize,
    seed: u64,
) -> Result<(M, f64)> {
    // What a panic has left half done is dropped.
    let outcome = catch_unwind(AssertUnwindSafe(|| match enable_grad(|| train(number, &mut seeded(seed)))? {
        (_, score) if score.is_nan() => Err(Error::new(ErrorKind::NotFinite, "the score is NaN")),
        found => Ok(found),
    }));
    outcome.unwrap_or_else(|panic| Err(error_of(&*panic)))
}

/// The outcome of [`Restarts`].
///
/// # Examples
/// ```
/// # use autograd_core::{Error, ErrorKind, seeded};
/// # use wengert_train::{RestartedRun, Restarts};
/// let outcome = Restarts::new(3).run(&mut seeded(7), |number, _| match number {
///     0 => Err(Error::new(ErrorKind::NotFinite, "no luck")),
///     k => Ok((format!("model {k}"), 1.0 / k as f64)),
/// })?;
/// assert_eq!((outcome.model.as_str(), outcome.best), ("model 2", 2));
/// let RestartedRun { seed, score } = &outcome.runs[1];
/// assert!(outcome.runs[0].score.is_err() && *score == Ok(1.0) && *seed != outcome.runs[2].seed);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Restarted<M> {
    /// What the best run has returned.
    pub model: M,
    /// The place of the best run.
    pub best: usize,
    /// All runs, in order.
    pub runs: Vec<RestartedRun>,
}

/// One of the runs of [`Restarts`].
#[derive(Clone, Debug)]
pub struct RestartedRun {
    /// What its generator was seeded with.
    pub seed: u64,
    /// Its score, or by what chance it has failed.
    pub score: Result<f64>,
}
