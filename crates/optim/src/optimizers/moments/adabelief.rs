//! AdaBelief.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// AdaBelief: [`Adam`](crate::Adam) that divides by the distance of the gradient from its average, so it takes large
/// steps where the average can be believed.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// m ← β₁ m + (1 − β₁) g
/// s ← β₂ s + (1 − β₂) (g − m)² + ε₀
/// p ← p − lr · m̂ / (√ŝ + ε)              m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ),  t = 1, 2, ..
///
/// nesterov                               m̂ = β₁ m / (1 − β₁ᵗ⁺¹) + (1 − β₁) g / (1 − β₁ᵗ)
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-16), `ε₀ ≥ 0` (`eps_root`, 1e-16), `λ ≥ 0` (0). State: `exp_avg`
/// (m), `exp_avg_var` (s). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdaBelief, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(3.0))?;
/// let mut adabelief = AdaBelief::new(1.0).betas(0.75, 0.0).eps(0.0).eps_root(0.0);
/// let grads = x.mul_scalar(4.0).backward()?;
/// adabelief.step(&mut x, &grads)?;                    // m = 1, m̂ = 4, √s = 3
/// assert!((x.item::<f64>()? - (3.0 - 4.0 / 3.0)).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris, Duncan, AdaBelief Optimizer: Adapting Stepsizes by the Belief
/// in Observed Gradients, 2020, algorithm 2.
///
/// # Differs from
/// * The paper: one ε, 1e-8, stands in both places.
/// * optax: nothing. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct AdaBelief(Driver<AdaBeliefRule>);
optimizer!(AdaBelief, AdaBeliefRule);

#[derive(Clone, Debug)]
struct AdaBeliefRule {
    betas: [f64; 2],
    eps: f64,
    eps_root: f64,
    nesterov: bool,
}

impl AdaBelief {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> AdaBelief {
        let rule = AdaBeliefRule { betas: [0.9, 0.999], eps: 1e-16, eps_root: 1e-16, nesterov: false };
        AdaBelief(Driver::new(rule, lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and (g − m)² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> AdaBelief {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-16.
    pub fn eps(self, eps: f64) -> AdaBelief {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added to s in every step. Default 1e-16.
    pub fn eps_root(self, eps_root: f64) -> AdaBelief {
        self.with(|rule| rule.eps_root = eps_root)
    }

    /// Whether m looks one step ahead, by the gradient at hand. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{AdaBelief, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(3.0).backward()?;
    /// AdaBelief::new(1.0).betas(0.5, 0.0).nesterov(true).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? + 4.0 / 1.5).abs() < 1e-12);      // (0.5 · 1.5 / 0.75 + 0.5 · 3 / 0.5) / 1.5
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nesterov(self, nesterov: bool) -> AdaBelief {
        self.with(|rule| rule.nesterov = nesterov)
    }
}

impl Rule for AdaBeliefRule {
    const NAME: &'static str = "AdaBelief";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_var"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let [of_average, of_gradient] = match self.nesterov {
            true => [beta1 / (1.0 - beta1.powf(t + 1.0)), (1.0 - beta1) / (1.0 - beta1.powf(t))],
            false => [1.0 / (1.0 - beta1.powf(t)), 0.0],
        };
        let formula = Formula {
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            nesterov: self.nesterov,
            of_average: turn.lr * of_average,
            of_gradient: turn.lr * of_gradient,
            correction: 1.0 / (1.0 - beta2.powf(t)).sqrt(),
            eps: self.eps,
            eps_root: self.eps_root,
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta2: f64,
    average: Average,
    gain2: f64,
    nesterov: bool,
    of_average: f64,
    of_gradient: f64,
    correction: f64,
    eps: f64,
    eps_root: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, s]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let off = g - m;
        let s = T::of(self.beta2) * s + T::of(self.gain2) * (off * off) + T::of(self.eps_root);
        let step = T::of(self.of_average) * m;
        let step = if self.nesterov { step + T::of(self.of_gradient) * g } else { step };
        (p - step / (s.sqrt() * T::of(self.correction) + T::of(self.eps)), [m, s])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, nesterov: bool) {
    s.a = 0.5 * s.a + 0.5 * g;
    s.b = 0.8 * s.b + 0.2 * (g - s.a).powi(2) + 0.01;
    let ahead = 0.5 * s.a / (1.0 - 0.5f64.powf(s.t + 1.0)) + 0.5 * g / (1.0 - 0.5f64.powf(s.t));
    let m = if nesterov { ahead } else { s.a / (1.0 - 0.5f64.powf(s.t)) };
    s.p -= 0.05 * m / ((s.b / (1.0 - 0.8f64.powf(s.t))).sqrt() + 0.1);
}

#[cfg(test)]
fn example() -> AdaBelief {
    AdaBelief::new(0.05).betas(0.5, 0.8).eps(0.1).eps_root(0.01)
}

#[cfg(test)]
cases![
    plain(example, |s, g| by_hand(s, g, false)).keeps(&["exp_avg", "exp_avg_var"]),
    plain(|| example().nesterov(true), |s, g| by_hand(s, g, true)).keeps(&["exp_avg", "exp_avg_var"]),
    plain(|| example().weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, false)).keeps(&["exp_avg", "exp_avg_var"]),
    refused(AdaBelief::new(0.1).betas(1.0, 0.9), "AdaBelief: betas[0] is 1.0, it must be in [0, 1)"),
    refused(AdaBelief::new(0.1).eps(-1.0), "AdaBelief: eps is -1.0, it must be finite and at least 0"),
    refused(AdaBelief::new(0.1).eps_root(-1.0), "AdaBelief: eps_root is -1.0, it must be finite and at least 0"),
];
