//! RAdam.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// [`Adam`](crate::Adam) without division in its first steps, for as long as the average of few g² says little: the
/// rectified Adam.
///
/// ```text
/// g ← g + λ p                                                  (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// m ← β₁ m + (1 − β₁) g,   m̂ = m / (1 − β₁ᵗ)
/// v ← β₂ v + (1 − β₂) g²,  v̂ = v / (1 − β₂ᵗ)
/// ρ∞ = 2 / (1 − β₂) − 1,   ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)         (t = 1, 2, ..)
/// r = √((ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ))
/// p ← p − lr · r · m̂ √(1 − β₂ᵗ) / (√v + ε)                      if ρ > threshold
/// p ← p − lr · m̂                                                else
///
/// optax      p ← p − lr · r · m̂ / (√(v̂ + ε₀) + ε)               if ρ ≥ threshold
/// nesterov   m̂ = β₁ m / (1 − β₁ᵗ⁺¹) + (1 − β₁) g / (1 − β₁ᵗ)
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-8), `ε₀ ≥ 0` (`eps_root`, 0), `threshold ≥ 4` (5), `λ ≥ 0` (0).
/// With `β₂ ≤ 0.6` ρ never passes 4, and this is descent with momentum. State: `exp_avg` (m), `exp_avg_sq` (v). t
/// counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, RAdam};
///
/// let mut x = Param::new(Tensor::from([1.0, 100.0]))?;
/// let grads = x.square().sum().backward()?;                       // [2, 200]
/// let mut radam = RAdam::new(0.25).betas(0.8, 0.99).eps(1e-6);
/// radam.step(&mut x, &grads)?;                                    // the first step is lr · g
/// assert_eq!(x.to_vec::<f32>()?, [0.5, 50.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Liu, Jiang, He, Chen, Liu, Gao, Han, On the Variance of the Adaptive Learning Rate and Beyond, 2020, algorithm 2.
///
/// # Differs from
/// * The paper: its threshold is 4, as it can be here; PyTorch's and optax' is 5.
/// * optax: v̂ is corrected inside the root, `ρ = threshold` is rectified, too: [`RAdam::optax`].
#[derive(Clone)]
pub struct RAdam(Driver<RAdamRule>);
optimizer!(RAdam, RAdamRule);

#[derive(Clone, Debug)]
struct RAdamRule {
    betas: [f64; 2],
    eps: f64,
    eps_root: f64,
    threshold: f64,
    nesterov: bool,
    /// Whether the formula is optax'.
    optax: bool,
}

impl RAdam {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> RAdam {
        RAdam::of(false, lr)
    }

    /// optax's formula: the bias of v is corrected inside the root.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, RAdam};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let mut radam = RAdam::optax(0.5).betas(0.5, 0.9).eps(1.0).threshold(4.0).eps_root(0.0).nesterov(true);
    /// let grads = x.mul_scalar(3.0).backward()?;
    /// radam.step(&mut x, &grads)?;                // ρ = 1: no division
    /// assert!((x.item::<f64>()? + 0.5 * 4.0).abs() < 1e-12);      // 0.5 · 1.5 / 0.75 + 0.5 · 3 / 0.5
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> RAdam {
        RAdam::of(true, lr)
    }

