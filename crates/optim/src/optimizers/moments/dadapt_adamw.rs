//! AdamW with D-adaptation.

use super::prodigy::GROWTH;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{abs_sum, dot};
use crate::range::Range;
use crate::rule::{Parameters, Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// D-adaptation: [`AdamW`](crate::AdamW) that finds its learning rate, from an estimate d of the distance to the
/// solution. Of sums it is a lower bound; of averages, as here, it may come out a few times too large.
/// [`Prodigy`](crate::Prodigy) is its faster successor.
///
/// ```text
/// η = d · lr                                                  (with bias_correction: · √(1 − β₂ᵗ) / (1 − β₁ᵗ))
/// r ← √β₂ r + (1 − √β₂) Σ η g s / (√v + ε)                    with the s and v before the step
/// m ← β₁ m + (1 − β₁) η g
/// v ← β₂ v + (1 − β₂) g²
/// s ← √β₂ s + (1 − √β₂) η g
/// d' = r / ((1 − √β₂) Σ |s|)                                  sums over all elements of all parameters
/// d ← max(d, min(d', d · growth_rate))                        d from d₀
/// p ← (1 − η·λ) p                                             (weight_decay λ; coupled: g ← g + λ p instead)
/// p ← p − m / (√v + ε)
/// ```
///
/// `lr ≥ 0`, which is 1 unless a schedule changes it, `0 ≤ β < 1` (0.9 and 0.999), `ε > 0` (1e-8), `d₀ > 0` (`d0`,
/// 1e-6), `growth_rate ≥ 1` (∞), `λ ≥ 0` (0, decoupled). η has the d before the step, and is the learning rate of all
/// kinds of decay. State: `exp_avg` (m), `exp_avg_sq` (v), `s`, and the numbers `d`, `numerator_weighted` (r) and
/// `d_before` (the d before the last step), which all parameters share.
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{DAdaptAdamW, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(5.0))?;
/// let mut dadapt = DAdaptAdamW::new(1.0);
/// for _ in 0..600 {
///     let grads = x.square().backward()?;
///     dadapt.step(&mut x, &grads)?;
/// }
/// assert!(x.item::<f64>()?.abs() < 1e-6);
/// assert!((dadapt.d() - 11.627).abs() < 1e-3);        // of a distance of 5
///
/// let dadapt = DAdaptAdamW::new(1.0).betas(0.9, 0.99).eps(1e-6).d0(1e-4).growth_rate(1.02).bias_correction(true);
/// assert_eq!((dadapt.d(), dadapt.get("growth_rate")?), (1e-4, 1.02));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Defazio, Mishchenko, Learning-Rate-Free Learning by D-Adaptation, 2023, algorithm 5, with the options of the
/// authors' code.
///
/// # Differs from
/// * The authors' code: decay is coupled by default. Groups may have learning rates of their own here, there a scale;
///   and with `lr` 0 m still moves the parameters, until it has decayed.
/// * optax (`contrib.dadapt_adamw`): always with bias correction: [`DAdaptAdamW::optax`]. It has no growth rate.
///   PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct DAdaptAdamW(Driver<DAdaptAdamWRule>);
optimizer!(DAdaptAdamW, DAdaptAdamWRule);

#[derive(Clone, Debug)]
struct DAdaptAdamWRule {
    betas: [f64; 2],
    eps: f64,
    d0: f64,
    growth_rate: f64,
    bias_correction: bool,
}

/// The places of the shared numbers.
const D: usize = 0;
const NUMERATOR: usize = 1;
const BEFORE: usize = 2;

impl DAdaptAdamW {
    /// An optimizer with the default hyperparameters; `lr` is meant to be 1.
    pub fn new(lr: f64) -> DAdaptAdamW {
        let growth_rate = f64::INFINITY;
        let rule = DAdaptAdamWRule { betas: [0.9, 0.999], eps: 1e-8, d0: 1e-6, growth_rate, bias_correction: false };
        DAdaptAdamW(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// optax's form: with bias correction.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{DAdaptAdamW, Optimizer};
    /// assert!(DAdaptAdamW::optax(1.0).describe(&[]).to_string().contains("bias_correction: true"));
    /// ```
    pub fn optax(lr: f64) -> DAdaptAdamW {
        DAdaptAdamW::new(lr).bias_correction(true)
    }

    /// The present d, d₀ before the first step.
    pub fn d(&self) -> f64 {
        self.0.shared().get(D).copied().unwrap_or(self.0.rule().d0)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and v keep; r and s keep √β₂. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> DAdaptAdamW {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε > 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> DAdaptAdamW {
        self.with(|rule| rule.eps = eps)
    }

    /// d₀ > 0, the first d: less than the distance to the solution. Default 1e-6.
    pub fn d0(self, d0: f64) -> DAdaptAdamW {
        self.with(|rule| rule.d0 = d0)
    }

    /// The factor by which d may grow in a step, at least 1. Default infinite: as it likes.
    pub fn growth_rate(self, growth_rate: f64) -> DAdaptAdamW {
        self.with(|rule| rule.growth_rate = growth_rate)
    }

    /// Whether η has Adam's bias correction, as a warm-up. Default false.
    pub fn bias_correction(self, bias_correction: bool) -> DAdaptAdamW {
        self.with(|rule| rule.bias_correction = bias_correction)
    }
}

impl DAdaptAdamWRule {
    /// η with this d.
    fn rate(&self, d: f64, lr: f64, t: u64) -> f64 {
        let ([beta1, beta2], t) = (self.betas, t as f64);
        let correction = if self.bias_correction { (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t)) } else { 1.0 };
        d * lr * correction
    }

    /// √β₂.
    fn keep(&self) -> f64 {
        self.betas[1].sqrt()
    }
}

impl Rule for DAdaptAdamWRule {
    const NAME: &'static str = "DAdaptAdamW";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "s"];
    const SHARED: &'static [&'static str] = &["d", "numerator_weighted", "d_before"];

    fn start_shared(&self, number: usize, _: f64) -> f64 {
        if number == NUMERATOR { 0.0 } else { self.d0 }
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::POSITIVE);
        see("d0", &mut self.d0, Range::POSITIVE);
        see("growth_rate", &mut self.growth_rate, GROWTH);
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let d = all.shared()[D];
        let (mut along, mut size) = (0.0, 0.0);
        all.each(|rule, turn| {
            let g = turn.descent()?;
            let [_, Some(v), Some(s)] = turn.state else { unreachable!("all state is always in use") };
            let (rate, beta) = (rule.rate(d, turn.lr, turn.t), rule.keep());
            let mut scaled = s.zeros_like();
            let sums = Sums { beta, gain: (1.0 - beta) * rate, eps: rule.eps };
            s.update(&g, [Some(&mut scaled), Some(v)], sums)?;
            along += rate * dot(&g, &scaled)?;
            size += abs_sum(s)?;
            Ok(())
        })?;
        let (beta, shared) = (self.keep(), all.shared());
        shared[BEFORE] = d;
        // Nothing has been seen that d could be estimated from.
        if size == 0.0 {
            return Ok(());
        }
        shared[NUMERATOR] = beta * shared[NUMERATOR] + (1.0 - beta) * along;
        let estimate = shared[NUMERATOR] / ((1.0 - beta) * size);
        // Not the limit for an estimate that is NaN: the smaller of the two numbers would be that.
        let limit = d * self.growth_rate;
        shared[D] = if estimate > limit { limit } else { d.max(estimate) };
        Ok(())
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        // The driver's decay takes its rate from here.
        turn.lr = self.rate(turn.shared[BEFORE], turn.lr, turn.t);
        let [beta1, beta2] = self.betas;
        let formula = Formula { beta1, beta2, gain1: (1.0 - beta1) * turn.lr, gain2: 1.0 - beta2, eps: self.eps };
        turn.update(formula)
    }
}

/// `s ← β s + gain · g`, and `s / (√v + ε)` of the s before.
#[derive(Clone, Copy)]
struct Sums {
    beta: f64,
    gain: f64,
    eps: f64,
}

impl ElementRule<2> for Sums {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, s: T, g: T, [_, v]: [T; 2]) -> (T, [T; 2]) {
        (T::of(self.beta) * s + T::of(self.gain) * g, [s / (v.sqrt() + T::of(self.eps)), v])
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta1: f64,
    beta2: f64,
    gain1: f64,
    gain2: f64,
    eps: f64,
}

impl ElementRule<3> for Formula {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v, s]: [T; 3]) -> (T, [T; 3]) {
        let m = T::of(self.beta1) * m + T::of(self.gain1) * g;
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        (p - m / (v.sqrt() + T::of(self.eps)), [m, v, s])
    }
}

