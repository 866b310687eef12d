//! Steps along changed gradients.

use super::wrap::{STEP, Seen, Wrap};
use super::wrapped::Wrapped;
use crate::clip::GradientRule;
use crate::forward::forward_optimizer;
use crate::optimizer::Optimizer;
use crate::rule::See;
use autograd_core::module::Module;
use autograd_core::{Gradients, Result};
use std::fmt;
use std::sync::Arc;

/// Another optimizer along gradients that [`GradientRule`]s have changed, one after the other. The gradients that are
/// given stay as they are. State: `step`, the number of steps, if a rule is another one in each
/// ([`GradientNoise`](crate::GradientNoise)).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{ClipValue, Optimizer, Sgd, Transformed};
///
/// let mut x = Param::new(Tensor::from([8.0, 0.25]))?;
/// let mut sgd = Transformed::new(Sgd::new(0.5), ClipValue::new(1.0));
/// let grads = x.square().sum().backward()?;                       // 16 and 0.5
/// sgd.step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [7.5, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Transformed<O>(Wrapped<O, Rules>);

#[derive(Clone)]
struct Rules(Vec<Arc<dyn GradientRule>>);

impl<O: Optimizer> Transformed<O> {
    /// The optimizer after one change.
    pub fn new(inner: O, rule: impl GradientRule + 'static) -> Transformed<O> {
        Transformed(Wrapped::new(inner, Rules(vec![Arc::new(rule)])))
    }

    /// One more change, after those before.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Centralize, ClipNorm, Optimizer, Sgd, Transformed};
    /// let sgd = Transformed::new(Sgd::new(0.5), Centralize).then(ClipNorm::new(1.0));
    /// assert!(sgd.describe(&[]).to_string().starts_with("Transformed of SGD { transformed.0: Centralize, "));
    /// ```
    #[must_use]
    pub fn then(self, rule: impl GradientRule + 'static) -> Transformed<O> {
        Transformed(self.0.with(|rules| rules.0.push(Arc::new(rule))))
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Centralize, Optimizer, Sgd, Transformed};
    /// assert_eq!(Transformed::new(Sgd::new(0.25), Centralize).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        self.0.inner()
    }
}

impl<O: Optimizer> Optimizer for Transformed<O> {
    forward_optimizer!(self => self.0);
}

impl Wrap for Rules {
    const NAME: &'static str = "Transformed";
    const PREFIX: &'static str = "transformed";
    const SEES_ALL: bool = true;

    fn hyperparameters(&mut self, _: &mut See<'_>) {}

    fn check(&self) -> Result<()> {
        self.0.iter().try_for_each(|rule| rule.check())
    }

    fn options(&self) -> Vec<(String, String)> {
        self.0.iter().enumerate().map(|(i, rule)| (i.to_string(), rule.describe().to_string())).collect()
    }

    fn counts(&self) -> Option<&'static str> {
        self.0.iter().any(|rule| rule.counts_steps()).then_some(STEP)
    }

    fn see(&self, t: u64, model: &dyn Module, grads: &Gradients) -> Result<Seen> {
        let mut grads = grads.clone();
        self.0.iter().try_for_each(|rule| rule.apply_at(t, model, &mut grads))?;
        Ok(Seen::Changed(grads))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|rule| rule.describe())).finish()
    }
}

#[cfg(test)]
use crate::{ClipValue, Sgd};

#[cfg(test)]
cases![
    wrapped(|| Transformed::new(Sgd::new(0.1), ClipValue::new(0.5)), |s, g| s.p -= 0.1 * g.clamp(-0.5, 0.5)),
    refused(
        Transformed::new(Sgd::new(0.1), ClipValue::new(-1.0)),
        "clip_grad_value: clip_value is -1.0, it must be at least 0"
    ),
];
