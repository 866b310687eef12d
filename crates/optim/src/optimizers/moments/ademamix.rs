//! AdEMAMix.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// AdEMAMix: [`AdamW`](crate::AdamW) with a second, much longer average of the gradient, so gradients of tens of
/// thousands of steps ago still count.
///
/// ```text
/// m₁ ← β₁ m₁ + (1 − β₁) g,       m̂₁ = m₁ / (1 − β₁ᵗ)           t = 1, 2, ..
/// m₂ ← β₃(t) m₂ + (1 − β₃(t)) g
/// v  ← β₂ v + (1 − β₂) g²,       v̂ = v / (1 − β₂ᵗ)
/// p ← p − lr · ((m̂₁ + α(t) m₂) / (√v̂ + ε) + λ p)               (weight_decay λ)
///
/// α(t)  = α · min(t / T, 1)                                   α and β₃ at once without warm-up
/// β₃(t) = exp(1 / ((1 − a) / ln β₁ + a / ln β₃)),  a = min(t / T, 1)
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9, 0.999 and 0.9999), `α ≥ 0` (2), `ε ≥ 0` (1e-8), `λ ≥ 0` (0, decoupled), the T of
/// `warmup` (none), `eps_root` (0). State: `exp_avg_fast` (m₁), `exp_avg_sq` (v), `exp_avg_slow` (m₂). t counts the
/// steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdEmaMix, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(1.0))?;
/// let mut ademamix = AdEmaMix::new(0.5).betas(0.5, 0.75, 0.875).alpha(4.0).eps(0.0);
/// let grads = x.mul_scalar(2.0).backward()?;
/// ademamix.step(&mut x, &grads)?;                 // m̂₁ = 2, m₂ = 0.25, √v̂ = 2
/// assert!((x.item::<f64>()? - 0.25).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Pagliardini, Ablin, Grangier, The AdEMAMix Optimizer: Better, Faster, Older, 2024, algorithm 1.
///
/// # Differs from
/// * optax (`contrib.ademamix`): α is 5 by default, [`AdEmaMix::optax`]; α and β₃ may be schedules there, in place of a
///   warm-up, as `alpha` and `betas[2]` can be here. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct AdEmaMix(Driver<AdEmaMixRule>);
optimizer!(AdEmaMix, AdEmaMixRule);

#[derive(Clone, Debug)]
struct AdEmaMixRule {
    betas: [f64; 3],
    alpha: f64,
    eps: f64,
    eps_root: f64,
    /// The T of α and that of β₃.
    warmup: [u64; 2],
}

impl AdEmaMix {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> AdEmaMix {
        let rule = AdEmaMixRule { betas: [0.9, 0.999, 0.9999], alpha: 2.0, eps: 1e-8, eps_root: 0.0, warmup: [0; 2] };
        AdEmaMix(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// optax' defaults: α is 5.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{AdEmaMix, Optimizer};
    /// assert_eq!(AdEmaMix::optax(0.001).get("alpha")?, 5.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> AdEmaMix {
        AdEmaMix::new(lr).alpha(5.0)
    }

    /// β₁, β₂ and β₃, `0 ≤ β < 1`: how much of the past the averages of g, g² and the long one of g keep. Default 0.9,
    /// 0.999 and 0.9999.
    pub fn betas(self, beta1: f64, beta2: f64, beta3: f64) -> AdEmaMix {
        self.with(|rule| rule.betas = [beta1, beta2, beta3])
    }

