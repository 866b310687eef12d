//! MADGRAD.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{DType, Result, Tensor};

/// MADGRAD, momentumised adaptive dual averaging: each step begins at the start and goes along the sum of all gradients
/// so far, divided by the cube root of the sum of their squares. Gradients weigh more the later they are.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// w = lr · √t                            t = 1, 2, ..
/// s ← s + w g
/// ν ← ν + w g²
/// z = p₀ − s / (∛ν + ε)                  p₀ the parameter before its first step
/// p ← μ p + (1 − μ) z                    (momentum μ; decoupled decay: − lr·λ p, with the p before)
/// ```
///
/// `lr ≥ 0`, `0 ≤ μ < 1` (0.9), `ε ≥ 0` (1e-6), `λ ≥ 0` (0). State: `grad_sum_sq` (ν), `s`, `x0` (p₀). t counts the
/// steps of each parameter. The rate is like neither that of [`Sgd`](crate::Sgd) nor that of [`Adam`](crate::Adam), and
/// is to be found anew; less weight decay is needed, often none. With gradients of 0 only, the z is p₀.
///
/// # Numerics
/// A sum ν that overflows the dtype stays at the largest number.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Madgrad, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(3.0))?;
/// let grads = x.mul_scalar(64.0).backward()?;
/// Madgrad::new(0.125).momentum(0.5).eps(0.0).step(&mut x, &grads)?;   // s = 8, ν = 512, z = 3 − 8 / 8
/// assert!((x.item::<f64>()? - 2.5).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Defazio, Jelassi, Adaptivity without Compromise: A Momentumized, Adaptive, Dual Averaged Gradient Method for
/// Stochastic Optimization, 2021, algorithm 1.
///
/// # Differs from
/// * The paper: there μ is 1 − c.
/// * The authors' code and optax (`contrib.madgrad`): ε is added to `lr`, too, as by `Madgrad::new(lr + eps)`; all
///   parameters have one t. optax has no decoupled decay. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct Madgrad(Driver<MadgradRule>);
optimizer!(Madgrad, MadgradRule);

#[derive(Clone, Debug)]
struct MadgradRule {
    momentum: f64,
    eps: f64,
}

impl Madgrad {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Madgrad {
        Madgrad(Driver::new(MadgradRule { momentum: 0.9, eps: 1e-6 }, lr))
    }

    /// μ, `0 ≤ μ < 1`: the share of the parameter that a step leaves where it is. Default 0.9.
    pub fn momentum(self, momentum: f64) -> Madgrad {
        self.with(|rule| rule.momentum = momentum)
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-6.
    pub fn eps(self, eps: f64) -> Madgrad {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for MadgradRule {
    const NAME: &'static str = "MADGRAD";
    const STATE: &'static [&'static str] = &["grad_sum_sq", "s", "x0"];

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(if slot == 2 { parameter.detach() } else { parameter.zeros_like() })
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        // The driver's decay would act on the share of p only that is kept.
        let decay = if turn.decay == Decay::Decoupled { std::mem::take(&mut turn.weight_decay) } else { 0.0 };
        let formula = Formula {
            weight: turn.lr * (turn.t as f64).sqrt(),
            eps: self.eps,
            keep: self.momentum - turn.lr * decay,
            gain: 1.0 - self.momentum,
            largest: if turn.parameter.dtype() == DType::F32 { f32::MAX.into() } else { f64::MAX },
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    weight: f64,
    eps: f64,
    keep: f64,
    gain: f64,
    largest: f64,
}

impl ElementRule<3> for Formula {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [v, s, start]: [T; 3]) -> (T, [T; 3]) {
        let weighted = T::of(self.weight) * g;
        let (v, s) = ((v + weighted * g).smaller(T::of(self.largest)), s + weighted);
        let divisor = v.cbrt() + T::of(self.eps);
        // Without ε and any gradient there is no way to go.
        let z = start - T::select(divisor.eq(T::ZERO), T::ZERO, s / divisor);
        (T::of(self.keep) * p + T::of(self.gain) * z, [v, s, start])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, [momentum, eps, decay]: [f64; 3]) {
    if s.t == 1.0 {
        s.c = s.p;
    }
    s.a += 0.1 * s.t.sqrt() * g * g;
    s.b += 0.1 * s.t.sqrt() * g;
    let way = if s.a == 0.0 { 0.0 } else { s.b / (s.a.cbrt() + eps) };
    s.p = (momentum - 0.1 * decay) * s.p + (1.0 - momentum) * (s.c - way);
}

#[cfg(test)]
fn example() -> Madgrad {
    Madgrad::new(0.1).momentum(0.5).eps(0.1)
}

#[cfg(test)]
const KEEPS: [&str; 3] = ["grad_sum_sq", "s", "x0"];

#[cfg(test)]
cases![
    plain(|| Madgrad::new(0.1), |s, g| by_hand(s, g, [0.9, 1e-6, 0.0])).keeps(&KEEPS),
    plain(|| Madgrad::new(0.1).momentum(0.0).eps(0.0), |s, g| by_hand(s, g, [0.0; 3])).keeps(&KEEPS),
    plain(|| example().weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, [0.5, 0.1, 0.0])).keeps(&KEEPS),
    plain(|| example().weight_decay(0.5).decoupled_weight_decay(true), |s, g| by_hand(s, g, [0.5, 0.1, 0.5]))
        .keeps(&KEEPS),
    refused(Madgrad::new(0.1).momentum(1.0), "MADGRAD: momentum is 1.0, it must be in [0, 1)"),
    refused(Madgrad::new(0.1).eps(-1.0), "MADGRAD: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::Madgrad;
    use crate::cases::{TURNING, along, same};

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, madgrad(0.1) and madgrad(0.5, momentum=0.5, eps=0.1, weight_decay=0.25); the
        // count is made int64, or the root of it is float32.
        let rows = [
            (Madgrad::new(0.1 + 1e-6), [0.8738510621056053, -1.861750481984002, 0.2797279210197842]),
            (
                Madgrad::new(0.5 + 0.1).momentum(0.5).eps(0.1).weight_decay(0.25),
                [-0.2561014654955185, -0.4862348073366343, -1.3943986949875324],
            ),
        ];
        for (mut madgrad, expected) in rows {
            same(&along(&mut madgrad, &TURNING), &expected);
        }
    }
}