/// In plain words; d and r stand in d.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], [l2, decay, growth]: [f64; 3], corrects: bool) {
    if w.t == 1.0 {
        w.d = vec![1.0, 0.0];
    }
    let correction = if corrects { (1.0 - 0.75f64.powf(w.t)).sqrt() / (1.0 - 0.5f64.powf(w.t)) } else { 1.0 };
    let (rate, beta) = (0.05 * w.d[0] * correction, 0.75f64.sqrt());
    let g: Vec<f64> = g.iter().zip(&w.p).map(|(g, p)| g + l2 * p).collect();
    let along: f64 = g.iter().enumerate().map(|(i, g)| rate * g * w.c[i] / (w.b[i].sqrt() + 0.1)).sum();
    for (i, g) in g.iter().enumerate() {
        w.a[i] = 0.5 * w.a[i] + 0.5 * rate * g;
        w.b[i] = 0.75 * w.b[i] + 0.25 * g * g;
        w.c[i] = beta * w.c[i] + (1.0 - beta) * rate * g;
        w.p[i] = (1.0 - rate * decay) * w.p[i] - w.a[i] / (w.b[i].sqrt() + 0.1);
    }
    w.d[1] = beta * w.d[1] + (1.0 - beta) * along;
    let estimate = w.d[1] / ((1.0 - beta) * w.c.iter().map(|s| s.abs()).sum::<f64>());
    w.d[0] = w.d[0].max(estimate.min(growth * w.d[0]));
}

