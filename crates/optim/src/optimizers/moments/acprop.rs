//! ACProp.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// ACProp, asynchronous centring: the gradient at hand, divided by the distance of the gradients *before* it from their
/// average, as of [`AdaBelief`](crate::AdaBelief). The divisor knows nothing of the gradient that it divides, so it
/// does not shrink the very steps that matter.
///
/// ```text
/// p ← (1 − lr·λ) p                       (weight_decay λ; coupled: g ← g + λ p instead)
/// m ← β₁ m + (1 − β₁) g
/// p ← p − lr · g / (√ŝ + ε)              ŝ = s / (1 − β₂ᵗ⁻¹), 1 in the first step,  t = 1, 2, ..
/// s ← β₂ s + (1 − β₂) (g − m)² + ε₀
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-16), `ε₀ ≥ 0` (`eps_root`, 1e-16), `λ ≥ 0` (0, decoupled). State:
/// `exp_avg` (m), `exp_avg_var` (s). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AcProp, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(3.0))?;
/// let mut acprop = AcProp::new(0.5).betas(0.5, 0.0).eps(0.0).eps_root(0.0);
/// for (slope, after) in [(4.0, 1.0), (2.0, 0.5)] {            // 0.5 · 4 / 1, then m was 2: 0.5 · 2 / (4 − 2)
///     let grads = x.mul_scalar(slope).backward()?;
///     acprop.step(&mut x, &grads)?;
///     assert!((x.item::<f64>()? - after).abs() < 1e-12);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Zhuang, Ding, Tang, Dvornek, Tatikonda, Duncan, Momentum Centering and Asynchronous Update for Adaptive Gradient
/// Methods, 2021, algorithm 2.
///
/// # Differs from
/// * The paper: its first step divides by ε alone.
/// * The authors' code: ε is ε₀, and no part of the first divisor; a variant rectifies the rate as
///   [`RAdam`](crate::RAdam) does.
/// * optax (`contrib.acprop`): s takes the m before the step: [`AcProp::optax`]. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct AcProp(Driver<AcPropRule>);
optimizer!(AcProp, AcPropRule);

#[derive(Clone, Debug)]
struct AcPropRule {
    betas: [f64; 2],
    eps: f64,
    eps_root: f64,
    /// Whether s takes the m before the step.
    centers_before: bool,
}

impl AcProp {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> AcProp {
        let rule = AcPropRule { betas: [0.9, 0.999], eps: 1e-16, eps_root: 1e-16, centers_before: false };
        AcProp(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// optax's form: the m of s is that before the step. Those distances are 1 / β₁ times as large, so but for ε and ε₀
    /// it is the first form with `lr · β₁`, after the first step.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{AcProp, Optimizer};
    /// assert!(AcProp::optax(0.1).describe(&[]).to_string().contains("centers_before: true"));
    /// ```
    pub fn optax(lr: f64) -> AcProp {
        AcProp::new(lr).with(|rule| rule.centers_before = true)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and (g − m)² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> AcProp {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-16.
    pub fn eps(self, eps: f64) -> AcProp {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added to s in every step. Default 1e-16.
    pub fn eps_root(self, eps_root: f64) -> AcProp {
        self.with(|rule| rule.eps_root = eps_root)
    }
}

impl Rule for AcPropRule {
    const NAME: &'static str = "ACProp";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_var"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let [beta1, beta2] = self.betas;
        let first = turn.t == 1;
        let formula = Formula {
            lr: turn.lr,
            beta2,
            average: Average::keeping(beta1),
            gain2: (1.0 - beta2) * if self.centers_before { 1.0 } else { beta1 * beta1 },
            correction: if first { 0.0 } else { 1.0 / (1.0 - beta2.powf(turn.t as f64 - 1.0)).sqrt() },
            eps: self.eps + if first { 1.0 } else { 0.0 },
            eps_root: self.eps_root,
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    beta2: f64,
    average: Average,
    /// Also the square of what g − m is of the distance from the m before.
    gain2: f64,
    correction: f64,
    eps: f64,
    eps_root: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, s]: [T; 2]) -> (T, [T; 2]) {
        let p = p - T::of(self.lr) * g / (s.sqrt() * T::of(self.correction) + T::of(self.eps));
        let off = g - m;
        let s = T::of(self.beta2) * s + T::of(self.gain2) * (off * off) + T::of(self.eps_root);
        (p, [self.average.next(m, g), s])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, centers_before: bool) {
    let divisor = if s.t == 1.0 { 1.0 } else { (s.b / (1.0 - 0.8f64.powf(s.t - 1.0))).sqrt() };
    s.p -= 0.05 * g / (divisor + 0.1);
    let before = s.a;
    s.a = 0.5 * s.a + 0.5 * g;
    s.b = 0.8 * s.b + 0.2 * (g - if centers_before { before } else { s.a }).powi(2) + 0.01;
}

#[cfg(test)]
fn example(acprop: AcProp) -> AcProp {
    acprop.betas(0.5, 0.8).eps(0.1).eps_root(0.01)
}

#[cfg(test)]
const KEEPS: [&str; 2] = ["exp_avg", "exp_avg_var"];

#[cfg(test)]
cases![
    plain(|| example(AcProp::new(0.05)), |s, g| by_hand(s, g, false)).keeps(&KEEPS),
    plain(|| example(AcProp::optax(0.05)), |s, g| by_hand(s, g, true)).keeps(&KEEPS),
    plain(
        || example(AcProp::new(0.05)).weight_decay(0.5),
        |s, g| {
            s.p -= 0.05 * 0.5 * s.p;
            by_hand(s, g, false);
        }
    )
    .keeps(&KEEPS),
    plain(
        || example(AcProp::new(0.05)).decoupled_weight_decay(false).weight_decay(0.5),
        |s, g| by_hand(s, g + 0.5 * s.p, false)
    )
    .keeps(&KEEPS),
    refused(AcProp::new(0.1).betas(1.0, 0.9), "ACProp: betas[0] is 1.0, it must be in [0, 1)"),
    refused(AcProp::new(0.1).eps(-1.0), "ACProp: eps is -1.0, it must be finite and at least 0"),
    refused(AcProp::new(0.1).eps_root(-1.0), "ACProp: eps_root is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::AcProp;
    use crate::cases::{TURNING, along, same};

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, acprop(0.1) and
        // acprop(0.1, b1=0.5, b2=0.75, eps=0.1, eps_root=0.01, weight_decay=0.25).
        let rows = [
            (AcProp::optax(0.1), [0.8376250711423636, -1.7215518773821168, -0.3048270196653176]),
            (
                AcProp::optax(0.1).betas(0.5, 0.75).eps(0.1).eps_root(0.01).weight_decay(0.25),
                [0.771782941780095, -1.4979426702985352, -0.15556503260855745],
            ),
        ];
        for (mut acprop, expected) in rows {
            same(&along(&mut acprop, &TURNING), &expected);
        }
    }
}
