//! Prodigy.

use crate::blend::blend;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{abs_sum, dot};
use crate::range::Range;
use crate::rule::{Parameters, Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor, no_grad};

/// Prodigy: [`AdamW`](crate::AdamW) that finds its learning rate, from a lower bound d of the distance to the solution.
///
/// ```text
/// η = d · lr                                                  (with bias_correction: · √(1 − β₂ᵗ) / (1 − β₁ᵗ))
/// r ← β₃ r + Σ (d / d₀) η ⟨g, p₀ − p⟩                          p₀ the parameter before its first step
/// s ← β₃ s + (d / d₀) η g                                     (with safeguard_warmup: d in place of η)
/// d' = c · r / Σ |s|                                          sums over all elements of all parameters
/// m ← β₁ m + (1 − β₁) d g
/// v ← β₂ v + (1 − β₂) d² g²
/// d ← max(d, d') at first, then min(largest d' so far, d · growth_rate)
/// p ← (1 − η·λ) p                                             (weight_decay λ; coupled: g ← g + λ p instead)
/// p ← p − η · m / (√v + d ε)
/// ```
///
/// `lr ≥ 0`, which is 1 unless a schedule changes it, `0 ≤ β < 1` (0.9 and 0.999), `0 ≤ β₃ < 1` (√β₂), `ε ≥ 0` (1e-8),
/// `d₀ > 0` (1e-6), `c > 0` (`d_coef`, 1), `growth_rate ≥ 1` (∞), `λ ≥ 0` (0, decoupled). η is the learning rate of all
/// kinds of decay. State: `exp_avg` (m), `exp_avg_sq` (v), `s`, `p0`, and the numbers `d`, `d_max` (the largest d'),
/// `d_numerator` (r) and `d_before` (the d before the last step), which all parameters share.
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Prodigy};
///
/// let mut x = Param::new(Tensor::scalar(5.0))?;
/// let mut prodigy = Prodigy::new(1.0);
/// for _ in 0..300 {
///     let grads = x.square().backward()?;
///     prodigy.step(&mut x, &grads)?;
/// }
/// assert!(x.item::<f64>()?.abs() < 0.1);
/// assert!(prodigy.d() > 0.1 && prodigy.d() <= 5.0);
///
/// let prodigy = Prodigy::new(1.0).d0(1e-4).d_coef(0.5).growth_rate(1.02).betas(0.9, 0.99).beta3(0.9).eps(1e-6);
/// let prodigy = prodigy.bias_correction(true).safeguard_warmup(true);
/// assert_eq!((prodigy.d(), prodigy.get("growth_rate")?), (1e-4, 1.02));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Mishchenko, Defazio, Prodigy: An Expeditiously Adaptive Parameter-Free Learner, 2023, algorithm 4, with the options
/// of the authors' code.
///
/// # Differs from
/// * The authors' code: groups may have learning rates of their own. PyTorch and Keras do not have it.
/// * optax (`contrib.prodigy`): the bias correction is always there, a `growth_rate` and coupled weight decay are not;
///   d₀ is `estim_lr0`, `d_coef` is `estim_lr_coef`. If all gradients of the first step are 0, d stays d₀; there it
///   becomes NaN.
#[derive(Clone)]
pub struct Prodigy(Driver<ProdigyRule>);
optimizer!(Prodigy, ProdigyRule);

#[derive(Clone, Debug)]
struct ProdigyRule {
    betas: [f64; 2],
    /// √β₂ if none.
    beta3: Option<f64>,
    eps: f64,
    d0: f64,
    d_coef: f64,
    growth_rate: f64,
    bias_correction: bool,
    safeguard_warmup: bool,
}

/// The places of the shared numbers.
const D: usize = 0;
const LARGEST: usize = 1;
const NUMERATOR: usize = 2;
const BEFORE: usize = 3;

/// By how much d may grow in a step.
pub(super) const GROWTH: Range = Range::new(|x| x >= 1.0, "at least 1, or infinity");

