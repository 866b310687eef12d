//! The findings of a checkup.

use autograd_core::{Error, ErrorKind, Result};
use std::fmt;

/// What a model that trains does.
///
/// # Examples
/// ```
/// # use wengert_train::Aspect;
/// assert_eq!(Aspect::Resume.to_string(), "resume");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aspect {
    /// Every parameter gets a gradient that is not zero.
    Gradients,
    /// Loss and gradients are finite.
    Finite,
    /// Gradients are the derivatives, in first and second order.
    Derivatives,
    /// A step gives the same bits again.
    Repeats,
    /// A step gives the same bits on one thread and on two.
    Threads,
    /// A captured step gives the bits of a plain one.
    Capture,
    /// A step after saving and loading gives the bits of one without.
    Resume,
    /// In evaluation the model answers the same twice, and stays as it is.
    Eval,
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Aspect::Gradients => "gradients",
            Aspect::Finite => "finite",
            Aspect::Derivatives => "derivatives",
            Aspect::Repeats => "repeats",
            Aspect::Threads => "threads",
            Aspect::Capture => "capture",
            Aspect::Resume => "resume",
            Aspect::Eval => "eval",
        })
    }
}

/// Something that a model does not do.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_train::{Aspect, Finding, TrainFindings, check_trains};
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// model.freeze("bias")?;
/// let error = check_trains(&model, (Tensor::from([[1.0]]), Tensor::from([[9.0]])), mse_loss).unwrap_err();
/// let Finding { aspect, place, cause, .. } = &error.detail::<TrainFindings>().expect("findings").findings[0];
/// assert_eq!((*aspect, place.as_str(), cause.as_str()), (Aspect::Gradients, "bias", "frozen"));
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it does not do.
    pub aspect: Aspect,
    /// The parameter or the layer where; empty if it is the model as a whole.
    pub place: String,
    /// Why, as far as it is known.
    pub cause: String,
}

impl Finding {
    pub(super) fn new(aspect: Aspect, place: impl Into<String>, cause: impl fmt::Display) -> Finding {
        Finding { aspect, place: place.into(), cause: cause.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "{}: {}", self.aspect, self.cause),
            place => write!(f, "{}: {place}: {}", self.aspect, self.cause),
        }
    }
}

/// All findings of [`check_trains`](crate::check_trains), at least one.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module, seeded};
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_train::{TrainFindings, check_trains};
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// model.freeze("bias")?;
/// let error = check_trains(&model, (Tensor::from([[1.0]]), Tensor::from([[9.0]])), mse_loss).unwrap_err();
/// assert_eq!(error.detail::<TrainFindings>().expect("findings").findings.len(), 1);
/// assert_eq!(error.to_string(), "the model does not train, 1 finding:\n  gradients: bias: frozen");
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainFindings {
    /// What the model does not do, in the order in which it was looked for.
    pub findings: Vec<Finding>,
}

impl TrainFindings {
    /// An error if there are any.
    pub(super) fn outcome(self) -> Result<()> {
        if self.findings.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Gradient, self.to_string()).with_source(self))
    }
}

impl fmt::Display for TrainFindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.findings.len();
        write!(f, "the model does not train, {count} finding{}:", if count == 1 { "" } else { "s" })?;
        self.findings.iter().try_for_each(|finding| write!(f, "\n  {finding}"))
    }
}

impl std::error::Error for TrainFindings {}
