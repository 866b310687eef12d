//! Adan.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Adan: Nesterov's momentum with averages of the gradient, of its change, and of the square of both together.
///
/// ```text
/// d = g − g₋₁                                                 (g₋₁ the gradient of the step before; d is 0 in the first)
/// m ← β₁ m + (1 − β₁) g,             m̂ = m / (1 − β₁ᵗ)         t = 1, 2, ..
/// v ← β₂ v + (1 − β₂) d,             v̂ = v / (1 − β₂ᵗ)
/// n ← β₃ n + (1 − β₃) (g + κ d)²,    n̂ = n / (1 − β₃ᵗ)         κ = β₂
/// u = (m̂ + κ v̂) / (√(n̂ + ε₀) + ε)
/// p ← (p − lr · u) / (1 + lr·λ)                               (weight_decay λ; decoupled: p ← (1 − lr·λ) p first instead)
///
/// optax      κ = 1 − β₂,  p ← p − lr (u + λ p)
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.98, 0.92 and 0.99), `ε ≥ 0` (1e-8), `ε₀ ≥ 0` (`eps_root`, 0), `λ ≥ 0` (0). State: `exp_avg`
/// (m), `exp_avg_diff` (v), `exp_avg_sq` (n), `previous_grad` (g₋₁). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adan, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(0.0))?;
/// let mut adan = Adan::new(1.0).betas(0.0, 0.5, 0.0).eps(0.0).eps_root(0.0);
/// for slope in [1.0, 3.0] {
///     let grads = x.mul_scalar(slope).backward()?;
///     adan.step(&mut x, &grads)?;                 // d = 0, then 2: v̂ = 1 / 0.75, √n = 3 + 0.5 · 2
/// }
/// assert!((x.item::<f64>()? + 1.0 + (3.0 + 0.5 / 0.75) / 4.0).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Xie, Zhou, Li, Lin, Yan, Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models, 2022,
/// algorithm 1, with the bias corrections of the authors' code.
///
/// # Differs from
/// * The paper: its β are the weights of what is new, so they are 1 − β here; there is no bias correction.
/// * optax: κ is 1 − β₂, ε₀ is 1e-8, the decay does not divide: [`Adan::optax`]. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct Adan(Driver<AdanRule>);
optimizer!(Adan, AdanRule);

#[derive(Clone, Debug)]
struct AdanRule {
    betas: [f64; 3],
    eps: f64,
    eps_root: f64,
    /// Whether the formula is optax'.
    optax: bool,
}

impl Adan {
    /// An optimizer with the default hyperparameters, those of the authors' code.
    pub fn new(lr: f64) -> Adan {
        Adan(Driver::new(AdanRule { betas: [0.98, 0.92, 0.99], eps: 1e-8, eps_root: 0.0, optax: false }, lr))
    }