impl Prodigy {
    /// An optimizer with the default hyperparameters; `lr` is meant to be 1.
    pub fn new(lr: f64) -> Prodigy {
        let rule = ProdigyRule {
            betas: [0.9, 0.999],
            beta3: None,
            eps: 1e-8,
            d0: 1e-6,
            d_coef: 1.0,
            growth_rate: f64::INFINITY,
            bias_correction: false,
            safeguard_warmup: false,
        };
        Prodigy(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// The present d, d₀ before the first step.
    pub fn d(&self) -> f64 {
        self.0.shared().get(D).copied().unwrap_or(self.0.rule().d0)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and v keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Prodigy {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// β₃, `0 ≤ β₃ < 1`: how much of the past r and s keep. Default √β₂.
    pub fn beta3(self, beta3: f64) -> Prodigy {
        self.with(|rule| rule.beta3 = Some(beta3))
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> Prodigy {
        self.with(|rule| rule.eps = eps)
    }

    /// d₀ > 0, the first d: less than the distance to the solution. Default 1e-6.
    pub fn d0(self, d0: f64) -> Prodigy {
        self.with(|rule| rule.d0 = d0)
    }

    /// c > 0, by which estimates are multiplied. Default 1; ½ to 2 are usual.
    pub fn d_coef(self, d_coef: f64) -> Prodigy {
        self.with(|rule| rule.d_coef = d_coef)
    }

    /// The factor by which d may grow in a step, at least 1. Default infinite: as it likes.
    pub fn growth_rate(self, growth_rate: f64) -> Prodigy {
        self.with(|rule| rule.growth_rate = growth_rate)
    }

    /// Whether η has Adam's bias correction, as a warm-up. Default false.
    pub fn bias_correction(self, bias_correction: bool) -> Prodigy {
        self.with(|rule| rule.bias_correction = bias_correction)
    }

    /// Whether s does not depend on the learning rate, so a warm-up of it does not make d too large. Default false.
    pub fn safeguard_warmup(self, safeguard_warmup: bool) -> Prodigy {
        self.with(|rule| rule.safeguard_warmup = safeguard_warmup)
    }
}

impl ProdigyRule {
    /// η with this d.
    fn rate(&self, d: f64, lr: f64, t: u64) -> f64 {
        let ([beta1, beta2], t) = (self.betas, t as f64);
        let correction = if self.bias_correction { (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t)) } else { 1.0 };
        d * lr * correction
    }
}

impl Rule for ProdigyRule {
    const NAME: &'static str = "Prodigy";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "s", "p0"];
    const SHARED: &'static [&'static str] = &["d", "d_max", "d_numerator", "d_before"];

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(if slot == 3 { parameter.detach() } else { parameter.zeros_like() })
    }

    fn start_shared(&self, number: usize, _: f64) -> f64 {
        if number == NUMERATOR { 0.0 } else { self.d0 }
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        if let Some(beta3) = &mut self.beta3 {
            see("beta3", beta3, Range::DECAY);
        }
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("d0", &mut self.d0, Range::POSITIVE);
        see("d_coef", &mut self.d_coef, Range::POSITIVE);
        see("growth_rate", &mut self.growth_rate, GROWTH);
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let d = all.shared()[D];
        let beta3 = |rule: &Self| rule.beta3.unwrap_or(rule.betas[1].sqrt());
        let (mut along, mut size) = (0.0, 0.0);
        all.each(|rule, turn| {
            let g = turn.descent()?;
            let [_, _, Some(s), Some(start)] = turn.state else { unreachable!("all state is always in use") };
            let rate = rule.rate(d, turn.lr, turn.t);
            let way = no_grad(|| start.try_sub(turn.parameter))?;
            along += d / rule.d0 * rate * dot(&g, &way)?;
            let gain = d / rule.d0 * if rule.safeguard_warmup { d } else { rate };
            blend(s, beta3(rule), gain, &g)?;
            size += abs_sum(s)?;
            Ok(())
        })?;
        let shared = all.shared();
        shared[BEFORE] = d;
        // Nothing has been seen that d could be estimated from.
        if size == 0.0 {
            return Ok(());
        }
        shared[NUMERATOR] = beta3(self) * shared[NUMERATOR] + along;
        let estimate = self.d_coef * shared[NUMERATOR] / size;
        let present = if d == self.d0 { d.max(estimate) } else { d };
        shared[LARGEST] = shared[LARGEST].max(estimate);
        shared[D] = shared[LARGEST].min(present * self.growth_rate);
        Ok(())
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let (d, before) = (turn.shared[D], turn.shared[BEFORE]);
        // The driver's decay takes its rate from here.
        turn.lr = self.rate(before, turn.lr, turn.t);
        let [beta1, beta2] = self.betas;
        let formula = Formula {
            beta1,
            beta2,
            gain1: (1.0 - beta1) * before,
            gain2: (1.0 - beta2).sqrt() * before,
            rate: turn.lr,
            eps: d * self.eps,
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta1: f64,
    beta2: f64,
    gain1: f64,
    /// The root of the factor of g²: with a small d that itself could be below the smallest `F32`.
    gain2: f64,
    rate: f64,
    eps: f64,
}

impl ElementRule<4> for Formula {
    const FIXED: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v, s, start]: [T; 4]) -> (T, [T; 4]) {
        let m = T::of(self.beta1) * m + T::of(self.gain1) * g;
        let scaled = T::of(self.gain2) * g;
        let v = T::of(self.beta2) * v + scaled * scaled;
        (p - T::of(self.rate) * (m / (v.sqrt() + T::of(self.eps))), [m, v, s, start])
    }
}

/// In plain words; d, the largest d' and r stand behind p₀.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], decay: f64, [growth, beta3]: [f64; 2], options: bool) {
    let n = g.len();
    if w.t == 1.0 {
        w.d = [w.p.clone(), vec![1.0, 1.0, 0.0]].concat();
    }
    let (d, t) = (w.d[n], w.t);
    let rate = 0.05 * d * if options { (1.0 - 0.75f64.powf(t)).sqrt() / (1.0 - 0.5f64.powf(t)) } else { 1.0 };
    w.d[n + 2] *= beta3;
    for (i, g) in g.iter().enumerate() {
        w.d[n + 2] += d * rate * g * (w.d[i] - w.p[i]);
        w.c[i] = beta3 * w.c[i] + d * if options { d } else { rate } * g;
        w.a[i] = 0.5 * w.a[i] + 0.5 * d * g;
        w.b[i] = 0.75 * w.b[i] + 0.25 * (d * g).powi(2);
    }
    let estimate = 3.0 * w.d[n + 2] / w.c.iter().map(|s| s.abs()).sum::<f64>();
    let present = if d == 1.0 { d.max(estimate) } else { d };
    w.d[n + 1] = w.d[n + 1].max(estimate);
    w.d[n] = w.d[n + 1].min(present * growth);
    for i in 0..n {
        w.p[i] -= rate * decay * w.p[i];
        w.p[i] -= rate * w.a[i] / (w.b[i].sqrt() + w.d[n] * 0.1);
    }
}

#[cfg(test)]
fn example() -> Prodigy {
    Prodigy::new(0.05).betas(0.5, 0.75).eps(0.1).d0(1.0).d_coef(3.0).growth_rate(1e9)
}

#[cfg(test)]
const KEEPS: [&str; 4] = ["exp_avg", "exp_avg_sq", "s", "p0"];

#[cfg(test)]
const SHARES: [&str; 4] = ["d", "d_max", "d_numerator", "d_before"];

#[cfg(test)]
cases![
    joint(example, |w, g| by_hand(w, g, 0.0, [1e9, 0.75f64.sqrt()], false)).keeps(&KEEPS).shares(&SHARES),
    joint(|| example().growth_rate(1.02).beta3(0.5), |w, g| by_hand(w, g, 0.0, [1.02, 0.5], false))
        .keeps(&KEEPS)
        .shares(&SHARES),
    joint(
        || example().beta3(0.5).bias_correction(true).safeguard_warmup(true).weight_decay(0.5),
        |w, g| by_hand(w, g, 0.5, [1e9, 0.5], true)
    )
    .keeps(&KEEPS)
    .shares(&SHARES),
    refused(Prodigy::new(1.0).d0(0.0), "Prodigy: d0 is 0.0, it must be finite and positive"),
    refused(Prodigy::new(1.0).d_coef(-1.0), "Prodigy: d_coef is -1.0, it must be finite and positive"),
    refused(Prodigy::new(1.0).growth_rate(0.5), "Prodigy: growth_rate is 0.5, it must be at least 1, or infinity"),
    refused(Prodigy::new(1.0).beta3(1.0), "Prodigy: beta3 is 1.0, it must be in [0, 1)"),
];

#[cfg(test)]
mod tests {
    use super::{by_hand, example};
    use crate::cases::{Whole, golden};
    use crate::{Optimizer, Prodigy};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.08565305412620541, -0.07616299667862107, 0.057853332596996376, 0.00015150801664419455];
        let prodigy = Prodigy::new(1.0).betas(0.9, 0.5).beta3(0.5).eps(0.1).d0(0.05).d_coef(3.0);
        golden(prodigy.bias_correction(true).weight_decay(1.5), expected); // d grows to 0.46
    }

    #[test]
    fn along_one_direction_d_grows_by_its_formula() {
        // The slopes of the suite point in all directions, so d stays where it is.
        for (growth, beta3) in [(1e9, 0.5), (1.02, 0.5), (1.5, 0.9)] {
            let mut model = Param::new(Tensor::from_slice(&[1.0, -2.0, 0.5], &[3]).expect("small")).expect("floats");
            let mut prodigy = example().growth_rate(growth).beta3(beta3);
            let zeros = || vec![0.0; 3];
            let (p, a, b, c, d) = (model.to_f64s(), zeros(), zeros(), zeros(), zeros());
            let mut whole = Whole { shape: vec![3], p, a, b, c, d, t: 0.0 };
            for k in 0..100 {
                let g = [2.0, -1.0 - 0.01 * f64::from(k), 0.5];
                let slopes = Tensor::from_slice(&g, &[3]).expect("small");
                let grads = model.try_mul(&slopes).expect("of one shape").sum().backward().expect("tracked");
                prodigy.step(&mut model, &grads).expect("valid");
                whole.t += 1.0;
                by_hand(&mut whole, &g, 0.0, [growth, beta3], false);
                let pairs = model.to_f64s().into_iter().zip(&whole.p).chain([(prodigy.d(), &whole.d[3])]);
                for (got, expected) in pairs {
                    assert!(
                        expected.is_finite() && (got - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                        "step {k}: {got}, {expected}"
                    );
                }
            }
            assert!(prodigy.d() > 1.2, "d is {}", prodigy.d());
        }
    }
}
