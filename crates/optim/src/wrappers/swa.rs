//! Stochastic weight averaging.

use super::wrap::{STEP, Wrap};
use super::wrapped::Wrapped;
use crate::blend::approach;
use crate::forward::forward_optimizer;
use crate::optimizer::Optimizer;
use crate::rule::See;
use autograd_core::module::Param;
use autograd_core::{Error, Result, Tensor};

/// Stochastic weight averaging: the plain mean of the weights that another optimizer trains, from some step on, to
/// evaluate at.
///
/// ```text
/// after the steps start, start + every, start + 2 every, ..:
/// n ← n + 1
/// s ← s + (w − s) / n
/// ```
///
/// `start ≥ 1` (1), `every ≥ 1` (1); with the number of batches of an epoch for `every`, and a multiple of it for
/// `start`, epochs are averaged. State: `average` (s) of each parameter, `kept`, how many those are, and the number of
/// the step, which says n; `since` of each parameter: the number of steps before it has joined, none of which is in its
/// mean. `start` and `every` are those of the whole training: n is counted with them. Before `start` the weights
/// to evaluate at are those that are trained. [`Optimizer::eval`] puts s into the model; a `Trainer` validates, and
/// ends, with it.
///
/// Buffers are the model's own: running statistics of normalisation are those of the weights that were trained, and
/// should be estimated again at s. A `Trainer` does it with `Trainer::update_batch_norm`; in a loop of one's own,
/// `update_batch_norm` of the layers' crate does it after `eval`, from batches of the training set.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Sgd, Swa};
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let mut swa = Swa::new(Sgd::new(0.25)).start(2);
/// for _ in 0..3 {                                     // 4, 2, 1
///     let grads = x.square().backward()?;
///     swa.step(&mut x, &grads)?;
/// }
/// swa.eval(&mut x)?;
/// assert_eq!(x.item::<f32>()?, 1.5);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, Averaging Weights Leads to Wider Optima and Better Generalization,
/// 2018, algorithm 1.
///
/// # Differs from
/// * PyTorch's `AveragedModel`: nothing, but it is part of the optimizer, and of its state; `update_parameters` is
///   `start` and `every`.
#[derive(Clone, Debug)]
pub struct Swa<O>(Wrapped<O, Mean>);

#[derive(Clone, Debug)]
struct Mean {
    start: u64,
    every: u64,
}

impl<O: Optimizer> Swa<O> {
    /// The mean of the weights after all steps.
    pub fn new(inner: O) -> Swa<O> {
        Swa(Wrapped::new(inner, Mean { start: 1, every: 1 }))
    }

    /// The number of the first step that counts, at least 1. Default 1.
    #[must_use]
    pub fn start(self, start: u64) -> Swa<O> {
        Swa(self.0.with(|wrap| wrap.start = start))
    }

    /// How many steps lie between two that count, at least 1. Default 1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, Sgd, Swa};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let mut swa = Swa::new(Sgd::new(0.25)).every(2);
    /// for _ in 0..4 {                                 // 4, 2, 1, 0.5
    ///     let grads = x.square().backward()?;
    ///     swa.step(&mut x, &grads)?;
    /// }
    /// swa.eval(&mut x)?;
    /// assert_eq!(x.item::<f32>()?, 2.5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn every(self, every: u64) -> Swa<O> {
        Swa(self.0.with(|wrap| wrap.every = every))
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Swa, Optimizer, Sgd};
    /// assert_eq!(Swa::new(Sgd::new(0.25)).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        self.0.inner()
    }
}

impl<O: Optimizer> Optimizer for Swa<O> {
    forward_optimizer!(self => self.0);
}

impl Mean {
    /// How many of the first t steps count.
    fn count(&self, t: u64) -> u64 {
        if t < self.start { 0 } else { (t - self.start) / self.every + 1 }
    }
}

impl Wrap for Mean {
    const NAME: &'static str = "Swa";
    const PREFIX: &'static str = "swa";
    const KEEPS: Option<&'static str> = Some("average");
    const COUNTS: Option<&'static str> = Some(STEP);
    const EVALUATES: bool = true;

    fn hyperparameters(&mut self, _: &mut See<'_>) {}

    fn check(&self) -> Result<()> {
        for (name, value) in [("start", self.start), ("every", self.every)] {
            if value == 0 {
                return Err(Error::argument(Self::NAME, name, value, "at least 1"));
            }
        }
        Ok(())
    }

    fn since(&self, t: u64) -> u64 {
        if t < self.start { 0 } else { t }
    }

    fn acts(&self, t: u64) -> bool {
        t >= self.start && (t - self.start).is_multiple_of(self.every)
    }

    fn after(&self, t: u64, since: u64, parameter: &Param, kept: &mut Option<Tensor>) -> Result<Option<Tensor>> {
        let n = self.count(t) - self.count(since);
        match kept {
            None => *kept = Some(parameter.detach()),
            Some(average) => approach(average, 1.0 / n as f64, parameter)?,
        }
        Ok(None)
    }
}

#[cfg(test)]
use crate::Sgd;

#[cfg(test)]
cases![
    wrapped(
        || Swa::new(Sgd::new(0.1)),
        |s, g| {
            s.p -= 0.1 * g;
            s.a += s.p;
            s.b = s.a / s.t;
        }
    )
    .evaluates(|s| s.b),
    wrapped(
        || Swa::new(Sgd::new(0.1)).start(2).every(3),
        |s, g| {
            s.p -= 0.1 * g;
            if [2.0, 5.0, 8.0].contains(&s.t) {
                s.a += s.p;
                s.b += 1.0;
            }
            s.c = if s.b == 0.0 { s.p } else { s.a / s.b };
        }
    )
    .evaluates(|s| s.c),
    refused(Swa::new(Sgd::new(0.1)).start(0), "Swa: start is 0, it must be at least 1"),
    refused(Swa::new(Sgd::new(0.1)).every(0), "Swa: every is 0, it must be at least 1"),
];
