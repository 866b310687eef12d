//! Lookahead.

use super::wrap::{STEP, Wrap};
use super::wrapped::Wrapped;
use crate::blend::approach;
use crate::forward::forward_optimizer;
use crate::optimizer::Optimizer;
use crate::range::Range;
use crate::rule::See;
use autograd_core::module::Param;
use autograd_core::{Error, Result, Tensor};

/// Lookahead: another optimizer goes ahead for k steps from weights that then follow a part of the way.
///
/// ```text
/// after every k-th step of the optimizer inside (sync_period k):
/// φ ← φ + α (θ − φ)         (slow_step_size α)
/// θ ← φ
/// ```
///
/// θ are the weights that are trained, φ begins as their values before the first step. `0 ≤ α ≤ 1` (0.5), `k ≥ 1` (6).
/// State: `slow` (φ) of each parameter, with a `since` of 0; `kept`, how many those are, and the number of the step;
/// that of the optimizer inside goes on. The weights to evaluate at are φ ([`Optimizer::eval`]).
///
/// The optimizer inside must go on from where the weights are put: one that computes them from its own state would undo
/// it, as `Ftrl`, `Cocob`, `Madgrad` and the schedule-free ones do, and `Lbfgs` would take what the gradient changes by
/// on the way there for the curvature of its own step.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Lookahead, Optimizer, Sgd};
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let mut lookahead = Lookahead::new(Sgd::new(0.25)).sync_period(2).slow_step_size(0.5);
/// for expected in [4.0, 5.0] {                         // 2, and half of the way there
///     let grads = x.square().backward()?;
///     lookahead.step(&mut x, &grads)?;
///     assert_eq!(x.item::<f32>()?, expected);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Zhang, Lucas, Hinton, Ba, Lookahead Optimizer: k steps forward, 1 step back, 2019, algorithm 1.
///
/// # Differs from
/// * optax: nothing with `reset_state` false; there a pair of weights is trained.
#[derive(Clone, Debug)]
pub struct Lookahead<O>(Wrapped<O, Slow>);

#[derive(Clone, Debug)]
struct Slow {
    sync_period: u64,
    slow_step_size: f64,
}

impl<O: Optimizer> Lookahead<O> {
    /// A wrapper with the default hyperparameters.
    pub fn new(inner: O) -> Lookahead<O> {
        Lookahead(Wrapped::new(inner, Slow { sync_period: 6, slow_step_size: 0.5 }))
    }

    /// k ≥ 1: how many steps lie ahead. Default 6.
    #[must_use]
    pub fn sync_period(self, sync_period: u64) -> Lookahead<O> {
        Lookahead(self.0.with(|wrap| wrap.sync_period = sync_period))
    }

    /// α, `0 ≤ α ≤ 1`: the part of the way that is followed. Default 0.5.
    #[must_use]
    pub fn slow_step_size(self, slow_step_size: f64) -> Lookahead<O> {
        Lookahead(self.0.with(|wrap| wrap.slow_step_size = slow_step_size))
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Lookahead, Optimizer, Sgd};
    /// assert_eq!(Lookahead::new(Sgd::new(0.25)).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        self.0.inner()
    }
}

impl<O: Optimizer> Optimizer for Lookahead<O> {
    forward_optimizer!(self => self.0);
}

impl Wrap for Slow {
    const NAME: &'static str = "Lookahead";
    const PREFIX: &'static str = "lookahead";
    const KEEPS: Option<&'static str> = Some("slow");
    const COUNTS: Option<&'static str> = Some(STEP);
    const EVALUATES: bool = true;

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("lookahead.slow_step_size", &mut self.slow_step_size, Range::FRACTION);
    }

    fn check(&self) -> Result<()> {
        match self.sync_period {
            0 => Err(Error::argument(Self::NAME, "sync_period", 0, "at least 1")),
            _ => Ok(()),
        }
    }

    fn since(&self, _: u64) -> u64 {
        // Its slow weights begin where it does.
        0
    }

    fn start(&self, parameter: &Param) -> Option<Tensor> {
        Some(parameter.detach())
    }

    fn acts(&self, t: u64) -> bool {
        t.is_multiple_of(self.sync_period)
    }

    fn after(&self, _: u64, _: u64, parameter: &Param, kept: &mut Option<Tensor>) -> Result<Option<Tensor>> {
        let Some(slow) = kept else { unreachable!("there are slow weights from the first step on") };
        approach(slow, self.slow_step_size, parameter)?;
        Ok(Some(slow.detach()))
    }
}

#[cfg(test)]
use crate::Sgd;

#[cfg(test)]
cases![
    wrapped(
        || Lookahead::new(Sgd::new(0.1).momentum(0.5)).sync_period(3).slow_step_size(0.25),
        |s, g| {
            if s.t == 1.0 {
                s.b = s.p;
            }
            s.a = 0.5 * s.a + g;
            s.p -= 0.1 * s.a;
            if s.t % 3.0 == 0.0 {
                s.b = 0.75 * s.b + 0.25 * s.p;
                s.p = s.b;
            }
        }
    )
    .evaluates(|s| s.b),
    refused(Lookahead::new(Sgd::new(0.1)).sync_period(0), "Lookahead: sync_period is 0, it must be at least 1"),
    refused(
        Lookahead::new(Sgd::new(0.1)).slow_step_size(1.5),
        "Lookahead: lookahead.slow_step_size is 1.5, it must be in [0, 1]"
    ),
];
