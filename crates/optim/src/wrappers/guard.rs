//! A guard against gradients that are not finite.

use super::wrap::{Seen, Wrap};
use super::wrapped::Wrapped;
use crate::clip::{GradientRule, ZeroNotFinite};
use crate::forward::forward_optimizer;
use crate::norms::norm;
use crate::optimizer::Optimizer;
use crate::rule::See;
use autograd_core::module::{Item, Module, Path};
use autograd_core::{Error, ErrorKind, Gradients, Result};

/// Another optimizer behind a look at the gradients: a NaN or an infinity among them ends the step with an error,
/// leaves it out, or counts as 0. Without a guard such numbers reach the parameters.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Guard, Optimizer, Sgd};
///
/// let mut model = vec![Param::new(Tensor::from([4.0, 0.0]))?];
/// let grads = model[0].sqrt().sum().backward()?;                  // ¼ and ∞
/// let error = Guard::refuse(Sgd::new(1.0)).step(&mut model, &grads).unwrap_err();
/// assert_eq!(error.to_string(), "Guard: the gradient of \"0\" has elements that are not finite");
///
/// let mut guard = Guard::skip(Sgd::new(1.0));
/// let report = guard.step(&mut model, &grads)?;
/// assert_eq!((report.updated, report.not_finite, guard.skipped()), (0, vec!["0".to_string()], 1));
///
/// Guard::zero(Sgd::new(1.0)).step(&mut model, &grads)?;
/// assert_eq!(model[0].to_vec::<f32>()?, [3.75, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # Differs from
/// * optax' `apply_if_finite`, which gives up after some steps in a row.
#[derive(Clone, Debug)]
pub struct Guard<O>(Wrapped<O, Look>);

#[derive(Clone, Debug)]
struct Look {
    not_finite: NotFinite,
}

#[derive(Clone, Copy, Debug)]
enum NotFinite {
    Refuse,
    Skip,
    Zero,
}

impl<O: Optimizer> Guard<O> {
    /// A step along such gradients is an error that names the parameter; nothing is changed. Points that a line search
    /// only tries pass.
    pub fn refuse(inner: O) -> Guard<O> {
        Guard(Wrapped::new(inner, Look { not_finite: NotFinite::Refuse }))
    }

    /// A step along such gradients is left out. The report names the parameters
    /// ([`StepReport::not_finite`](crate::StepReport::not_finite)); neither state nor step counts change.
    pub fn skip(inner: O) -> Guard<O> {
        Guard(Wrapped::new(inner, Look { not_finite: NotFinite::Skip }))
    }

    /// Such elements count as 0.
    pub fn zero(inner: O) -> Guard<O> {
        Guard(Wrapped::new(inner, Look { not_finite: NotFinite::Zero }))
    }

    /// How many steps were left out, by [`Guard::skip`]. The number is part of the state.
    pub fn skipped(&self) -> u64 {
        self.0.count()
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Guard, Optimizer, Sgd};
    /// assert_eq!(Guard::skip(Sgd::new(0.25)).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        self.0.inner()
    }
}

impl<O: Optimizer> Optimizer for Guard<O> {
    forward_optimizer!(self => self.0);
}

impl Wrap for Look {
    const NAME: &'static str = "Guard";
    const PREFIX: &'static str = "guard";
    const COUNTS: Option<&'static str> = Some("skipped");

    fn hyperparameters(&mut self, _: &mut See<'_>) {}

    fn see_estimate(&self, model: &dyn Module, grads: &Gradients) -> Result<Seen> {
        self.see(0, model, grads)
    }

    fn see(&self, _: u64, model: &dyn Module, grads: &Gradients) -> Result<Seen> {
        let (mut wrong, mut outcome) = (Vec::new(), Ok(()));
        model.visit(&Path::root(), &mut |path, item| {
            let Item::Param(param) = item else { return };
            let Some(g) = grads.get(param).filter(|_| param.is_trainable()) else { return };
            match norm(std::iter::once(g), f64::INFINITY) {
                Ok(largest) if largest.is_finite() => {}
                Ok(_) => wrong.push(path.to_string()),
                Err(error) => outcome = Err(error),
            }
        });
        outcome?;
        match (self.not_finite, wrong.first()) {
            (_, None) => Ok(Seen::Pass),
            (NotFinite::Refuse, Some(name)) => {
                let text = format!("Guard: the gradient of {name:?} has elements that are not finite");
                Err(Error::new(ErrorKind::NotFinite, text))
            }
            (NotFinite::Skip, _) => Ok(Seen::Skip(wrong)),
            (NotFinite::Zero, _) => {
                let mut grads = grads.clone();
                ZeroNotFinite.apply(model, &mut grads)?;
                Ok(Seen::Changed(grads))
            }
        }
    }
}
