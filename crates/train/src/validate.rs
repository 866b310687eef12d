//! Cross-validation: the quality of a way to make and train a model, on data that it has not seen.
use crate::callbacks::Checkpoint;
use crate::checkpoint::{Lock, MANIFEST, fold_dir};
use crate::evaluate::{Evaluation, evaluate};
use crate::history::History;
use crate::interrupted::Interrupted;
use crate::metrics::Metric;
use crate::session::Ended;
use crate::trainer::Trainer;
use autograd_core::{BoxError, Error, ErrorKind, Result, SeededRng, seeded};
use rand::{Rng, RngExt};
use std::fmt;
use std::path::{Path, PathBuf};
use wengert_data::split::{Fold, Splitter, train_test_split};
use wengert_data::transform::{Fit, Transform};
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::Layer;

/// Trains a new model for each fold and measures it on the part it has not seen: [`CrossValidation`] without options.
///
/// # Errors
/// Those of [`CrossValidation::run`].
///
/// # Examples
/// ```
/// use autograd_core::seeded;
/// use wengert_data::{sets::two_moons, split::KFold};
/// use wengert_nn::{Linear, cross_entropy};
/// use wengert_optim::Adam;
/// use wengert_train::{Accuracy, Trainer, cross_validate};
///
/// let mut rng = seeded(7);
/// let data = two_moons(60, 0.1, &mut rng)?;
/// let trainer = || Trainer::new(Adam::new(0.1), cross_entropy).epochs(10);
/// let folds = KFold::new(3).shuffle(7);
/// let scores = cross_validate(|rng| Linear::new(2, 2, rng), trainer, &data, folds, Accuracy, &mut rng)?;
/// assert!(scores.folds.len() == 3 && scores.mean() > 0.6);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub fn cross_validate<'t, M: Layer + Clone, E: Into<BoxError>>(
    model: impl FnMut(&mut SeededRng) -> Result<M, E>,
    trainer: impl FnMut() -> Trainer<'t>,
    data: &TensorDataset,
    splitter: impl Splitter,
    metric: impl Metric,
    rng: &mut dyn Rng,
) -> Result<Scores> {
    CrossValidation::new(splitter).run(model, trainer, data, metric, rng)
}

/// A cross-validation and its options.
///
/// For each fold of the splitter a new model is made, and trained on the fold's training part: a tenth of it, drawn at
/// random, is held out as the validation set of the run (for early stopping and the like), or what
/// [`CrossValidation::validation`] says, which may be nothing. It is drawn from all of that part alike, also where the
/// splitter is stratified. Then the model is measured on the fold's test part, which neither training nor validation
/// has seen.
///
/// # Examples
/// ```
/// use autograd_core::seeded;
/// use wengert_data::{sets::two_moons, split::KFold, transform::StandardScaler};
/// use wengert_nn::{Linear, cross_entropy};
/// use wengert_optim::Adam;
/// use wengert_train::{Accuracy, CrossValidation, Trainer};
///
/// let mut rng = seeded(7);
/// let data = two_moons(120, 0.1, &mut rng)?;
/// let scores = CrossValidation::new(KFold::new(3).shuffle(7)).scale(StandardScaler::new()).run(
///     |rng| Linear::new(2, 2, rng),
///     || Trainer::new(Adam::new(0.1), cross_entropy).epochs(20),
///     &data,
///     Accuracy,
///     &mut rng,
/// )?;
/// assert_eq!(scores.folds.len(), 3);
/// assert!(scores.mean() > 0.75);
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub struct CrossValidation<'c, S> {
    splitter: S,
    validation: f64,
    scale: Option<Box<Scaling<'c>>>,
}

type Parts = (TensorDataset, Option<TensorDataset>, TensorDataset);

/// Fits a transformation to inputs.
type Scaling<'c> = dyn Fn(&autograd_core::Tensor) -> wengert_data::Result<Box<dyn Transform>> + 'c;