    /// optax's formula and defaults: κ is 1 − β₂, ε₀ is 1e-8, λ p is a part of the step.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adan, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(8.0))?;
    /// let grads = x.square().backward()?;
    /// Adan::optax(0.5).eps_root(0.0).eps(0.0).weight_decay(0.25).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? - 6.5).abs() < 1e-12);            // 8 − 0.5 (1 + 0.25 · 8)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Adan {
        Adan(Driver::new(AdanRule { betas: [0.98, 0.92, 0.99], eps: 1e-8, eps_root: 1e-8, optax: true }, lr))
    }

    /// β₁, β₂ and β₃, `0 ≤ β < 1`: how much of the past the averages of the gradient, of its change and of the square
    /// keep. Default 0.98, 0.92 and 0.99.
    pub fn betas(self, beta1: f64, beta2: f64, beta3: f64) -> Adan {
        self.with(|rule| rule.betas = [beta1, beta2, beta3])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> Adan {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added inside the root. Default 0.
    pub fn eps_root(self, eps_root: f64) -> Adan {
        self.with(|rule| rule.eps_root = eps_root)
    }
}

impl Rule for AdanRule {
    const NAME: &'static str = "Adan";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_diff", "exp_avg_sq", "previous_grad"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("betas[2]", &mut self.betas[2], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let decay = match turn.decay {
            Decay::Coupled => turn.lr * std::mem::take(&mut turn.weight_decay),
            Decay::Decoupled | Decay::Cautious => 0.0,
        };
        let [of_m, of_v, of_n] = self.betas.map(|beta| 1.0 - beta.powf(turn.t as f64));
        let ahead = if self.optax { 1.0 - self.betas[1] } else { self.betas[1] };
        let formula = Formula {
            betas: self.betas,
            averages: [self.betas[0], self.betas[1]].map(Average::keeping),
            gain: 1.0 - self.betas[2],
            first: turn.t == 1,
            ahead,
            of_average: turn.lr / of_m,
            of_change: turn.lr * ahead / of_v,
            correction: 1.0 / of_n.sqrt(),
            eps: self.eps,
            eps_root: self.eps_root * of_n,
            shrink: if self.optax { 1.0 - decay } else { 1.0 },
            divisor: if self.optax { 1.0 } else { 1.0 + decay },
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    betas: [f64; 3],
    averages: [Average; 2],
    gain: f64,
    first: bool,
    ahead: f64,
    of_average: f64,
    of_change: f64,
    correction: f64,
    eps: f64,
    eps_root: f64,
    shrink: f64,
    divisor: f64,
}

impl ElementRule<4> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v, n, before]: [T; 4]) -> (T, [T; 4]) {
        let d = if self.first { T::ZERO } else { g - before };
        let m = self.averages[0].next(m, g);
        let v = self.averages[1].next(v, d);
        let ahead = g + T::of(self.ahead) * d;
        let n = T::of(self.betas[2]) * n + T::of(self.gain) * (ahead * ahead);
        let root = (n + T::of(self.eps_root)).sqrt() * T::of(self.correction) + T::of(self.eps);
        let step = (T::of(self.of_average) * m + T::of(self.of_change) * v) / root;
        ((p * T::of(self.shrink) - step) / T::of(self.divisor), [m, v, n, g])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, optax: bool, decay: f64) {
    let d = if s.t == 1.0 { 0.0 } else { g - s.d };
    let k = if optax { 0.2 } else { 0.8 };
    s.a = 0.5 * s.a + 0.5 * g;
    s.b = 0.8 * s.b + 0.2 * d;
    s.c = 0.75 * s.c + 0.25 * (g + k * d).powi(2);
    s.d = g;
    let hat = |x: f64, beta: f64| x / (1.0 - beta.powf(s.t));
    let u = (hat(s.a, 0.5) + k * hat(s.b, 0.8)) / ((hat(s.c, 0.75) + 0.01).sqrt() + 0.1);
    s.p = if optax { s.p - 0.05 * (u + decay * s.p) } else { (s.p - 0.05 * u) / (1.0 + 0.05 * decay) };
}

#[cfg(test)]
const KEEPS: [&str; 4] = ["exp_avg", "exp_avg_diff", "exp_avg_sq", "previous_grad"];

#[cfg(test)]
fn example(new: fn(f64) -> Adan) -> Adan {
    new(0.05).betas(0.5, 0.8, 0.75).eps(0.1).eps_root(0.01)
}

#[cfg(test)]
cases![
    plain(|| example(Adan::new), |s, g| by_hand(s, g, false, 0.0)).keeps(&KEEPS),
    plain(|| example(Adan::optax), |s, g| by_hand(s, g, true, 0.0)).keeps(&KEEPS),
    plain(|| example(Adan::new).weight_decay(0.5), |s, g| by_hand(s, g, false, 0.5)).keeps(&KEEPS),
    plain(|| example(Adan::optax).weight_decay(0.5), |s, g| by_hand(s, g, true, 0.5)).keeps(&KEEPS),
    plain(
        || example(Adan::new).weight_decay(0.5).decoupled_weight_decay(true),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.5;
            by_hand(s, g, false, 0.0);
        }
    )
    .keeps(&KEEPS),
    refused(Adan::new(0.1).betas(0.9, 0.9, 1.0), "Adan: betas[2] is 1.0, it must be in [0, 1)"),
    refused(Adan::new(0.1).eps(-1.0), "Adan: eps is -1.0, it must be finite and at least 0"),
    refused(Adan::new(0.1).eps_root(-1.0), "Adan: eps_root is -1.0, it must be finite and at least 0"),
];
