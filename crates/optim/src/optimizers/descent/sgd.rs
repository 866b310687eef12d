//! Stochastic gradient descent.

use super::momentum::{Momentum, SgdRule};
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;

/// Stochastic gradient descent, with optional momentum.
///
/// ```text
/// g ← g + λ p                                   (weight_decay λ)
/// b ← g at the first step, then μ b + (1 − τ) g (momentum μ, dampening τ; without momentum b = g)
/// p ← p − lr · b                                (nesterov: p − lr · (g + μ b))
/// ```
///
/// `lr ≥ 0`, `μ ≥ 0` (0), τ any number (0), `λ ≥ 0` (0). State: `momentum_buffer` (b), only with momentum. Other
/// conventions of b are those of [`Momentum`].
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
/// Polyak, Some methods of speeding up the convergence of iteration methods, 1964. Sutskever, Martens,
/// Dahl, Hinton, On the importance of initialization and momentum in deep learning, 2013, equations 1 to 4.
///
/// # Differs from
/// * PyTorch: nothing; there, too, the learning rate is outside the momentum buffer.
/// * Keras and the papers: the learning rate is inside the velocity, [`Momentum::Velocity`]; the same while `lr` is
///   constant. [`Sgd::keras`] has it.
/// * optax: `sgd` and `trace` are [`Momentum::Buffer`] without dampening, `ema` is [`Momentum::Average`], with `debias`
///   [`Momentum::CorrectedAverage`].
#[derive(Clone)]
pub struct Sgd(Driver<SgdRule>);
optimizer!(Sgd, SgdRule);

impl Sgd {
    /// An optimizer without momentum.
    pub fn new(lr: f64) -> Sgd {
        let convention = Momentum::Buffer;
        Sgd(Driver::new(SgdRule { momentum: 0.0, dampening: 0.0, nesterov: false, convention }, lr))
    }

    /// Keras' form: the convention [`Momentum::Velocity`], and weight decay is decoupled.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let grads = x.sum().backward()?;
    /// Sgd::keras(0.5).momentum(0.5).nesterov(true).weight_decay(0.5).step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 5.25);                                // (1 − 0.25) · 8 − 0.5 · 0.5 − 0.5
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> Sgd {
        Sgd::new(lr).convention(Momentum::Velocity).decoupled_weight_decay(true)
    }

    /// μ ≥ 0: how much of the past directions is kept. Default 0: nothing.
    pub fn momentum(self, momentum: f64) -> Sgd {
        self.with(|rule| rule.momentum = momentum)
    }

    /// τ, any number: the gradient enters the momentum buffer with weight 1 − τ, except where it begins: at the first
    /// step with momentum. Default 0.
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

    /// Whether the momentum is Nesterov's, which in PyTorch's convention needs momentum above 0 and dampening 0.
    /// Default false.
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

    /// What the momentum gathers. Default [`Momentum::Buffer`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Momentum, Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;
    /// let mut sgd = Sgd::new(1.0).momentum(0.75).convention(Momentum::CorrectedAverage);
    /// sgd.step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 3.0);                                 // a = 0.25, and 1 − μ = 0.25
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn convention(self, convention: Momentum) -> Sgd {
        self.with(|rule| rule.convention = convention)
    }
}

impl Rule for SgdRule {
    const NAME: &'static str = "SGD";
    const STATE: &'static [&'static str] = &["momentum_buffer"];
    const ALWAYS: usize = 0;

    fn uses(&self, _: usize) -> bool {
        self.momentum != 0.0
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, Range::AT_LEAST_0);
        see("dampening", &mut self.dampening, Range::FINITE);
    }

    fn check(&self) -> Result<()> {
        self.check_relations()
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let formula = self.formula(turn.lr, turn.t, turn.begins);
        turn.update(formula)
    }
}

#[cfg(test)]
fn half(convention: Momentum) -> Sgd {
    Sgd::new(0.1).momentum(0.5).convention(convention)
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
    plain(|| Sgd::keras(0.1).nesterov(true), |s, g| s.p -= 0.1 * g),
    plain(
        || Sgd::keras(0.1).momentum(0.5).weight_decay(0.5),
        |s, g| {
            s.p -= 0.1 * 0.5 * s.p;
            s.a = 0.5 * s.a - 0.1 * g;
            s.p += s.a;
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || Sgd::keras(0.1).momentum(0.5).nesterov(true),
        |s, g| {
            s.a = 0.5 * s.a - 0.1 * g;
            s.p += 0.5 * s.a - 0.1 * g;
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || half(Momentum::Average),
        |s, g| {
            s.a = (s.a + g) / 2.0;
            s.p -= 0.1 * s.a;
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || half(Momentum::Average).nesterov(true),
        |s, g| {
            s.a = (s.a + g) / 2.0;
            s.p -= 0.1 * (s.a + g) / 2.0;
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || half(Momentum::CorrectedAverage),
        |s, g| {
            s.a = (s.a + g) / 2.0;
            s.p -= 0.1 * s.a / (1.0 - 0.5f64.powf(s.t));
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || half(Momentum::CorrectedAverage).nesterov(true),
        |s, g| {
            s.a = (s.a + g) / 2.0;
            let (now, next) = (1.0 - 0.5f64.powf(s.t), 1.0 - 0.5f64.powf(s.t + 1.0));
            s.p -= 0.1 * (0.5 * s.a / next + 0.5 * g / now);
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(
        || half(Momentum::AverageFromFirst),
        |s, g| {
            s.a = if s.t == 1.0 { g } else { (s.a + g) / 2.0 };
            s.p -= 0.1 * s.a;
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
    refused(
        half(Momentum::AverageFromFirst).nesterov(true),
        "SGD: nesterov is not defined for Momentum::AverageFromFirst"
    ),
    refused(half(Momentum::Average).momentum(1.0), "SGD: momentum is 1.0, it must be in [0, 1)"),
    refused(
        half(Momentum::Velocity).dampening(0.25),
        "SGD: dampening belongs to Momentum::Buffer, got dampening 0.25 with Velocity"
    ),
];