impl<'c, S: Splitter> CrossValidation<'c, S> {
    /// A cross-validation over the folds of this splitter.
    pub fn new(splitter: S) -> CrossValidation<'c, S> {
        CrossValidation { splitter, validation: 0.1, scale: None }
    }

    /// The fraction of a fold's training part held out for validation, in [0, 1). With 0 the model learns from all of
    /// it, the run has no validation set, and nothing is named `val_…`. Default 0.1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::seeded;
    /// # use wengert_data::{sets::two_moons, split::KFold};
    /// # use wengert_nn::{Linear, cross_entropy};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::{Accuracy, CrossValidation, Trainer};
    /// # let (mut rng, data) = (seeded(7), two_moons(60, 0.1, &mut seeded(7))?);
    /// let folds = CrossValidation::new(KFold::new(2)).validation(1.5);
    /// let trainer = || Trainer::new(Sgd::new(0.1), cross_entropy);
    /// let error = folds.run(|rng| Linear::new(2, 2, rng), trainer, &data, Accuracy, &mut rng).unwrap_err();
    /// assert!(error.to_string().contains("1.5"));
    /// let folds = CrossValidation::new(KFold::new(2)).validation(0.0);
    /// let scores = folds.run(|rng| Linear::new(2, 2, rng), trainer, &data, Accuracy, &mut rng)?;
    /// assert!(scores.histories.iter().all(|history| history.values("val_loss").is_empty()));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[must_use]
    pub fn validation(mut self, fraction: f64) -> Self {
        self.validation = fraction;
        self
    }

    /// Transforms the inputs. The scaler is fitted anew in each fold, only to the samples that the model learns from.
    /// By default the inputs stay as they are.
    #[must_use]
    pub fn scale<F: Fit + 'c>(mut self, scaler: F) -> Self
    where
        F::Fitted: 'static,
    {
        self.scale = Some(Box::new(move |x| Ok(Box::new(scaler.fit(x)?))));
        self
    }

    /// Runs the cross-validation: `model` makes a new model, `trainer` a new run for each fold.
    ///
    /// One number is drawn from `rng` for each fold, before the first; all randomness of a fold comes from it.
    ///
    /// Before a fold is trained the metric is tried on the first outputs of its new model for the test part: one that
    /// does not fit is refused while nothing is lost.
    ///
    /// A trainer with a [checkpoint](Trainer::checkpoint) writes that of each fold into a directory of its own,
    /// `fold-1` and so on. If it [resumes](Trainer::resume), folds that were done are not done again, the one that was
    /// interrupted goes on, and the others begin; `rng` must have the seed that it had. The directory is that of one
    /// cross-validation at a time.
    ///
    /// # Errors
    /// If the splitter fails, or the fraction or an option of the metric is outside its range; if a fold fails or
    /// [pauses](crate::Run::pause), with the number of the fold and the scores of those before as [`InterruptedFolds`].
    pub fn run<'t, M: Layer + Clone, E: Into<BoxError>>(
        &self,
        mut model: impl FnMut(&mut SeededRng) -> Result<M, E>,
        mut trainer: impl FnMut() -> Trainer<'t>,
        data: &TensorDataset,
        metric: impl Metric,
        rng: &mut dyn Rng,
    ) -> Result<Scores> {
        if !(0.0..1.0).contains(&self.validation) {
            return Err(Error::argument("CrossValidation", "validation", self.validation, "in [0, 1)"));
        }
        // Before a fold is trained for nothing.
        drop(metric.start().map_err(|e| e.context(metric.name()))?);
        let folds = self.splitter.split(data)?;
        let seeds: Vec<u64> = folds.iter().map(|_| rng.random()).collect();
        let mut scores = Scores { folds: Vec::new(), histories: Vec::new() };
        let mut owned = None;
        for (i, (fold, seed)) in folds.iter().zip(seeds).enumerate() {
            let mut rng = seeded(seed);
            let mut one = || {
                let (train, valid, test) = self.parts(data, fold, &mut rng)?;
                let mut model = model(&mut rng).map_err(|e| Error::user(e).context("the model could not be made"))?;
                let trainer = trainer();
                own(&mut owned, &trainer)?;
                // A metric that does not fit is found before the fold is trained for nothing.
                if !test.is_empty() {
                    Evaluation::new().try_metric(&model, &test, &metric)?;
                }
                let valid = valid.as_ref().map(|valid| valid as &dyn Dataset);
                let ended = trainer.in_fold(i + 1, folds.len(), seed).run(&mut model, &train, valid, &mut rng)?;
                // A model that is half trained has no score.
                let score = ended.is_whole.then(|| evaluate(&model, &test as &dyn Dataset, &metric)).transpose()?;
                Ok((score, ended))
            };
            let interrupted = |e: Error, scores: &Scores| {
                let cause = e.clone();
                let done = InterruptedFolds { scores: scores.clone(), cause };
                e.context(format_args!("fold {}", i + 1)).with_source(done)
            };
            let (score, Ended { history, pause, .. }) = one().map_err(|e| interrupted(e, &scores))?;
            if let Some(score) = score {
                scores.folds.push(score);
                scores.histories.push(history.clone());
            }
            if let (Some(reason), true) = (pause, scores.folds.len() < folds.len()) {
                let paused = Error::new(ErrorKind::User, format!("paused: {reason}"));
                return Err(interrupted(Interrupted::attach(paused, history), &scores));
            }
        }
        Ok(scores)
    }

    /// The training, validation and test part of a fold; there may be no second.
    fn parts(&self, data: &TensorDataset, fold: &Fold, rng: &mut SeededRng) -> Result<Parts> {
        let (train, test) = (data.select(&fold.train)?, data.select(&fold.test)?);
        let (train, valid) = if self.validation > 0.0 {
            let (train, valid) = train_test_split(&train, self.validation, rng)?;
            (train, Some(valid))
        } else {
            (train, None)
        };
        let Some(fit) = &self.scale else { return Ok((train, valid, test)) };
        let scaler = fit(&train.x)?;
        let scaled = |part: &TensorDataset| part.map_x(|x| scaler.transform(x));
        Ok((scaled(&train)?, valid.as_ref().map(scaled).transpose()?, scaled(&test)?))
    }
}

