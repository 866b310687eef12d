//! An exponential moving average of the weights.

use super::wrap::{STEP, Wrap};
use super::wrapped::Wrapped;
use crate::blend::approach;
use crate::forward::forward_optimizer;
use crate::optimizer::Optimizer;
use crate::range::Range;
use crate::rule::See;
use autograd_core::module::Param;
use autograd_core::{Error, Result, Tensor};

/// An exponential moving average of the weights that another optimizer trains, to evaluate at.
///
/// ```text
/// s ← w after the first step, then s + γ (w − s)
/// γ = 1 − d                        (bias_correction: (1 − d) / (1 − dᵗ))
/// w ← s after every k-th step      (overwrite_every k)
/// ```
///
/// `0 ≤ d ≤ 1` (`decay`). State: `average` (s) of each parameter, `kept`, how many those are, and the number of the
/// step; `since` of each parameter, the number of steps before it has joined, from where its t counts.
/// Buffers are the model's own: as with [`Swa`](crate::Swa), running statistics of normalisation are those of the
/// weights that were trained. [`Optimizer::eval`] puts s into the model; a `Trainer` validates, and ends, with it.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Ema, Optimizer, Sgd};
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let mut ema = Ema::new(Sgd::new(0.25), 0.75);
/// for _ in 0..3 {                                     // 4, 2, 1
///     let grads = x.square().backward()?;
///     ema.step(&mut x, &grads)?;
/// }
/// ema.eval(&mut x)?;
/// assert_eq!(x.item::<f32>()?, 2.875);                // 4, 3.5, 2.875
/// assert_eq!(ema.get("ema.decay")?, 0.75);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Polyak, Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992. Tarvainen, Valpola, Mean teachers are
/// better role models, 2017.
///
/// # Differs from
/// * PyTorch's `AveragedModel` with `get_ema_multi_avg_fn`: nothing, but it is part of the optimizer, and of its state.
/// * Keras' `use_ema`: nothing with `decay` its `ema_momentum`, `overwrite_every` its `ema_overwrite_frequency`; there
///   the model ends with the average if `finalize_variable_values` is called.
#[derive(Clone, Debug)]
pub struct Ema<O>(Wrapped<O, Average>);

#[derive(Clone, Debug)]
struct Average {
    decay: f64,
    bias_correction: bool,
    overwrite_every: Option<u64>,
}

impl<O: Optimizer> Ema<O> {
    /// The average with decay d, `0 ≤ d ≤ 1`: how much of it each step keeps. PyTorch's default is 0.999, Keras' 0.99.
    pub fn new(inner: O, decay: f64) -> Ema<O> {
        Ema(Wrapped::new(inner, Average { decay, bias_correction: false, overwrite_every: None }))
    }

    /// Whether the average begins as one of few steps, each of which weighs as `dᵗ` says: without, the first step
    /// weighs as much as if all before had been the same. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Ema, Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::from(16.0))?;
    /// let mut ema = Ema::new(Sgd::new(0.25), 0.5).bias_correction(true);
    /// for _ in 0..2 {                                 // 8, 4
    ///     let grads = x.square().backward()?;
    ///     ema.step(&mut x, &grads)?;
    /// }
    /// ema.eval(&mut x)?;
    /// assert!((x.item::<f32>()? - (8.0 + 2.0 * 4.0) / 3.0).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn bias_correction(self, bias_correction: bool) -> Ema<O> {
        Ema(self.0.with(|wrap| wrap.bias_correction = bias_correction))
    }

    /// After so many steps, at least 1, the average takes the place of the weights, each time. By default never.
    ///
    /// The optimizer inside must go on from where the weights are put: one that computes them from its own state would
    /// undo it, as `Ftrl`, `Cocob`, `Madgrad` and the schedule-free ones do, and `Lbfgs` would take what the gradient
    /// changes by on the way there for the curvature of its own step.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Ema, Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let mut ema = Ema::new(Sgd::new(0.25), 0.5).overwrite_every(2);
    /// for expected in [4.0, 3.0] {                    // 2, of which the average is 3
    ///     let grads = x.square().backward()?;
    ///     ema.step(&mut x, &grads)?;
    ///     assert_eq!(x.item::<f32>()?, expected);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn overwrite_every(self, steps: u64) -> Ema<O> {
        Ema(self.0.with(|wrap| wrap.overwrite_every = Some(steps)))
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Ema, Optimizer, Sgd};
    /// assert_eq!(Ema::new(Sgd::new(0.25), 0.5).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        self.0.inner()
    }
}

impl<O: Optimizer> Optimizer for Ema<O> {
    forward_optimizer!(self => self.0);
}

impl Wrap for Average {
    const NAME: &'static str = "Ema";
    const PREFIX: &'static str = "ema";
    const KEEPS: Option<&'static str> = Some("average");
    const COUNTS: Option<&'static str> = Some(STEP);
    const EVALUATES: bool = true;

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("ema.decay", &mut self.decay, Range::FRACTION);
    }

    fn check(&self) -> Result<()> {
        match self.overwrite_every {
            Some(0) => Err(Error::argument(Self::NAME, "overwrite_every", 0, "at least 1")),
            _ => Ok(()),
        }
    }

    fn after(&self, t: u64, since: u64, parameter: &Param, kept: &mut Option<Tensor>) -> Result<Option<Tensor>> {
        let own = (t - since) as f64;
        match kept {
            None => *kept = Some(parameter.detach()),
            Some(average) => {
                let gain = match self.decay {
                    d if self.bias_correction && d < 1.0 => (1.0 - d) / (1.0 - d.powf(own)),
                    // The limit.
                    _ if self.bias_correction => 1.0 / own,
                    d => 1.0 - d,
                };
                approach(average, gain, parameter)?;
            }
        }
        let overwrites = self.overwrite_every.is_some_and(|every| t.is_multiple_of(every));
        Ok(kept.as_ref().filter(|_| overwrites).map(Tensor::detach))
    }
}

#[cfg(test)]
use crate::Sgd;

#[cfg(test)]
cases![
    wrapped(
        || Ema::new(Sgd::new(0.1), 0.75),
        |s, g| {
            s.p -= 0.1 * g;
            s.a = if s.t == 1.0 { s.p } else { 0.75 * s.a + 0.25 * s.p };
        }
    )
    .evaluates(|s| s.a),
    wrapped(
        || Ema::new(Sgd::new(0.1).momentum(0.5), 0.75).bias_correction(true).overwrite_every(3),
        |s, g| {
            s.a = 0.5 * s.a + g;
            s.p -= 0.1 * s.a;
            s.b = 0.75 * s.b + 0.25 * s.p;
            s.c = s.b / (1.0 - 0.75f64.powf(s.t));
            if s.t % 3.0 == 0.0 {
                s.p = s.c;
            }
        }
    )
    .evaluates(|s| s.c),
    wrapped(
        || Ema::new(Sgd::new(0.1), 1.0).bias_correction(true),
        |s, g| {
            s.p -= 0.1 * g;
            s.b += s.p;
            s.c = s.b / s.t;
        }
    )
    .evaluates(|s| s.c),
    refused(Ema::new(Sgd::new(0.1), 1.5), "Ema: ema.decay is 1.5, it must be in [0, 1]"),
    refused(Ema::new(Sgd::new(0.1), 0.5).overwrite_every(0), "Ema: overwrite_every is 0, it must be at least 1"),
    refused(Ema::new(Sgd::new(-1.0), 0.5), "SGD: lr is -1.0, it must be finite and at least 0"),
];
