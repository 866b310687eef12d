//! Training: the loop, its callbacks and metrics, and the history of a run.
//!
//! ```
//! use autograd_core::seeded;
//! use wengert_data::sets::two_moons;
//! use wengert_nn::{Linear, Tanh, cross_entropy, sequential};
//! use wengert_optim::Adam;
//! use wengert_train::{Accuracy, EarlyStopping, Trainer, evaluate};
//!
//! let mut rng = seeded(7);
//! let [train, valid, test] = two_moons(400, 0.1, &mut rng)?.split([0.70, 0.15, 0.15], &mut rng)?;
//! let mut model = sequential![Linear::new(2, 16, &mut rng)?, Tanh, Linear::new(16, 2, &mut rng)?];
//!
//! let history = Trainer::new(Adam::new(0.03), cross_entropy)
//!     .epochs(30)
//!     .batch_size(32)
//!     .metric(Accuracy)
//!     .callback(EarlyStopping::new().patience(10))
//!     .fit(&mut model, &train, &valid, &mut rng)?;
//!
//! assert!(history.best().and_then(|epoch| epoch.get("val_accuracy")) > Some(0.9));
//! assert!(evaluate(&model, &test, Accuracy)? > 0.9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Trainer`] describes a run and [`Trainer::fit`] does it. Whatever happens beside the arithmetic is a [`Callback`]:
//! stopping early, showing progress and writing checkpoints are callbacks like a user's own, made of the public
//! interface. Without a validation set, `None` stands in its place.
//!
//! # Options
//! Required things are arguments of `new`: [`Trainer::new`] takes the optimizer and the loss, [`Checkpoint::new`] the
//! directory. Options have defaults and are set afterwards, by a method with the option's name. All of it is checked
//! before anything has changed: by [`Trainer::fit`], [`Metric::start`], [`CrossValidation::run`].
//!
//! # Features
//! Both are on by default: `progress` ([`ProgressBar`], by indicatif) and `plot` ([`History::plot`],
//! [`LrReport::plot`] and [`plot_confusion`], by plotters).
//!
//! # Randomness
//! A run draws one seed from its generator. The order of the samples is a pure function of that seed and the number of
//! the epoch; layers with randomness have streams of their own. So a run with the same seed gives the same bits, on any
//! number of threads, and a run that is resumed from a checkpoint ends with the bits of one that was never interrupted.

#![forbid(unsafe_code)]

#[cfg(test)]
#[macro_use]
mod cases;

pub mod callbacks;
mod checkpoint;
mod checksum;
mod checkup;
mod draw;
mod evaluate;
pub mod history;
mod interrupted;
pub mod metrics;
mod number;
mod panic;
mod penalty;
#[cfg(feature = "plot")]
mod plot;
mod restarts;
mod run;
mod session;
mod trainer;
mod validate;

pub use autograd_core::{BoxError, Description, Error, ErrorKind, Result};
#[cfg(feature = "progress")]
pub use callbacks::ProgressBar;
pub use callbacks::{Better, Callback, Checkpoint, EarlyStopping, ReduceLROnPlateau};
pub use checkpoint::Snapshot;
pub use checkup::{Aspect, Finding, IntoBatch, TrainCheck, TrainFindings, check_trains};
pub use draw::{draw_bits, draw_classes};
pub use evaluate::{Evaluation, evaluate, predict};
pub use history::{EpochRecord, History, Metrics};
pub use interrupted::Interrupted;
pub use metrics::{Accuracy, BinaryAccuracy, ConfusionMatrix, MeanLoss, Metric, Tally, confusion_matrix};
pub use penalty::{ElasticNetPenalty, L1Penalty, L2Penalty, Penalty};
#[cfg(feature = "plot")]
pub use plot::plot_confusion;
pub use restarts::{Restarted, RestartedRun, Restarts};
pub use run::{Difference, Identity, IdentityMismatch, MetricInfo, Plan, Run};
pub use session::{LrFinder, LrPoint, LrReport, Validation};
pub use trainer::Trainer;
pub use validate::{CrossValidation, InterruptedFolds, Scores, cross_validate};