    /// α ≥ 0, the weight of the long average. Default 2; the paper's models take 4 to 10.
    pub fn alpha(self, alpha: f64) -> AdEmaMix {
        self.with(|rule| rule.alpha = alpha)
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> AdEmaMix {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added to v̂ inside the root: `√(v̂ + ε₀) + ε`, `eps_root` in optax. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{AdEmaMix, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(3.0).backward()?;
    /// AdEmaMix::new(1.0).alpha(0.0).eps(1.0).eps_root(16.0).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? + 0.5).abs() < 1e-12);                    // 3 / (√(9 + 16) + 1)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn eps_root(self, eps_root: f64) -> AdEmaMix {
        self.with(|rule| rule.eps_root = eps_root)
    }

    /// The number of steps, T, in which α grows from 0, and that in which β₃ grows from β₁. Default 0 and 0: they are
    /// there at once. The paper takes the length of the run for both.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::AdEmaMix;
    /// let ademamix = AdEmaMix::new(0.1).alpha(8.0).betas(0.25, 0.999, 0.5).warmup(100, 100);
    /// assert_eq!((ademamix.alpha_at(25), ademamix.alpha_at(1000)), (2.0, 8.0));
    /// // The half-life grows linearly: 1/ln of 0.25 is half that of 0.5, three quarters lie in the middle.
    /// assert!((ademamix.beta3_at(50) - 0.5f64.powf(4.0 / 3.0)).abs() < 1e-12);
    /// ```
    pub fn warmup(self, alpha: u64, beta3: u64) -> AdEmaMix {
        self.with(|rule| rule.warmup = [alpha, beta3])
    }

    /// α(t) at a parameter's step t, 1 for the first.
    pub fn alpha_at(&self, t: u64) -> f64 {
        self.0.rule().alpha_at(t)
    }

    /// β₃(t) at a parameter's step t, 1 for the first.
    pub fn beta3_at(&self, t: u64) -> f64 {
        self.0.rule().beta3_at(t)
    }
}

/// How much of a warm-up of T steps is over, 1 for all.
fn over(t: u64, warmup: u64) -> f64 {
    if t >= warmup { 1.0 } else { t as f64 / warmup as f64 }
}

impl AdEmaMixRule {
    fn alpha_at(&self, t: u64) -> f64 {
        self.alpha * over(t, self.warmup[0])
    }

    fn beta3_at(&self, t: u64) -> f64 {
        let [beta1, _, beta3] = self.betas;
        let a = over(t, self.warmup[1]);
        if a == 1.0 { beta3 } else { (1.0 / ((1.0 - a) / beta1.ln() + a / beta3.ln())).exp() }
    }
}

impl Rule for AdEmaMixRule {
    const NAME: &'static str = "AdEMAMix";
    const STATE: &'static [&'static str] = &["exp_avg_fast", "exp_avg_sq", "exp_avg_slow"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("betas[2]", &mut self.betas[2], Range::DECAY);
        see("alpha", &mut self.alpha, Range::AT_LEAST_0);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2, _], t) = (self.betas, turn.t as f64);
        let formula = Formula {
            beta2,
            fast: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            slow: Average::keeping(self.beta3_at(turn.t)),
            of_fast: turn.lr / (1.0 - beta1.powf(t)),
            of_slow: turn.lr * self.alpha_at(turn.t),
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
    fast: Average,
    gain2: f64,
    slow: Average,
    of_fast: f64,
    of_slow: f64,
    correction: f64,
    eps: f64,
    eps_root: f64,
}

impl ElementRule<3> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [fast, v, slow]: [T; 3]) -> (T, [T; 3]) {
        let fast = self.fast.next(fast, g);
        let slow = self.slow.next(slow, g);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        let root = if self.eps_root == 0.0 {
            v.sqrt() * T::of(self.correction)
        } else {
            (v * T::of(self.correction * self.correction) + T::of(self.eps_root)).sqrt()
        };
        let root = root + T::of(self.eps);
        (p - (T::of(self.of_fast) * fast + T::of(self.of_slow) * slow) / root, [fast, v, slow])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, warmup: f64) {
    let a = (s.t / warmup).min(1.0);
    // In half-lives: β = ½^(1/h).
    let [first, last] = [0.5f64, 0.9].map(|beta| 0.5f64.ln() / beta.ln());
    let beta3 = 0.5f64.powf(1.0 / (first + a * (last - first)));
    s.a = 0.5 * s.a + 0.5 * g;
    s.b = 0.75 * s.b + 0.25 * g * g;
    s.c = beta3 * s.c + (1.0 - beta3) * g;
    let m = s.a / (1.0 - 0.5f64.powf(s.t)) + 4.0 * a * s.c;
    s.p -= 0.05 * m / ((s.b / (1.0 - 0.75f64.powf(s.t))).sqrt() + 0.1);
}

#[cfg(test)]
fn example() -> AdEmaMix {
    AdEmaMix::new(0.05).betas(0.5, 0.75, 0.9).alpha(4.0).eps(0.1)
}

#[cfg(test)]
const KEEPS: [&str; 3] = ["exp_avg_fast", "exp_avg_sq", "exp_avg_slow"];

#[cfg(test)]
cases![
    plain(example, |s, g| by_hand(s, g, 1.0)).keeps(&KEEPS),
    plain(|| example().warmup(5, 5), |s, g| by_hand(s, g, 5.0)).keeps(&KEEPS),
    plain(
        || example().weight_decay(0.5),
        |s, g| {
            let p = s.p;
            by_hand(s, g, 1.0);
            s.p -= 0.05 * 0.5 * p;
        }
    )
    .keeps(&KEEPS),
    refused(AdEmaMix::new(0.1).betas(0.9, 0.9, 1.0), "AdEMAMix: betas[2] is 1.0, it must be in [0, 1)"),
    refused(AdEmaMix::new(0.1).alpha(-1.0), "AdEMAMix: alpha is -1.0, it must be finite and at least 0"),
    refused(AdEmaMix::new(0.1).eps(-1.0), "AdEMAMix: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use super::{AdEmaMix, example};
    use crate::cases::golden;

    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.8475301196231394, -0.13388187097060947, 0.539301370416711, -0.8910125098567429];
        golden(example().weight_decay(0.5), expected);
        let of_form = [-0.8451484840578228, -0.1258910434721011, 0.5286696828135222, -0.8946972695405392];
        let optax = AdEmaMix::optax(0.05).betas(0.5, 0.75, 0.9).eps(0.1).eps_root(0.25);
        golden(optax.weight_decay(0.5), of_form);
    }
}
