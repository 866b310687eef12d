//! The description of a run.

mod batches;
mod hessian;
mod schedules;
mod statistics;
mod validation;

use crate::callbacks::{Callback, Checkpoint};
use crate::checkpoint::fold_dir;
use crate::metrics::Metric;
use crate::penalty::Penalty;
use std::path::PathBuf;
use wengert_nn::Loss;
use wengert_optim::{GradientRule, Optimizer};

pub(crate) use hessian::Sampled;
pub(crate) use schedules::{Every, Scheduled};

/// A run: how to train a model.
///
/// For each epoch and each batch of it:
/// ```text
/// output = model(x)          in training mode
/// g = ∂ (loss(output, y) + penalties) / ∂ parameters, clipped if asked for
/// optimizer: parameters ← parameters against g, with the rate of the schedule
/// ```
/// What is reported is the loss of the set, without penalties: [`Loss::parts`] of all batches, numerators over
/// denominators. So that of a mean of samples does not depend on how they are cut into batches, with class weights and
/// ignored targets, too. A batch of which nothing counts (of ignored targets alone) is passed over without a step.
///
/// After each epoch, or after some ([`Trainer::validate_every`]), the model is tried on the validation set, if there is
/// one, in evaluation mode.
///
/// `&mut optimizer` is an optimizer, too. After the run it has its state, and its own learning rate, whatever a
/// schedule or a callback has made of that: another run goes on with it. So is every hyperparameter that a schedule
/// sets.
///
/// By default: 1 epoch, shuffled batches of 32 (the last one of an epoch may be smaller), no schedule, no clipping,
/// nothing measured but the loss, no callback.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss, smooth_l1_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{EarlyStopping, L2Penalty, MeanLoss, Trainer};
///
/// // y = 2x + 1
/// let set = TensorDataset::new(Tensor::from([[0.0], [1.0], [2.0]]), Tensor::from([[1.0], [3.0], [5.0]]))?;
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let history = Trainer::new(Sgd::new(0.2), mse_loss).epochs(200).fit(&mut model, &set, None, &mut seeded(7))?;
/// assert!((model.weight.item::<f32>()? - 2.0).abs() < 1e-3);
/// assert!(history.epochs[199].get("loss") < Some(1e-6));
///
/// // With options:
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss)
///     .batch_size(2)
///     .penalty(L2Penalty::new(1e-4))
///     .clip_norm(1.0)
///     .metric(MeanLoss::new(smooth_l1_loss))
///     .callback(EarlyStopping::new().monitor("loss"));
/// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// assert!(history.epochs[0].get("mean_loss") < Some(1e-3));
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[must_use = "a trainer does nothing before fit"]
pub struct Trainer<'t> {
    pub(crate) optimizer: Box<dyn Optimizer + 't>,
    pub(crate) loss: Box<dyn Loss + 't>,
    pub(crate) epochs: u64,
    pub(crate) batch_size: usize,
    pub(crate) drop_last: bool,
    pub(crate) shuffle: bool,
    /// That of training if there is none.
    pub(crate) validation_batch_size: Option<usize>,
    pub(crate) validate_every: u64,
    pub(crate) accumulate: usize,
    pub(crate) update_batch_norm: bool,
    pub(crate) sampled: Option<Sampled<'t>>,
    pub(crate) penalties: Vec<Box<dyn Penalty + 't>>,
    /// At most one of each name; a second is refused by `fit`.
    pub(crate) schedules: Vec<Scheduled<'t>>,
    pub(crate) gradients: Vec<Box<dyn GradientRule + 't>>,
    pub(crate) clip_norm: Option<f64>,
    pub(crate) capture: bool,
    pub(crate) check_capture: usize,
    pub(crate) metrics: Vec<Box<dyn Metric + 't>>,
    pub(crate) callbacks: Vec<Box<dyn Callback + 't>>,
    pub(crate) checkpoint: Option<PathBuf>,
    pub(crate) resume: bool,
    pub(crate) allowed: Vec<String>,
    /// In a cross-validation: which fold of how many, and the seed of its randomness.
    pub(crate) fold: Option<(String, u64)>,
}

