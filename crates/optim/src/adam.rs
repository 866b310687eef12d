//! Adam: steps of the size of the learning rate, whatever the size of the gradient.
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g
//! v ← β₂ v + (1 − β₂) g²
//! p ← p − lr · m̂ / (√v̂ + ε)      m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
//! ```

use crate::driver::Driver;
use crate::error::{Result, require, require_non_negative};
use crate::rule::{Rule, Turn};
use autograd_core::update::{ElementRule, Real};

/// Adam: adaptive moment estimation.
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
/// let mut x = Param::new(Tensor::from([1.0, 1000.0]));
/// let mut adam = Adam::new(0.5);
/// let grads = x.square().sum().backward()?;
/// adam.step(&mut x, &grads)?;                 // the first step is lr, for any gradient
/// assert_eq!(x.to_vec::<f32>()?, [0.5, 999.5]);
/// # Ok::<(), wengert_optim::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1. Reddi, Kale, Kumar, On the Convergence of
/// Adam and Beyond, 2018 (amsgrad).
///
/// # Differs from
/// * Keras: ε is added to √v before the bias correction, and is 1e-7.
/// * Reddi et al.: the largest v is taken before the bias correction, as in PyTorch, not after.
pub type Adam = Driver<AdamRule<false>>;

/// Hyperparameters of [`Adam`] and, if `W`, of [`AdamW`](crate::AdamW).
#[derive(Clone, Debug)]
pub struct AdamRule<const W: bool> {
    betas: [f64; 2],
    eps: f64,
    amsgrad: bool,
}

impl<const W: bool> Driver<AdamRule<W>> {
    /// With the default hyperparameters.
    pub fn new(lr: f64) -> Self {
        let adam = Driver::of(AdamRule { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false }, lr);
        if W { adam.weight_decay(0.01).decoupled_weight_decay(true) } else { adam }
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep.
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0: keeps the division from 0.
    pub fn eps(self, eps: f64) -> Self {
        self.with(|rule| rule.eps = eps)
    }

    /// Whether to divide by the largest average of g² so far, so that steps never grow again.
    pub fn amsgrad(self, amsgrad: bool) -> Self {
        self.with(|rule| rule.amsgrad = amsgrad)
    }
}

impl<const W: bool> Rule for AdamRule<W> {
    const NAME: &'static str = if W { "AdamW" } else { "Adam" };

    fn slots(&self) -> &'static [&'static str] {
        if self.amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
    }

    fn check(&self) -> Result<()> {
        for (name, beta) in ["betas[0]", "betas[1]"].into_iter().zip(self.betas) {
            require((0.0..1.0).contains(&beta), Self::NAME, name, beta, "in [0, 1)")?;
        }
        require_non_negative(Self::NAME, "eps", self.eps)
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
        if self.amsgrad { turn.update::<3>(formula) } else { turn.update::<2>(formula) }
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

impl Formula {
    /// The averages after this step.
    #[inline(always)]
    fn averages<T: Real>(self, g: T, m: T, v: T) -> [T; 2] {
        [m + T::of(self.gain1) * (g - m), T::of(self.beta2) * v + T::of(self.gain2) * (g * g)]
    }

    #[inline(always)]
    fn descend<T: Real>(self, p: T, m: T, v: T) -> T {
        p - T::of(self.step) * (m / (v.sqrt() * T::of(self.correction) + T::of(self.eps)))
    }
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let [m, v] = self.averages(g, m, v);
        (self.descend(p, m, v), [m, v])
    }
}

impl ElementRule<3> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v, largest]: [T; 3]) -> (T, [T; 3]) {
        let [m, v] = self.averages(g, m, v);
        let largest = largest.larger(v);
        (self.descend(p, m, largest), [m, v, largest])
    }
}
