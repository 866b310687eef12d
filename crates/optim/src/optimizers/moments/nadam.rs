//! NAdam.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// [`Adam`](crate::Adam) with Nesterov's momentum, which grows from step to step.
///
/// ```text
/// g ← g + λ p                                                  (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// μₜ = β₁ (1 − 0.96^(t ψ) / 2),  Pₜ = μ₁ μ₂ ⋯ μₜ                (momentum_decay ψ,  t = 1, 2, ..)
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// p ← p − lr · ((1 − μₜ) / (1 − Pₜ) · g + μₜ₊₁ / (1 − Pₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + ε)
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-8), `ψ ≥ 0` (0.004), `λ ≥ 0` (0). State: `exp_avg` (m),
/// `exp_avg_sq` (v), and the number `mu_product` (Pₜ). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{NAdam, Optimizer};
///
/// let mut x = Param::new(Tensor::from(1.0))?;
/// let mut nadam = NAdam::new(0.1);
/// for _ in 0..100 {
///     let grads = x.square().backward()?;
///     nadam.step(&mut x, &grads)?;
/// }
/// assert!(x.item::<f32>()?.abs() < 0.01);
///
/// let nadam = NAdam::new(0.1).betas(0.8, 0.99).eps(1e-6).momentum_decay(0.01);
/// assert_eq!((nadam.get("betas[1]")?, nadam.get("momentum_decay")?), (0.99, 0.01));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Dozat, Incorporating Nesterov Momentum into Adam, 2016, algorithm 2.
///
/// # Differs from
/// * PyTorch: nothing; its default lr is 2e-3.
/// * Keras (`Nadam`): ε is 1e-7, ψ is 1, weight decay is decoupled: [`NAdam::keras`].
/// * optax (`nadam`): β₁ does not grow, which is [`Adam::nesterov`](crate::Adam::nesterov).
#[derive(Clone)]
pub struct NAdam(Driver<NAdamRule>);
optimizer!(NAdam, NAdamRule);

#[derive(Clone, Debug)]
struct NAdamRule {
    betas: [f64; 2],
    eps: f64,
    momentum_decay: f64,
}

impl NAdam {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> NAdam {
        NAdam(Driver::new(NAdamRule { betas: [0.9, 0.999], eps: 1e-8, momentum_decay: 0.004 }, lr))
    }

    /// Keras' defaults: ε is 1e-7, ψ is 1, weight decay is decoupled.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{NAdam, Optimizer};
    /// let nadam = NAdam::keras(0.1);
    /// assert_eq!((nadam.get("eps")?, nadam.get("momentum_decay")?), (1e-7, 1.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> NAdam {
        let rule = NAdamRule { betas: [0.9, 0.999], eps: 1e-7, momentum_decay: 1.0 };
        NAdam(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> NAdam {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> NAdam {
        self.with(|rule| rule.eps = eps)
    }

    /// ψ ≥ 0: how fast μ grows from β₁ / 2 to β₁. Default 0.004.
    pub fn momentum_decay(self, momentum_decay: f64) -> NAdam {
        self.with(|rule| rule.momentum_decay = momentum_decay)
    }
}

impl NAdamRule {
    fn mu(&self, t: f64) -> f64 {
        self.betas[0] * (1.0 - 0.5 * 0.96f64.powf(t * self.momentum_decay))
    }
}

impl Rule for NAdamRule {
    const NAME: &'static str = "NAdam";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];
    const NUMBERS: &'static [&'static str] = &["mu_product"];

    fn start_number(&self, _: usize, _: f64) -> f64 {
        1.0
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("momentum_decay", &mut self.momentum_decay, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let (mu, next) = (self.mu(t), self.mu(t + 1.0));
        let product = turn.numbers[0] * mu;
        turn.numbers[0] = product;
        let formula = Formula {
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            of_gradient: turn.lr * (1.0 - mu) / (1.0 - product),
            of_average: turn.lr * next / (1.0 - product * next),
            correction: 1.0 - beta2.powf(t),
            eps: self.eps,
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta2: f64,
    average: Average,
    gain2: f64,
    of_gradient: f64,
    of_average: f64,
    correction: f64,
    eps: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        let root = (v / T::of(self.correction)).sqrt() + T::of(self.eps);
        (p - (T::of(self.of_gradient) * g + T::of(self.of_average) * m) / root, [m, v])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, lr: f64) {
    let mu = |t: f64| 0.9 * (1.0 - 0.5 * 0.96f64.powf(t * 0.02));
    s.c = if s.t == 1.0 { mu(1.0) } else { s.c * mu(s.t) };
    s.a = 0.9 * s.a + 0.1 * g;
    s.b = 0.99 * s.b + 0.01 * g * g;
    let next = mu(s.t + 1.0);
    let step = (1.0 - mu(s.t)) / (1.0 - s.c) * g + next / (1.0 - s.c * next) * s.a;
    s.p -= lr * step / ((s.b / (1.0 - 0.99f64.powf(s.t))).sqrt() + 1e-3);
}

#[cfg(test)]
fn example() -> NAdam {
    NAdam::new(0.05).betas(0.9, 0.99).eps(1e-3).momentum_decay(0.02)
}

#[cfg(test)]
cases![
    plain(example, |s, g| by_hand(s, g, 0.05)).keeps(&["mu_product", "exp_avg", "exp_avg_sq"]),
    plain(|| example().weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, 0.05)).keeps(&[
        "mu_product",
        "exp_avg",
        "exp_avg_sq"
    ]),
    plain(
        || example().weight_decay(0.5).decoupled_weight_decay(true),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.5;
            by_hand(s, g, 0.05);
        }
    )
    .keeps(&["mu_product", "exp_avg", "exp_avg_sq"]),
    plain(
        || NAdam::keras(0.05).betas(0.8, 0.0).eps(1.0).weight_decay(0.5),
        |s, g| {
            let mu = |t: f64| 0.8 * (1.0 - 0.5 * 0.96f64.powf(t));
            s.p *= 1.0 - 0.05 * 0.5;
            s.c = if s.t == 1.0 { mu(1.0) } else { s.c * mu(s.t) };
            s.a = 0.8 * s.a + 0.2 * g;
            let ahead = mu(s.t + 1.0) * s.a / (1.0 - s.c * mu(s.t + 1.0)) + (1.0 - mu(s.t)) * g / (1.0 - s.c);
            s.p -= 0.05 * ahead / (g.abs() + 1.0);
        }
    )
    .keeps(&["mu_product", "exp_avg", "exp_avg_sq"]),
    refused(NAdam::new(0.1).momentum_decay(-1.0), "NAdam: momentum_decay is -1.0, it must be finite and at least 0"),
    refused(NAdam::new(0.1).betas(0.9, 1.0), "NAdam: betas[1] is 1.0, it must be in [0, 1)"),
];
