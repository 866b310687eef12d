//! NovoGrad.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{in_two_parts, norm2};
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// NovoGrad: momentum of gradients that are divided by an average of their norm, one number for each parameter.
///
/// ```text
/// v ← ‖g‖²                               in the first step
/// v ← β₂ v + (1 − β₂) ‖g‖²               afterwards
/// m ← β₁ m + g / (√(v + ε₀) + ε) + λ p   (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// p ← p − lr · m
/// ```
///
/// The norm is over all elements of one parameter. `lr ≥ 0`, `0 ≤ β < 1` (0.95 and 0.98), `ε ≥ 0` (1e-8), `ε₀ ≥ 0`
/// (`eps_root`, 0), `λ ≥ 0` (0). State: `exp_avg` (m), and the number `exp_avg_sq` (v).
///
/// # Numerics
/// The norm is gathered in `f64`, and v is one, so neither over- nor underflows for gradients in `F32`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{NovoGrad, Optimizer};
///
/// let mut x = Param::new(Tensor::from([3.0, 4.0]))?;
/// let grads = x.square().sum().backward()?;           // [6, 8], its norm is 10
/// NovoGrad::new(0.5).betas(0.9, 0.5).eps(0.0).eps_root(0.0).step(&mut x, &grads)?;
/// assert!((x.to_f64s()[0] - 2.7).abs() < 1e-6 && (x.to_f64s()[1] - 3.6).abs() < 1e-6);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Ginsburg, Castonguay, Hrinchuk, Kuchaiev, Lavrukhin, Leary, Li, Nguyen, Zhang, Cohen, Stochastic Gradient Methods
/// with Layer-wise Adaptive Moments for Training of Deep Networks, 2019, algorithm 1.
///
/// # Differs from
/// * optax: β₁ is 0.9, β₂ 0.25, ε 1e-6: [`NovoGrad::optax`]. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct NovoGrad(Driver<NovoGradRule>);
optimizer!(NovoGrad, NovoGradRule);

#[derive(Clone, Debug)]
struct NovoGradRule {
    betas: [f64; 2],
    eps: f64,
    eps_root: f64,
}

impl NovoGrad {
    /// An optimizer with the default hyperparameters, those of the paper.
    pub fn new(lr: f64) -> NovoGrad {
        NovoGrad(Driver::new(NovoGradRule { betas: [0.95, 0.98], eps: 1e-8, eps_root: 0.0 }, lr))
    }

    /// optax's defaults: β₁ is 0.9, β₂ 0.25, ε 1e-6.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{NovoGrad, Optimizer};
    /// assert_eq!(NovoGrad::optax(0.1).get("betas[1]")?, 0.25);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> NovoGrad {
        NovoGrad::new(lr).betas(0.9, 0.25).eps(1e-6)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and v keep. Default 0.95 and 0.98.
    pub fn betas(self, beta1: f64, beta2: f64) -> NovoGrad {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> NovoGrad {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added inside the root. Default 0.
    pub fn eps_root(self, eps_root: f64) -> NovoGrad {
        self.with(|rule| rule.eps_root = eps_root)
    }
}

impl Rule for NovoGradRule {
    const NAME: &'static str = "NovoGrad";
    const STATE: &'static [&'static str] = &["exp_avg"];
    const NUMBERS: &'static [&'static str] = &["exp_avg_sq"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let decay = if turn.decay == Decay::Coupled { std::mem::take(&mut turn.weight_decay) } else { 0.0 };
        let square = norm2(turn.gradient)?.powi(2);
        let v = if turn.t == 1 { square } else { self.betas[1] * turn.numbers[0] + (1.0 - self.betas[1]) * square };
        turn.numbers[0] = v;
        let divisor = (v + self.eps_root).sqrt() + self.eps;
        // Only where all gradients have been 0.
        let scale = if divisor == 0.0 { 0.0 } else { 1.0 / divisor };
        let formula = Formula { beta1: self.betas[0], lr: turn.lr, scale: in_two_parts(scale), decay };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta1: f64,
    lr: f64,
    scale: [f64; 2],
    decay: f64,
}

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m]: [T; 1]) -> (T, [T; 1]) {
        let m = T::of(self.beta1) * m + T::of(self.scale[1]) * (T::of(self.scale[0]) * g);
        // Not 0 · p: that would be NaN where a parameter is infinite.
        let m = if self.decay == 0.0 { m } else { m + T::of(self.decay) * p };
        (p - T::of(self.lr) * m, [m])
    }
}

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], decay: f64, eps_root: f64) {
    let square = g.iter().map(|g| g * g).sum::<f64>();
    w.b[0] = if w.t == 1.0 { square } else { 0.25 * w.b[0] + 0.75 * square };
    for (i, g) in g.iter().enumerate() {
        w.a[i] = 0.5 * w.a[i] + g / ((w.b[0] + eps_root).sqrt() + 0.1) + decay * w.p[i];
        w.p[i] -= 0.05 * w.a[i];
    }
}

#[cfg(test)]
fn example() -> NovoGrad {
    NovoGrad::new(0.05).betas(0.5, 0.25).eps(0.1)
}

#[cfg(test)]
cases![
    coupled(example, |w, g| by_hand(w, g, 0.0, 0.0)).keeps(&["exp_avg_sq", "exp_avg"]),
    coupled(|| example().weight_decay(0.5).eps_root(0.5), |w, g| by_hand(w, g, 0.5, 0.5))
        .keeps(&["exp_avg_sq", "exp_avg"]),
    coupled(
        || example().weight_decay(0.5).decoupled_weight_decay(true),
        |w, g| {
            w.p.iter_mut().for_each(|p| *p *= 1.0 - 0.05 * 0.5);
            by_hand(w, g, 0.0, 0.0);
        }
    )
    .keeps(&["exp_avg_sq", "exp_avg"]),
    refused(NovoGrad::new(0.1).betas(0.9, 1.0), "NovoGrad: betas[1] is 1.0, it must be in [0, 1)"),
    refused(NovoGrad::new(0.1).eps(-1.0), "NovoGrad: eps is -1.0, it must be finite and at least 0"),
    refused(NovoGrad::new(0.1).eps_root(-1.0), "NovoGrad: eps_root is -1.0, it must be finite and at least 0"),
];
