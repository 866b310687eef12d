//! Yogi.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

/// Yogi: [`Adam`](crate::Adam) whose v moves towards g² by an amount that does not depend on how far away it is, so a
/// few small gradients do not make it forget the large ones.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// m ← β₁ m + (1 − β₁) g
/// v ← v − (1 − β₂) sign(v − g²) g²
/// p ← p − lr · m̂ / (√v̂ + ε)              m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = 1, 2, ..
/// ```
///
/// m and v start at `initial_accumulator_value` (1e-6). `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-3), `λ ≥ 0`
/// (0). State: `exp_avg` (m), `exp_avg_sq` (v). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Yogi};
///
/// let mut x = Param::new(Tensor::scalar(1.0))?;
/// let mut yogi = Yogi::new(0.5).betas(0.0, 0.75).eps(0.0).initial_accumulator_value(8.0);
/// let grads = x.mul_scalar(2.0).backward()?;
/// yogi.step(&mut x, &grads)?;                     // v = 8 − 0.25 · 4 = 7, v̂ = 28
/// assert!((x.item::<f64>()? - (1.0 - 1.0 / 28.0f64.sqrt())).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Zaheer, Reddi, Sachan, Kale, Kumar, Adaptive Methods for Nonconvex Optimization, 2018, algorithm 2.
///
/// # Differs from
/// * The paper: it has no bias correction, and v starts at g² of a first batch.
/// * optax: nothing. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct Yogi(Driver<YogiRule>);
optimizer!(Yogi, YogiRule);

#[derive(Clone, Debug)]
struct YogiRule {
    betas: [f64; 2],
    eps: f64,
    initial_accumulator_value: f64,
}

impl Yogi {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Yogi {
        Yogi(Driver::new(YogiRule { betas: [0.9, 0.999], eps: 1e-3, initial_accumulator_value: 1e-6 }, lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and v keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Yogi {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-3.
    pub fn eps(self, eps: f64) -> Yogi {
        self.with(|rule| rule.eps = eps)
    }

    /// m and v before the first step, at least 0. Default 1e-6.
    pub fn initial_accumulator_value(self, initial_accumulator_value: f64) -> Yogi {
        self.with(|rule| rule.initial_accumulator_value = initial_accumulator_value)
    }
}

impl Rule for YogiRule {
    const NAME: &'static str = "Yogi";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(parameter.full_like(self.initial_accumulator_value))
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("initial_accumulator_value", &mut self.initial_accumulator_value, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let formula = Formula {
            average: Average::keeping(beta1),
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
    average: Average,
    gain2: f64,
    step: f64,
    correction: f64,
    eps: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let square = g * g;
        let change = T::of(self.gain2) * square;
        // By comparison: a v and a g² that have both overflowed are equal, while their difference is NaN.
        let change = T::select(v.gt(square), T::ZERO - change, T::select(v.lt(square), change, T::ZERO));
        let v = v + change;
        (p - T::of(self.step) * (m / (v.sqrt() * T::of(self.correction) + T::of(self.eps))), [m, v])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64) {
    if s.t == 1.0 {
        (s.a, s.b) = (0.25, 0.25);
    }
    s.a = 0.5 * s.a + 0.5 * g;
    let difference = s.b - g * g;
    s.b -= 0.2 * if difference == 0.0 { 0.0 } else { difference.signum() } * g * g;
    s.p -= 0.05 * (s.a / (1.0 - 0.5f64.powf(s.t))) / ((s.b / (1.0 - 0.8f64.powf(s.t))).sqrt() + 0.1);
}

#[cfg(test)]
fn example() -> Yogi {
    Yogi::new(0.05).betas(0.5, 0.8).eps(0.1).initial_accumulator_value(0.25)
}

#[cfg(test)]
cases![
    plain(example, by_hand).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| example().weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p)).keeps(&["exp_avg", "exp_avg_sq"]),
    refused(Yogi::new(0.1).betas(1.0, 0.9), "Yogi: betas[0] is 1.0, it must be in [0, 1)"),
    refused(
        Yogi::new(0.1).initial_accumulator_value(-1.0),
        "Yogi: initial_accumulator_value is -1.0, it must be finite and at least 0"
    ),
];
