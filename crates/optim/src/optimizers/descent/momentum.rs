//! The conventions of momentum.

use crate::range::Range;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Result};

/// What the momentum of [`Sgd`](crate::Sgd) gathers, with μ the momentum, g the gradient, d the direction of the step
/// `p ← p − lr · d`.
///
/// While `lr` and μ are constant, `Velocity` is `Buffer` with another scale of its state, and `Average` is `Buffer`
/// with a learning rate that is 1 / (1 − μ) times smaller.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Momentum, Optimizer, Sgd};
///
/// let after_two_steps = |convention| {
///     let mut x = Param::new(Tensor::from(8.0))?;
///     let mut sgd = Sgd::new(1.0).momentum(0.5).convention(convention);
///     for g in [1.0, 2.0] {
///         let grads = x.mul_scalar(g).sum().backward()?;
///         sgd.step(&mut x, &grads)?;
///         sgd.set_lr(0.5);
///     }
///     x.item::<f32>()
/// };
/// assert_eq!(after_two_steps(Momentum::Buffer)?, 5.75);              // 8 − 1 − (0.5 · 1 + 2) / 2
/// assert_eq!(after_two_steps(Momentum::Velocity)?, 5.5);             // 8 − 1 − (0.5 · 1 + 2 / 2)
/// assert_eq!(after_two_steps(Momentum::Average)?, 6.875);            // 8 − 1 / 2 − (0.25 + 1) / 2
/// assert_eq!(after_two_steps(Momentum::AverageFromFirst)?, 6.25);    // 8 − 1 − (0.5 + 1) / 2
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Momentum {
    /// PyTorch's. `b ← g` at the first step, then `b ← μ b + (1 − τ) g` with τ the dampening; `d = b`.
    /// Nesterov: `d = g + μ b`.
    #[default]
    Buffer,
    /// That of the papers and of Keras, with the learning rate inside: `v ← μ v − lr g` from 0; `p ← p + v`.
    /// Nesterov: `p ← p + μ v − lr g`.
    Velocity,
    /// The exponential average from 0, which begins small: `a ← μ a + (1 − μ) g`; `d = a`.
    /// Nesterov: `d = μ a + (1 − μ) g`.
    Average,
    /// The same average without its bias towards 0: `d = a / (1 − μᵗ)`. Nesterov: `d = μ a / (1 − μᵗ⁺¹) + (1 − μ) g /
    /// (1 − μᵗ)`. t counts all steps of the parameter: where the momentum is switched on later, its first steps are
    /// short.
    CorrectedAverage,
    /// The exponential average from the first gradient: `a ← g` at the first step, then `a ← μ a + (1 − μ) g`; `d = a`.
    AverageFromFirst,
}

/// The hyperparameters of SGD.
#[derive(Clone, Debug)]
pub(crate) struct SgdRule {
    pub(super) momentum: f64,
    pub(super) dampening: f64,
    pub(super) nesterov: bool,
    pub(super) convention: Momentum,
}

impl SgdRule {
    pub(super) fn check_relations(&self) -> Result<()> {
        let SgdRule { momentum, dampening, nesterov, convention } = self;
        let refuse = |text: String| Err(Error::new(ErrorKind::Argument, format!("SGD: {text}")));
        if *convention != Momentum::Buffer && *dampening != 0.0 {
            return refuse(format!(
                "dampening belongs to Momentum::Buffer, got dampening {dampening} with {convention:?}"
            ));
        }
        match convention {
            Momentum::Buffer if *nesterov && !(*momentum > 0.0 && *dampening == 0.0) => {
                let got = format!("got momentum {momentum} and dampening {dampening}");
                refuse(format!("nesterov needs momentum above 0 and dampening 0, {got}"))
            }
            Momentum::Buffer | Momentum::Velocity => Ok(()),
            Momentum::AverageFromFirst if *nesterov => {
                refuse("nesterov is not defined for Momentum::AverageFromFirst".into())
            }
            _ => Range::DECAY.check("SGD", "momentum", *momentum),
        }
    }

    /// The formula of step t; `begins` if the state was made for it.
    pub(super) fn formula(&self, lr: f64, t: u64, begins: bool) -> Formula {
        let SgdRule { momentum: mu, dampening, nesterov, convention } = *self;
        let plain = Formula { keep: mu, gain: 1.0, nesterov, of_gradient: 1.0, of_state: mu, rate: lr };
        if mu == 0.0 {
            return Formula { nesterov: false, ..plain };
        }
        let corrected = |t: f64| 1.0 - mu.powf(t);
        match convention {
            // b = 0 where it begins, so μ b + g is g.
            Momentum::Buffer => Formula { gain: if begins { 1.0 } else { 1.0 - dampening }, ..plain },
            Momentum::Velocity => Formula { gain: -lr, of_gradient: -lr, rate: -1.0, ..plain },
            Momentum::AverageFromFirst => Formula { gain: if begins { 1.0 } else { 1.0 - mu }, ..plain },
            Momentum::Average => Formula { gain: 1.0 - mu, of_gradient: 1.0 - mu, ..plain },
            Momentum::CorrectedAverage => {
                let t = t as f64;
                let (of_gradient, of_state) = ((1.0 - mu) / corrected(t), mu / corrected(t + 1.0));
                let rate = if nesterov { lr } else { lr / corrected(t) };
                Formula { gain: 1.0 - mu, of_gradient, of_state, rate, ..plain }
            }
        }
    }
}

/// `b ← keep · b + gain · g`, `p ← p − rate · b`; nesterov: `p ← p − rate · (of_gradient · g + of_state · b)`.
#[derive(Clone, Copy)]
pub(super) struct Formula {
    keep: f64,
    gain: f64,
    nesterov: bool,
    of_gradient: f64,
    of_state: f64,
    rate: f64,
}

impl ElementRule<1> for Formula {
    const ALWAYS: usize = 0;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [b]: [T; 1]) -> (T, [T; 1]) {
        let b = if self.keep == 0.0 { g } else { T::of(self.keep) * b + T::of(self.gain) * g };
        let direction = if self.nesterov { T::of(self.of_gradient) * g + T::of(self.of_state) * b } else { b };
        (p - T::of(self.rate) * direction, [b])
    }
}