    fn of(optax: bool, lr: f64) -> RAdam {
        let (betas, eps, threshold) = ([0.9, 0.999], 1e-8, 5.0);
        RAdam(Driver::new(RAdamRule { betas, eps, eps_root: 0.0, threshold, nesterov: false, optax }, lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> RAdam {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> RAdam {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added inside the root. Default 0.
    pub fn eps_root(self, eps_root: f64) -> RAdam {
        self.with(|rule| rule.eps_root = eps_root)
    }

    /// The ρ from which on steps are divided, at least 4: below, r is not a real number. Default 5.
    pub fn threshold(self, threshold: f64) -> RAdam {
        self.with(|rule| rule.threshold = threshold)
    }

    /// Whether m looks one step ahead, by the gradient at hand. Default false.
    pub fn nesterov(self, nesterov: bool) -> RAdam {
        self.with(|rule| rule.nesterov = nesterov)
    }
}

const THRESHOLD: Range = Range::new(|x| x >= 4.0 && x.is_finite(), "finite and at least 4");

impl RAdamRule {
    /// r at step t, if steps are divided by then.
    fn rectification(&self, t: f64) -> Option<f64> {
        let most = 2.0 / (1.0 - self.betas[1]) - 1.0;
        let power = self.betas[1].powf(t);
        let rho = most - 2.0 * t * power / (1.0 - power);
        let rectified = if self.optax { rho >= self.threshold } else { rho > self.threshold };
        // Where ρ∞ is 4 by rounding r would be 0 / 0.
        let defined = rectified && most > 4.0;
        defined.then(|| ((rho - 4.0) * (rho - 2.0) * most / ((most - 4.0) * (most - 2.0) * rho)).sqrt())
    }
}

impl Rule for RAdamRule {
    const NAME: &'static str = "RAdam";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
        see("threshold", &mut self.threshold, THRESHOLD);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let rectification = self.rectification(t);
        let rate = turn.lr * rectification.unwrap_or(1.0);
        let [of_average, of_gradient] = match self.nesterov {
            true => [beta1 / (1.0 - beta1.powf(t + 1.0)), (1.0 - beta1) / (1.0 - beta1.powf(t))],
            false => [1.0 / (1.0 - beta1.powf(t)), 0.0],
        };
        let of_v = 1.0 - beta2.powf(t);
        let formula = Formula {
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            nesterov: self.nesterov,
            of_average: rate * of_average,
            of_gradient: rate * of_gradient,
            divides: rectification.is_some(),
            correction: 1.0 / of_v.sqrt(),
            eps_root: self.eps_root * of_v,
            eps: if self.optax { self.eps } else { self.eps / of_v.sqrt() },
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
    divides: bool,
    correction: f64,
    eps_root: f64,
    eps: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        let step = T::of(self.of_average) * m;
        let step = if self.nesterov { step + T::of(self.of_gradient) * g } else { step };
        let root = (v + T::of(self.eps_root)).sqrt() * T::of(self.correction) + T::of(self.eps);
        (p - if self.divides { step / root } else { step }, [m, v])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, optax: bool) {
    s.a = 0.5 * s.a + 0.5 * g;
    s.b = 0.75 * s.b + 0.25 * g * g;
    let (power, most) = (0.75f64.powf(s.t), 7.0);
    let rho = most - 2.0 * s.t * power / (1.0 - power);
    let ahead = 0.5 * s.a / (1.0 - 0.5f64.powf(s.t + 1.0)) + 0.5 * g / (1.0 - 0.5f64.powf(s.t));
    let m = if optax { ahead } else { s.a / (1.0 - 0.5f64.powf(s.t)) };
    let r = ((rho - 4.0) * (rho - 2.0) * most / ((most - 4.0) * (most - 2.0) * rho)).sqrt();
    s.p -= 0.05
        * match optax {
            true if rho >= 4.5 => r * m / ((s.b / (1.0 - power) + 0.1).sqrt() + 0.01),
            false if rho > 4.5 => r * m * (1.0 - power).sqrt() / (s.b.sqrt() + 0.01),
            _ => m,
        };
}

#[cfg(test)]
fn example(new: fn(f64) -> RAdam) -> RAdam {
    new(0.05).betas(0.5, 0.75).eps(0.01).threshold(4.5)
}

#[cfg(test)]
cases![
    plain(|| example(RAdam::new), |s, g| by_hand(s, g, false)).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| example(RAdam::optax).eps_root(0.1).nesterov(true), |s, g| by_hand(s, g, true))
        .keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| example(RAdam::new).weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, false))
        .keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| RAdam::new(0.05).betas(0.0, 0.6).threshold(4.0), |s, g| s.p -= 0.05 * g).keeps(&["exp_avg", "exp_avg_sq"]),
    refused(RAdam::new(0.1).threshold(3.0), "RAdam: threshold is 3.0, it must be finite and at least 4"),
    refused(RAdam::new(0.1).betas(0.9, 1.0), "RAdam: betas[1] is 1.0, it must be in [0, 1)"),
    refused(RAdam::new(0.1).eps_root(-1.0), "RAdam: eps_root is -1.0, it must be finite and at least 0"),
];