impl<'t> Trainer<'t> {
    /// A run that minimises `loss` with `optimizer`.
    pub fn new(optimizer: impl Optimizer + 't, loss: impl Loss + 't) -> Trainer<'t> {
        Trainer {
            optimizer: Box::new(optimizer),
            loss: Box::new(loss),
            epochs: 1,
            batch_size: 32,
            drop_last: false,
            shuffle: true,
            validation_batch_size: None,
            validate_every: 1,
            accumulate: 1,
            update_batch_norm: false,
            sampled: None,
            penalties: Vec::new(),
            schedules: Vec::new(),
            gradients: Vec::new(),
            clip_norm: None,
            capture: false,
            check_capture: 0,
            metrics: Vec::new(),
            callbacks: Vec::new(),
            checkpoint: None,
            resume: false,
            allowed: Vec::new(),
            fold: None,
        }
    }

    /// The number of passes over the training set, at least 1. Default 1.
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    /// Adds a [`Penalty`] to the loss of every batch: [`L1Penalty`](crate::L1Penalty), [`L2Penalty`](crate::L2Penalty),
    /// or a closure from the model to one number. It acts by its gradient; histories have the loss without it, so that
    /// training and validation compare. By default there is none.
    pub fn penalty(mut self, penalty: impl Penalty + 't) -> Self {
        self.penalties.push(Box::new(penalty));
        self
    }

    /// Changes the gradients of the model's trainable parameters before each step:
    /// [`Centralize`](wengert_optim::Centralize), [`AdaptiveClip`](wengert_optim::AdaptiveClip), a closure, and
    /// whatever else is a [`GradientRule`]; one after the other, in the order in which they were added, and
    /// [`Trainer::clip_norm`] after all of them. By default there is none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_train::Trainer;
    /// use wengert_optim::{Centralize, ClipValue, Sgd};
    /// # let set = TensorDataset::new(Tensor::from([[1.0, 0.0], [2.0, 1.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let mut model = Linear::new(2, 1, &mut seeded(7))?;
    /// let before = model.weight.to_vec::<f32>()?;
    /// let trainer = Trainer::new(Sgd::new(0.5), mse_loss).gradients(ClipValue::new(0.25)).gradients(Centralize);
    /// trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// let after = model.weight.to_vec::<f32>()?;
    /// assert!((before[0] + before[1] - after[0] - after[1]).abs() < 1e-6);
    /// assert!((before[0] - after[0]).abs() <= 0.125);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn gradients(mut self, rule: impl GradientRule + 't) -> Self {
        self.gradients.push(Box::new(rule));
        self
    }

    /// Scales the gradients of a batch down so that the norm of those of the model's trainable parameters, all
    /// together, is at most `max_norm` > 0; see [`clip_grad_norm`](wengert_optim::clip_grad_norm). By default they stay
    /// as they are.
    pub fn clip_norm(mut self, max_norm: f64) -> Self {
        self.clip_norm = Some(max_norm);
        self
    }

    /// Whether the steps are captured: forward pass, loss, penalties and backward pass run once as they are written and
    /// are recorded, and from then on their kernels are replayed ([`Capture`](autograd_core::Capture)). Default false.
    ///
    /// Weights, history and checkpoints are the same to the last bit, and a checkpoint of one may be gone on from by
    /// the other. It pays where a step is short: a small network, small batches, where most of the time goes into what
    /// stands around the arithmetic. Each size of a batch, each set of frozen parts and of modes is recorded once: the
    /// last batch of an epoch, which may be smaller, has its own program. Of more than 64 the one that was not used for
    /// longest is recorded again when it is needed. Buffers of the model, such as running statistics, are set by
    /// replays as by runs. Clipping, the optimizer, metrics, validation and callbacks run as ever; so does an optimizer
    /// that evaluates a batch several times, of which each evaluation is a replay.
    ///
    /// What the model, the loss and the penalties do must depend on shapes, modes and what is frozen alone, not on
    /// numbers or on the batch: a replay does what the recorded step did. What can be seen is refused, and ends the run
    /// before its first step: a look at numbers ([`Tensor::item`](autograd_core::Tensor::item) and the like), a random
    /// generator that is no [`Stream`](autograd_core::module::Stream) of the model, a
    /// [`Buffer`](autograd_core::module::Buffer) that is set and is not the model's, a parameter that is not the
    /// model's. A counter of the user's own, or a file that is read, cannot be seen, but by [`Trainer::check_capture`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let fit = |capture: bool| {
    ///     let mut model = Linear::new(1, 1, &mut seeded(7))?;
    ///     let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(20).capture(capture);
    ///     trainer.fit(&mut model, &set, None, &mut seeded(7))
    /// };
    /// assert_eq!(fit(true)?, fit(false)?);
    ///
    /// let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let looks = |y: &Tensor, t: &Tensor| if y.item::<f32>()? > 0.0 { mse_loss(y, t) } else { mse_loss(t, y) };
    /// let trainer = Trainer::new(Sgd::new(0.1), looks).batch_size(1).capture(true);
    /// let error = trainer.fit(&mut model, &set, None, &mut seeded(7)).expect_err("it looks at a number");
    /// assert!(error.to_string().starts_with("epoch 1, train batch 1: capture: item looks at numbers, "));
    /// assert!(error.to_string().ends_with("; capture(false) runs it"));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn capture(mut self, capture: bool) -> Self {
        self.capture = capture;
        self
    }

    /// Runs every n-th replay of [`Trainer::capture`] as it is written as well, and compares the bits of all kernels
    /// ([`Capture::check_every`](autograd_core::Capture::check_every)): a step that depends on something which a
    /// capture cannot see ends the run with the first kernel that differs. 0, the default, never does. Without captured
    /// steps there is no replay, and any other number is refused.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let calls = AtomicU32::new(0);
    /// let fading = |y: &Tensor, t: &Tensor| {
    ///     let k = calls.fetch_add(1, Ordering::Relaxed); // the recorded step had one k, and so has every replay
    ///     Ok(mse_loss(y, t)?.mul_scalar(0.5f64.powi(k as i32)))
    /// };
    /// let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let trainer = Trainer::new(Sgd::new(0.1), fading).epochs(9).capture(true).check_capture(3);
    /// let error = trainer.fit(&mut model, &set, None, &mut seeded(7)).expect_err("it counts").to_string();
    /// assert!(error.contains("mul_scalar, computes other numbers in a run than in its replay"), "{error}");
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn check_capture(mut self, n: usize) -> Self {
        self.check_capture = n;
        self
    }

    /// Adds a metric, which is measured on all sets beside the loss.
    pub fn metric(mut self, metric: impl Metric + 't) -> Self {
        self.metrics.push(Box::new(metric));
        self
    }

    /// Adds a callback; they are called in the order in which they were added.
    pub fn callback(mut self, callback: impl Callback + 't) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Writes a checkpoint into a directory after each epoch; [`Checkpoint`] has options.
    pub fn checkpoint(mut self, checkpoint: impl Into<Checkpoint>) -> Self {
        let checkpoint = checkpoint.into();
        self.checkpoint = Some(checkpoint.dir().into());
        self.callback(checkpoint)
    }

    /// Whether to go on from the checkpoint in the directory named with [`Trainer::checkpoint`], to the same bits that
    /// the run would have come to without interruption.
    ///
    /// The run must be the one that wrote the checkpoint: the same datasets, model structure, frozen parameters,
    /// optimizer, schedule, loss, metrics, callbacks and options of all of them, known by its
    /// [`Identity`](crate::Identity). What differs is refused in one report, before anything has changed;
    /// [`Trainer::allow`] names what is meant to differ. Of functions and closures the name of the type is known, of
    /// schedules also the rates; of a large dataset a selection of samples; of a model what [`Module::visit`] shows,
    /// not what it computes besides.
    ///
    /// Weights, what is frozen or held in evaluation, optimizer state, learning rate, randomness and history are those
    /// of the checkpoint, whatever they are now, but for what is allowed to differ. A run that had ended returns at
    /// once. A missing checkpoint is an error; [`Checkpoint::exists`] finds out. Default false.
    ///
    /// [`Module::visit`]: autograd_core::module::Module::visit
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Lets a resumed run differ from the one that wrote the checkpoint: in `epochs`, in `patience`, in `optimizer.lr`,
    /// in all that is below `callbacks` or `train`. The names are those of the report of a refusal, or whole words of
    /// them. This run's value holds from here on; a run that a callback had stopped goes on if it is allowed to differ
    /// in its callbacks, and does. Can be called several times.
    ///
    /// ```
    /// use wengert_nn::mse_loss;
    /// use wengert_optim::Sgd;
    /// use wengert_train::{Checkpoint, Trainer};
    ///
    /// let trainer = Trainer::new(Sgd::new(0.1), mse_loss)
    ///     .epochs(200)
    ///     .checkpoint("run")
    ///     .resume(Checkpoint::exists("run"))
    ///     .allow("epochs");
    /// ```
    pub fn allow(mut self, name: impl Into<String>) -> Self {
        self.allowed.push(name.into());
        self
    }

    /// The run of one fold of a cross-validation.
    pub(crate) fn in_fold(mut self, fold: usize, folds: usize, seed: u64) -> Self {
        self.fold = Some((format!("{fold} of {folds}"), seed));
        self.callbacks.iter_mut().for_each(|callback| callback.on_fold(fold));
        if let Some(dir) = &mut self.checkpoint {
            let own = fold_dir(dir, fold);
            // Folds that an interruption left undone begin; if there is none at all, that is an error as ever.
            self.resume &= Checkpoint::exists(&own) || !Checkpoint::exists(fold_dir(dir, 1));
            *dir = own;
        }
        self
    }
}
