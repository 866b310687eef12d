//! Stochastic gradient descent.
//!
//! ```text
//! b ← g                    at a parameter's first step
//! b ← μ b + (1 − τ) g      later
//! p ← p − lr · b           or p − lr · (g + μ b) with nesterov
//! ```

use crate::driver::Driver;
use crate::error::{Result, require, require_non_negative};
use crate::rule::{Rule, Turn};
use autograd_core::update::{ElementRule, Real};

/// Stochastic gradient descent, with momentum if asked for.
///
/// ```text
/// g ← g + λ p                                   (weight_decay λ)
/// b ← g at the first step, then μ b + (1 − τ) g (momentum μ, dampening τ; without momentum b = g)
/// p ← p − lr · b                                (nesterov: p − lr · (g + μ b))
/// ```
///
/// `lr ≥ 0`, `μ ≥ 0`, τ any number, `λ ≥ 0`. State: `momentum_buffer` (b), only with momentum.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Sgd};
///
/// let mut x = Param::new(Tensor::from(1.0));
/// let mut sgd = Sgd::new(0.25).momentum(0.5);
/// for expected in [0.75, 0.4375] {           // b = 1, then 0.5 · 1 + 0.75
///     let grads = x.square().mul_scalar(0.5).backward()?;
///     sgd.step(&mut x, &grads)?;
///     assert_eq!(x.item::<f32>()?, expected);
/// }
/// # Ok::<(), wengert_optim::Error>(())
/// ```
///
/// # References
/// Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep learning, 2013.
///
/// # Differs from
/// * PyTorch: nothing; there, too, the learning rate stands outside the momentum buffer.
/// * Keras and the paper: the learning rate inside the velocity, `v ← μ v − lr g`; the same while `lr` is constant.
pub type Sgd = Driver<SgdRule>;

/// Hyperparameters of [`Sgd`].
#[derive(Clone, Debug)]
pub struct SgdRule {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
}

impl Sgd {
    /// Without momentum.
    pub fn new(lr: f64) -> Sgd {
        Driver::of(SgdRule { momentum: 0.0, dampening: 0.0, nesterov: false }, lr)
    }

    /// μ ≥ 0: how much of the past directions is kept; 0 for none.
    pub fn momentum(self, momentum: f64) -> Sgd {
        self.with(|rule| rule.momentum = momentum)
    }

    /// τ: the gradient enters the momentum buffer with weight 1 − τ, except at the first step.
    pub fn dampening(self, dampening: f64) -> Sgd {
        self.with(|rule| rule.dampening = dampening)
    }

    /// Nesterov's momentum, which needs momentum and no dampening.
    pub fn nesterov(self, nesterov: bool) -> Sgd {
        self.with(|rule| rule.nesterov = nesterov)
    }
}

impl Rule for SgdRule {
    const NAME: &'static str = "SGD";

    fn slots(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    fn check(&self) -> Result<()> {
        require_non_negative(Self::NAME, "momentum", self.momentum)?;
        require(self.dampening.is_finite(), Self::NAME, "dampening", self.dampening, "finite")?;
        let fits = !self.nesterov || (self.momentum > 0.0 && self.dampening == 0.0);
        let value = (self.momentum, self.dampening);
        require(fits, Self::NAME, "(momentum, dampening)", value, "above 0, and 0, with nesterov")
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        // b = 0 before the first step, so that μ b + g is g.
        let gain = if turn.t == 1 { 1.0 } else { 1.0 - self.dampening };
        let formula = Formula { lr: turn.lr, momentum: self.momentum, gain, nesterov: self.nesterov };
        if self.momentum == 0.0 { turn.update::<0>(formula) } else { turn.update::<1>(formula) }
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    momentum: f64,
    gain: f64,
    nesterov: bool,
}

impl ElementRule<0> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (p - T::of(self.lr) * g, [])
    }
}

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [b]: [T; 1]) -> (T, [T; 1]) {
        let b = T::of(self.momentum) * b + T::of(self.gain) * g;
        let direction = if self.nesterov { g + T::of(self.momentum) * b } else { b };
        (p - T::of(self.lr) * direction, [b])
    }
}