/// Takes the directory that has those of the folds, for as long as there are folds.
fn own(owned: &mut Option<(PathBuf, Lock)>, trainer: &Trainer<'_>) -> Result<()> {
    let Some(dir) = &trainer.checkpoint else { return Ok(()) };
    let has = |dir: &Path| dir.join(MANIFEST).is_file();
    if trainer.resume && has(dir) && !has(&fold_dir(dir, 1)) {
        let found = "here is the checkpoint of a single run, and none of a cross-validation; name another directory";
        return Err(Error::file(dir, found));
    }
    let is_taken = owned.as_ref().is_some_and(|(taken, _)| taken == dir);
    // What is not there cannot be gone on from: the first fold says so.
    if !is_taken && (!trainer.resume || Checkpoint::exists(dir)) {
        *owned = Some((dir.clone(), Lock::take(dir)?));
    }
    Ok(())
}

/// The result of a cross-validation.
///
/// # Examples
/// ```
/// use wengert_train::Scores;
/// let scores = Scores { folds: vec![0.5, 1.0], histories: Vec::new() };
/// assert_eq!((scores.mean(), scores.std()), (0.75, 0.25));
/// assert_eq!(scores.to_string(), "0.7500 ± 0.2500 (0.5000 1.0000)");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The metric on the test part of each fold.
    pub folds: Vec<f64>,
    /// The run of each fold.
    pub histories: Vec<History>,
}

/// The folds that were done before an error ended the cross-validation: a detail of that error.
///
/// # Examples
/// ```
/// use autograd_core::{Result, SeededRng, seeded};
/// use wengert_data::{sets::two_moons, split::KFold};
/// use wengert_nn::{Linear, cross_entropy};
/// use wengert_optim::Sgd;
/// use wengert_train::{Accuracy, CrossValidation, Error, InterruptedFolds, Trainer};
///
/// let (mut rng, data) = (seeded(7), two_moons(60, 0.1, &mut seeded(7))?);
/// let mut made = 0;
/// let model = |rng: &mut SeededRng| -> Result<Linear> {
///     made += 1;
///     if made == 2 { Err(Error::user("no more models")) } else { Linear::new(2, 2, rng) }
/// };
/// let trainer = || Trainer::new(Sgd::new(0.1), cross_entropy);
/// let error = CrossValidation::new(KFold::new(3)).run(model, trainer, &data, Accuracy, &mut rng).unwrap_err();
/// let done = error.detail::<InterruptedFolds>().expect("one fold was done");
/// assert_eq!(done.scores.folds.len(), 1);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Debug)]
pub struct InterruptedFolds {
    /// The folds that were done.
    pub scores: Scores,
    cause: Error,
}

impl fmt::Display for InterruptedFolds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folds = self.scores.folds.len();
        write!(f, "the cross-validation ended after {folds} fold{}", if folds == 1 { "" } else { "s" })
    }
}

impl std::error::Error for InterruptedFolds {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

impl Scores {
    /// The mean over the folds; NaN without folds.
    pub fn mean(&self) -> f64 {
        let mean_of =
            |of: &dyn Fn(f64) -> f64| self.folds.iter().map(|score| of(*score)).sum::<f64>() / self.folds.len() as f64;
        let mean = mean_of(&|score| score);
        // What rounding has lost, so that of equal scores the mean is that score; of infinite ones that is no number.
        let lost = mean_of(&|score| score - mean);
        if lost.is_finite() { mean + lost } else { mean }
    }

    /// The standard deviation over the folds (of these folds: divided by their number, as NumPy does).
    pub fn std(&self) -> f64 {
        let mean = self.mean();
        let squares = self.folds.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>();
        (squares / self.folds.len() as f64).sqrt()
    }
}

impl fmt::Display for Scores {
    /// `0.9650 ± 0.0042 (0.9611 0.9694 0.9645)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folds: Vec<String> = self.folds.iter().map(|score| format!("{score:.4}")).collect();
        write!(f, "{:.4} ± {:.4} ({})", self.mean(), self.std(), folds.join(" "))
    }
}
