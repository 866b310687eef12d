//! A test of a model for its author's own tests: does it train?

mod aspects;
mod batch;
mod findings;
mod subject;

pub use batch::IntoBatch;
pub use findings::{Aspect, Finding, TrainFindings};

use autograd_core::Result;
use subject::Subject;
use wengert_nn::{Layer, Loss};

/// The settings of [`check_trains`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_nn::{Linear, mse_loss, sequential};
/// use wengert_train::{Aspect, TrainCheck, TrainFindings};
///
/// // It looks at numbers, so it cannot be captured.
/// let looks = |x: &Tensor| if x.to_f64s()[0] > 1e9 { x * 0.5 } else { x * 1.0 };
/// let model = sequential![Linear::new(2, 1, &mut seeded(7))?, looks];
/// let (x, y) = (Tensor::from([[1.0, 2.0], [0.5, -1.0]]), Tensor::from([[3.0], [1.0]]));
///
/// let error = TrainCheck::new().run(&model, (&x, &y), mse_loss).unwrap_err();
/// assert_eq!(error.detail::<TrainFindings>().expect("findings").findings[0].aspect, Aspect::Capture);
/// TrainCheck::new().capture(false).run(&model, (&x, &y), mse_loss)?;
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainCheck {
    derivatives: bool,
    second_order: bool,
    capture: bool,
}

impl Default for TrainCheck {
    fn default() -> Self {
        TrainCheck { derivatives: true, second_order: true, capture: true }
    }
}

impl TrainCheck {
    /// All checks.
    pub fn new() -> TrainCheck {
        TrainCheck::default()
    }

    /// Whether gradients are compared with finite differences. Default true; it is done in F64, so a loss that keeps
    /// tensors of its own in F32, or a layer that does, cannot be compared.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Tensor, seeded};
    /// use wengert_nn::{CrossEntropyLoss, Linear};
    /// use wengert_train::{TrainCheck, check_trains};
    ///
    /// let model = Linear::new(2, 2, &mut seeded(7))?;
    /// let batch = (Tensor::from([[1.0, 2.0], [0.5, -1.0]]), Tensor::from([0, 1]));
    /// let loss = CrossEntropyLoss::new().weight(Tensor::from([1.0, 2.0]));
    /// assert!(check_trains(&model, &batch, loss.clone()).is_err());
    /// TrainCheck::new().derivatives(false).run(&model, &batch, loss)?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[must_use]
    pub fn derivatives(mut self, derivatives: bool) -> TrainCheck {
        self.derivatives = derivatives;
        self
    }

    /// Whether derivatives of the second order are compared, too. Default true; without
    /// [derivatives](TrainCheck::derivatives) it says nothing.
    ///
    /// # Examples
    /// ```
    /// # use wengert_train::TrainCheck;
    /// assert_ne!(TrainCheck::new().second_order(false), TrainCheck::new());
    /// ```
    #[must_use]
    pub fn second_order(mut self, second_order: bool) -> TrainCheck {
        self.second_order = second_order;
        self
    }

    /// Whether captured steps are compared with plain ones. Default true; a model whose way depends on numbers cannot
    /// be captured.
    #[must_use]
    pub fn capture(mut self, capture: bool) -> TrainCheck {
        self.capture = capture;
        self
    }

    /// See [`check_trains`].
    ///
    /// # Errors
    /// As for [`check_trains`].
    pub fn run<M: Layer + Clone + 'static>(
        self,
        model: &M,
        batch: impl IntoBatch,
        loss: impl Loss + Sync,
    ) -> Result<()> {
        let (inputs, target) = batch.into_batch();
        let subject = Subject::new(model.clone(), inputs, target, &loss);
        let mut findings = aspects::gradients(&subject)?;
        if findings.iter().any(|finding| finding.aspect == Aspect::Finite) {
            // Nothing equals NaN.
            return TrainFindings { findings }.outcome();
        }
        if self.derivatives {
            findings.extend(aspects::derivatives(&subject, self.second_order, &findings));
        }
        findings.extend(aspects::repeats(&subject));
        if self.capture {
            findings.extend(aspects::capture(&subject));
        }
        findings.extend(aspects::resume(&subject));
        findings.extend(aspects::eval(&subject));
        TrainFindings { findings }.outcome()
    }
}

/// Whether a model trains, on a batch that is as small as it may be:
///
/// * every parameter gets a gradient that is finite and not zero,
/// * which agrees with finite differences in F64, in first and second order, if model and loss run in it
///   ([`TrainCheck::derivatives`] leaves this out);
/// * a step gives the same bits again, on one thread and on two,
/// * and when it is captured ([`Capture`](autograd_core::Capture)) and replayed;
/// * a model that is saved, loaded and trained on has the bits of one that was not,
/// * and in evaluation it answers the same twice and changes nothing of itself.
///
/// The model stays as it is. The batch is a pair of an input, or several, and a target. It costs some thousand runs of
/// a model of a few parameters, so it is for tests: [`assert_trains!`](crate::assert_trains) fails with the findings.
///
/// # Errors
/// If the model or the loss fails on the batch; or with all findings, each with the place in the model and the cause as
/// far as it is known: [`TrainFindings`] is the error's [`detail`](autograd_core::Error::detail).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_nn::{Linear, Tanh, mse_loss, sequential};
/// use wengert_train::check_trains;
///
/// let mut rng = seeded(7);
/// let (x, y) = (Tensor::from([[1.0, 2.0], [0.5, -1.0]]), Tensor::from([[3.0], [1.0]]));
/// check_trains(&sequential![Linear::new(2, 3, &mut rng)?, Tanh, Linear::new(3, 1, &mut rng)?], (&x, &y), mse_loss)?;
///
/// let cut = sequential![Linear::new(2, 1, &mut rng)?, |x: &Tensor| x.floor(), Linear::new(1, 1, &mut rng)?];
/// let error = check_trains(&cut, (&x, &y), mse_loss).unwrap_err();
/// assert_eq!(error.to_string().lines().nth(1), Some(
///     "  gradients: 0.weight: no gradient: floor in 1 (Lambda) cut a value of shape [2, 1] off"
/// ));
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub fn check_trains<M: Layer + Clone + 'static>(
    model: &M,
    batch: impl IntoBatch,
    loss: impl Loss + Sync,
) -> Result<()> {
    TrainCheck::new().run(model, batch, loss)
}

/// Fails with all findings of [`check_trains`](crate::check_trains), if there are any: `assert_trains!(model, batch,
/// loss)`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_nn::{Linear, Tanh, cross_entropy, sequential};
/// use wengert_train::assert_trains;
///
/// let mut rng = seeded(7);
/// let model = sequential![Linear::new(2, 3, &mut rng)?, Tanh, Linear::new(3, 2, &mut rng)?];
/// let batch = (Tensor::from([[1.0, 2.0], [0.5, -1.0]]), Tensor::from([0, 1]));
/// assert_trains!(model, batch, cross_entropy);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[macro_export]
macro_rules! assert_trains {
    ($model:expr, $batch:expr, $loss:expr $(,)?) => {
        if let ::core::result::Result::Err(error) = $crate::check_trains(&$model, $batch, $loss) {
            ::core::panic!("{error}")
        }
    };
}
