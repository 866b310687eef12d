//! Stochastic gradient descent.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Result};

/// Stochastic gradient descent, with optional momentum.
///
/// ```text
/// g ← g + λ p                                   (weight_decay λ)
/// b ← g at the first step, then μ b + (1 − τ) g (momentum μ, dampening τ; without momentum b = g)
/// p ← p − lr · b                                (nesterov: p − lr · (g + μ b))
/// ```
///
/// `lr ≥ 0`, `μ ≥ 0` (0), τ any number (0), `λ ≥ 0` (0). State: `momentum_buffer` (b), only with momentum.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Sgd};
///
/// let mut x = Param::new(Tensor::from(1.0))?;
/// let mut sgd = Sgd::new(0.25).momentum(0.5);
/// for expected in [0.75, 0.4375] {           // b = 1, then 0.5 · 1 + 0.75
///     let grads = x.square().mul_scalar(0.5).backward()?;
///     sgd.step(&mut x, &grads)?;
///     assert_eq!(x.item::<f32>()?, expected);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep learning, 2013.
///
/// # Differs from
/// * PyTorch: nothing; there, too, the learning rate is outside the momentum buffer.
/// * Keras and the paper: the learning rate is inside the velocity, `v ← μ v − lr g`; the same while `lr` is constant.
#[derive(Clone)]
pub struct Sgd(Driver<SgdRule>);
optimizer!(Sgd, SgdRule);

#[derive(Clone, Debug)]
struct SgdRule {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
}

impl Sgd {
    /// An optimizer without momentum.
    pub fn new(lr: f64) -> Sgd {
        Sgd(Driver::new(SgdRule { momentum: 0.0, dampening: 0.0, nesterov: false }, lr))
    }

    /// μ ≥ 0: how much of the past directions is kept. Default 0: nothing.
    pub fn momentum(self, momentum: f64) -> Sgd {
        self.with(|rule| rule.momentum = momentum)
    }

    /// τ, any number: the gradient enters the momentum buffer with weight 1 − τ, except where it begins: at the first step
    /// with momentum. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let mut sgd = Sgd::new(1.0).momentum(0.5).dampening(1.0);          // all steps are made of the first gradient
    /// for expected in [3.0, 2.5, 2.25] {
    ///     let grads = x.sum().backward()?;
    ///     sgd.step(&mut x, &grads)?;
    ///     assert_eq!(x.item::<f32>()?, expected);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dampening(self, dampening: f64) -> Sgd {
        self.with(|rule| rule.dampening = dampening)
    }

    /// Whether the momentum is Nesterov's, which needs momentum above 0 and dampening 0. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;
    /// Sgd::new(1.0).momentum(0.5).nesterov(true).step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 2.5);                                 // 4 − (1 + 0.5)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nesterov(self, nesterov: bool) -> Sgd {
        self.with(|rule| rule.nesterov = nesterov)
    }
}

impl Rule for SgdRule {
    const NAME: &'static str = "SGD";
    const STATE: &'static [&'static str] = &["momentum_buffer"];

    fn uses(&self, _: usize) -> bool {
        self.momentum != 0.0
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, Range::AT_LEAST_0);
        see("dampening", &mut self.dampening, Range::FINITE);
    }

    fn check(&self) -> Result<()> {
        let SgdRule { momentum, dampening, nesterov } = self;
        if *nesterov && !(*momentum > 0.0 && *dampening == 0.0) {
            let got = format!("got momentum {momentum} and dampening {dampening}");
            let text = format!("SGD: nesterov needs momentum above 0 and dampening 0, {got}");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        Ok(())
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        // b = 0 where it begins, so μ b + g is g.
        let gain = if turn.begins { 1.0 } else { 1.0 - self.dampening };
        let formula = Formula { lr: turn.lr, momentum: self.momentum, gain, nesterov: self.nesterov };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    momentum: f64,
    gain: f64,
    nesterov: bool,
}

impl ElementRule<1> for Formula {
    const ALWAYS: usize = 0;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [b]: [T; 1]) -> (T, [T; 1]) {
        let b = if self.momentum == 0.0 { g } else { T::of(self.momentum) * b + T::of(self.gain) * g };
        let direction = if self.nesterov { g + T::of(self.momentum) * b } else { b };
        (p - T::of(self.lr) * direction, [b])
    }
}

#[cfg(test)]
cases![
    plain(|| Sgd::new(0.1), |s, g| s.p -= 0.1 * g),
    plain(|| Sgd::new(0.1).dampening(0.5), |s, g| s.p -= 0.1 * g),
    plain(|| Sgd::new(0.1).weight_decay(0.5), |s, g| s.p -= 0.1 * (g + 0.5 * s.p)),
    plain(|| Sgd::new(0.1).weight_decay(0.5).decoupled_weight_decay(true), |s, g| s.p -= 0.1 * (0.5 * s.p + g)),
    plain(
        || Sgd::new(0.1).momentum(0.5).dampening(0.25),
        |s, g| {
            s.a = if s.t == 1.0 { g } else { 0.5 * s.a + 0.75 * g };
            s.p -= 0.1 * s.a;
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || Sgd::new(0.1).momentum(0.5).nesterov(true),
        |s, g| {
            s.a = 0.5 * s.a + g;
            s.p -= 0.1 * (g + 0.5 * s.a);
        }
    )
    .keeps(&["momentum_buffer"]),
    refused(Sgd::new(f64::NAN), "SGD: lr is NaN, it must be finite and at least 0"),
    refused(Sgd::new(-0.1), "SGD: lr is -0.1, it must be finite and at least 0"),
    refused(Sgd::new(0.1).momentum(-0.5), "SGD: momentum is -0.5, it must be finite and at least 0"),
    refused(Sgd::new(0.1).momentum(0.5).dampening(f64::NAN), "SGD: dampening is NaN, it must be finite"),
    refused(
        Sgd::new(0.1).nesterov(true),
        "SGD: nesterov needs momentum above 0 and dampening 0, got momentum 0 and dampening 0"
    ),
    refused(
        Sgd::new(0.1).momentum(0.9).dampening(0.1).nesterov(true),
        "SGD: nesterov needs momentum above 0 and dampening 0, got momentum 0.9 and dampening 0.1"
    ),
];
