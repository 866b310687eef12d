//! Adam.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Adam, adaptive moment estimation: steps of the size of the learning rate, whatever the size of the gradient.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²                 (amsgrad: below, the largest v so far in place of v)
/// p ← p − lr · m̂ / (√v̂ + ε)              m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = 1, 2, ..
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-8), `λ ≥ 0` (0). State: `exp_avg` (m), `exp_avg_sq` (v), and
/// `max_exp_avg_sq` with amsgrad. t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adam, Optimizer};
///
/// let mut x = Param::new(Tensor::from([1.0, 1000.0]))?;
/// let mut adam = Adam::new(0.5);
/// let grads = x.square().sum().backward()?;
/// adam.step(&mut x, &grads)?;                 // the first step is lr, for any gradient
/// assert_eq!(x.to_vec::<f32>()?, [0.5, 999.5]);
///
/// let adam = Adam::new(0.5).betas(0.8, 0.99).eps(1e-6).amsgrad(true);
/// assert_eq!((adam.get("betas[0]")?, adam.get("eps")?), (0.8, 1e-6));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1. Reddi, Kale, Kumar, On the Convergence of
/// Adam and Beyond, 2018 (amsgrad).
///
/// # Differs from
/// * Keras: ε is added to √v before the bias correction, and is 1e-7.
/// * Reddi et al.: the largest v is taken before the bias correction, as in PyTorch, not after.
#[derive(Clone)]
pub struct Adam(Driver<AdamRule<false>>);
optimizer!(Adam, AdamRule<false>);

/// The rule of Adam and, if `W`, of AdamW: they differ only in the name in errors.
#[derive(Clone, Debug)]
pub(crate) struct AdamRule<const W: bool> {
    pub(crate) betas: [f64; 2],
    pub(crate) eps: f64,
    pub(crate) amsgrad: bool,
}

impl<const W: bool> AdamRule<W> {
    pub(crate) const DEFAULT: Self = AdamRule { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false };
}

impl Adam {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Adam {
        Adam(Driver::new(AdamRule::DEFAULT, lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Adam {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> Adam {
        self.with(|rule| rule.eps = eps)
    }

    /// Whether to divide by the largest average of g² so far, so steps never grow again. Default false.
    pub fn amsgrad(self, amsgrad: bool) -> Adam {
        self.with(|rule| rule.amsgrad = amsgrad)
    }
}

impl<const W: bool> Rule for AdamRule<W> {
    const NAME: &'static str = if W { "AdamW" } else { "Adam" };
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];

    fn uses(&self, slot: usize) -> bool {
        slot < 2 || self.amsgrad
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let [beta1, beta2] = self.betas;
        let t = turn.t as f64;
        let formula = Formula {
            beta2,
            gain1: 1.0 - beta1,
            gain2: 1.0 - beta2,
            step: turn.lr / (1.0 - beta1.powf(t)),
            correction: 1.0 / (1.0 - beta2.powf(t)).sqrt(),
            eps: self.eps,
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta2: f64,
    gain1: f64,
    gain2: f64,
    step: f64,
    correction: f64,
    eps: f64,
}

impl ElementRule<3> for Formula {
    const ALWAYS: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v, largest]: [T; 3]) -> (T, [T; 3]) {
        let m = m + T::of(self.gain1) * (g - m);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        // Without amsgrad the largest so far is 0, and this is v.
        let largest = largest.larger(v);
        let root = largest.sqrt() * T::of(self.correction) + T::of(self.eps);
        (p - T::of(self.step) * (m / root), [m, v, largest])
    }
}

/// Adam in plain words, for cases.
#[cfg(test)]
pub(crate) fn by_hand(s: &mut crate::cases::Scalar, g: f64, lr: f64, amsgrad: bool) {
    s.a = 0.9 * s.a + 0.1 * g;
    s.b = 0.999 * s.b + 0.001 * g * g;
    s.c = if amsgrad { s.b.max(s.c) } else { s.b };
    let (m, v) = (s.a / (1.0 - 0.9f64.powf(s.t)), s.c / (1.0 - 0.999f64.powf(s.t)));
    s.p -= lr * m / (v.sqrt() + 1e-8);
}

#[cfg(test)]
cases![
    plain(|| Adam::new(0.05), |s, g| by_hand(s, g, 0.05, false)).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| Adam::new(0.05).amsgrad(true), |s, g| by_hand(s, g, 0.05, true)).keeps(&[
        "exp_avg",
        "exp_avg_sq",
        "max_exp_avg_sq"
    ]),
    plain(|| Adam::new(0.05).weight_decay(0.1), |s, g| by_hand(s, g + 0.1 * s.p, 0.05, false))
        .keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| Adam::new(0.1).betas(0.0, 0.0).eps(1.0), |s, g| s.p -= 0.1 * g / (g.abs() + 1.0))
        .keeps(&["exp_avg", "exp_avg_sq"]),
    refused(Adam::new(f64::INFINITY), "Adam: lr is inf, it must be finite and at least 0"),
    refused(Adam::new(0.1).betas(1.0, 0.9), "Adam: betas[0] is 1.0, it must be in [0, 1)"),
    refused(Adam::new(0.1).betas(0.9, -0.1), "Adam: betas[1] is -0.1, it must be in [0, 1)"),
    refused(Adam::new(0.1).eps(-1e-8), "Adam: eps is -1e-8, it must be finite and at least 0"),
    refused(
        Adam::new(0.1).group("hidden", |group| group.betas(f64::NAN, 0.9)),
        "Adam: betas[0] is NaN, it must be in [0, 1)"
    ),
];