#[cfg(test)]
fn example() -> DAdaptAdamW {
    DAdaptAdamW::new(0.05).betas(0.5, 0.75).eps(0.1).d0(1.0)
}

#[cfg(test)]
const KEEPS: [&str; 3] = ["exp_avg", "exp_avg_sq", "s"];

#[cfg(test)]
const SHARES: [&str; 3] = ["d", "numerator_weighted", "d_before"];

#[cfg(test)]
cases![
    joint(|| example().growth_rate(1e9), |w, g| by_hand(w, g, [0.0, 0.0, 1e9], false)).keeps(&KEEPS).shares(&SHARES),
    joint(
        || example().growth_rate(1.02).bias_correction(true).weight_decay(0.5),
        |w, g| by_hand(w, g, [0.0, 0.5, 1.02], true)
    )
    .keeps(&KEEPS)
    .shares(&SHARES),
    joint(
        || example().growth_rate(1e9).decoupled_weight_decay(false).weight_decay(0.5),
        |w, g| by_hand(w, g, [0.5, 0.0, 1e9], false)
    )
    .keeps(&KEEPS)
    .shares(&SHARES),
    refused(DAdaptAdamW::new(1.0).d0(0.0), "DAdaptAdamW: d0 is 0.0, it must be finite and positive"),
    refused(DAdaptAdamW::new(1.0).eps(0.0), "DAdaptAdamW: eps is 0.0, it must be finite and positive"),
    refused(
        DAdaptAdamW::new(1.0).growth_rate(0.5),
        "DAdaptAdamW: growth_rate is 0.5, it must be at least 1, or infinity"
    ),
    refused(DAdaptAdamW::new(1.0).betas(0.9, 1.0), "DAdaptAdamW: betas[1] is 1.0, it must be in [0, 1)"),
];

#[cfg(test)]
mod tests {
    use crate::DAdaptAdamW;
    use crate::cases::{SLOPES, along, same};

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, dadapt_adamw() and
        // dadapt_adamw(0.5, (0.5, 0.75), eps=0.1, estim_lr0=0.1, weight_decay=0.25); the last number is d.
        let rows = [
            (
                DAdaptAdamW::optax(1.0),
                [0.999974897173972, -1.999977339675911, 0.499970873214145, 4.9339317180102004e-05],
            ),
            (
                DAdaptAdamW::optax(0.5).betas(0.5, 0.75).eps(0.1).d0(0.1).weight_decay(0.25),
                [0.6880549592722337, -1.6317252590826816, 0.2237455465542263, 0.11747437725344202],
            ),
        ];
        for (mut dadapt, expected) in rows {
            let mut got = along(&mut dadapt, &SLOPES);
            got.push(dadapt.d());
            same(&got, &expected);
        }
    }
}
