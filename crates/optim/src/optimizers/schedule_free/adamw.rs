//! Schedule-free AdamW.

use super::average::{INSIDE, NUMBERS, Step, Weights, average};
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

/// [`AdamW`](crate::AdamW) that needs no schedule: an average x of the weights z takes the place of both the schedule
/// and the first moment.
///
/// ```text
/// y ← (1 − β₁) z + β₁ x                         the parameters while training: the gradient g is that at y
/// v ← β₂ v + (1 − β₂) g²
/// γ ← lr · min(t / warmup_steps, 1)
/// z ← z − γ (g / (√(v / (1 − β₂ᵗ)) + ε) + λ y)
/// c ← wₜ / Σ w,  wₜ = tʳ · max(γ₁, .., γₜ)ᵖ      (p: weight_lr_power)
/// x ← (1 − c) x + c z                           the weights to evaluate at
/// ```
///
/// `lr ≥ 0`, `0 < β₁ < 1` (0.9), `0 ≤ β₂ < 1` (0.999), `ε ≥ 0` (1e-8), `λ ≥ 0` (`weight_decay`, 0), `warmup_steps` (0),
/// `r ≥ 0` (0), `p ≥ 0` (2). A proximal step and cautious decay are refused. State: `z` and `exp_avg_sq` (v), and the
/// numbers `weight_sum` and `lr_max`; x is found again from y and z. A model is evaluated after
/// [`Optimizer::eval`](crate::Optimizer::eval), which puts x into it; a `Trainer` does so by itself.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, ScheduleFreeAdamW};
///
/// let mut y = Param::new(Tensor::from(8.0))?;
/// let mut adamw = ScheduleFreeAdamW::new(0.5).betas(0.5, 0.999).eps(0.0);
/// for (at, average) in [(7.5, 7.5), (7.125, 7.25)] {          // z: 7.5, 7
///     let grads = y.sum().backward()?;
///     adamw.step(&mut y, &grads)?;
///     assert!((y.item::<f32>()? - at).abs() < 1e-5);
///     adamw.eval(&mut y)?;
///     assert!((y.item::<f32>()? - average).abs() < 1e-5);
///     adamw.train(&mut y)?;
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky, The Road Less Scheduled, 2024, algorithm 1.
///
/// # Differs from
/// * The authors' `AdamWScheduleFree`: nothing.
/// * The paper: v is corrected, as in the authors' program, where the algorithm corrects γ.
/// * Keras: [`ScheduleFreeAdamW::keras`]. PyTorch does not have it.
/// * optax (`contrib.schedule_free_adamw`): [`ScheduleFreeAdamW::optax`]; there is no r.
#[derive(Clone)]
pub struct ScheduleFreeAdamW(Driver<AdamWRule>);
optimizer!(ScheduleFreeAdamW, AdamWRule);

#[derive(Clone, Debug)]
struct AdamWRule {
    betas: [f64; 2],
    eps: f64,
    weights: Weights,
    /// Whether decoupled decay shrinks y before the step, and not z by λ y.
    decay_before: bool,
}

impl ScheduleFreeAdamW {
    /// An optimizer with the default hyperparameters; the authors' `lr` is 0.0025.
    pub fn new(lr: f64) -> ScheduleFreeAdamW {
        let rule = AdamWRule { betas: [0.9, 0.999], eps: 1e-8, weights: Weights::DEFAULT, decay_before: false };
        ScheduleFreeAdamW(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// The form of Keras: all steps weigh the same (`weight_lr_power` 0), and weight decay is `y ← (1 − lr·λ) y` before
    /// the step, which leaves z as it is. Where y rests, z then goes on, and x goes from both without an end: for long
    /// runs with a weight decay this is no form to take.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, ScheduleFreeAdamW};
    /// assert_eq!(ScheduleFreeAdamW::keras(0.0025).get("weight_lr_power")?, 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> ScheduleFreeAdamW {
        ScheduleFreeAdamW::new(lr).weight_lr_power(0.0).with(|rule| rule.decay_before = true)
    }

    /// optax' form: in a warm-up z moves by the rate of the step before, in the first step by 0; weights are as ever.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, ScheduleFreeAdamW};
    /// let mut y = Param::new(Tensor::from(4.0))?;
    /// let mut optimizer = ScheduleFreeAdamW::optax(1.0).eps(0.0).warmup_steps(4);
    /// for expected in [4.0, 3.795] {                              // z: 4, then 3.75, of which x takes 4 / 5
    ///     let grads = y.sum().backward()?;
    ///     optimizer.step(&mut y, &grads)?;
    ///     assert!((y.item::<f32>()? - expected).abs() < 1e-4);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> ScheduleFreeAdamW {
        ScheduleFreeAdamW::new(lr).with(|rule| rule.weights.late = true)
    }

    /// β₁, `0 < β₁ < 1`: how much of the average is in the point of the gradient; and β₂, `0 ≤ β₂ < 1`: how much of the
    /// past the average of g² keeps. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> ScheduleFreeAdamW {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> ScheduleFreeAdamW {
        self.with(|rule| rule.eps = eps)
    }

    /// The number of steps in which the learning rate grows to its full size. Default 0: it has that from the first on.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, ScheduleFreeAdamW};
    /// let mut y = Param::new(Tensor::from(4.0))?;
    /// let mut optimizer = ScheduleFreeAdamW::new(1.0).eps(0.0).warmup_steps(4);
    /// let grads = y.sum().backward()?;
    /// optimizer.step(&mut y, &grads)?;
    /// assert_eq!(y.item::<f32>()?, 3.75);                         // a quarter of lr
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn warmup_steps(self, warmup_steps: u64) -> ScheduleFreeAdamW {
        self.with(|rule| rule.weights.warmup_steps = warmup_steps)
    }

    /// r ≥ 0: the power of the step's number in its weight. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, ScheduleFreeAdamW};
    /// assert_eq!(ScheduleFreeAdamW::new(0.5).r(1.0).get("r")?, 1.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn r(self, r: f64) -> ScheduleFreeAdamW {
        self.with(|rule| rule.weights.r = r)
    }

    /// p ≥ 0: the power of the largest learning rate so far in a step's weight, so steps of the warm-up weigh less.
    /// Default 2.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, ScheduleFreeAdamW};
    /// assert_eq!(ScheduleFreeAdamW::new(0.5).weight_lr_power(0.0).get("weight_lr_power")?, 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn weight_lr_power(self, power: f64) -> ScheduleFreeAdamW {
        self.with(|rule| rule.weights.weight_lr_power = power)
    }
}

impl Rule for AdamWRule {
    const NAME: &'static str = "ScheduleFreeAdamW";
    const STATE: &'static [&'static str] = &["z", "exp_avg_sq"];
    const NUMBERS: &'static [&'static str] = NUMBERS;
    const EVALUATES: bool = true;
    // z would stay behind, and x go the other way.
    const FOLLOWED: bool = false;

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(if slot == 0 { parameter.detach() } else { parameter.zeros_like() })
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], INSIDE);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        self.weights.hyperparameters(see);
    }

    fn evaluated(&self, parameter: &Tensor, state: &[Option<Tensor>]) -> Result<Tensor> {
        average(parameter, state, self.betas[0])
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let (lr, c) = self.weights.next(&mut turn);
        let [beta1, beta2] = self.betas;
        let inside = turn.decay == Decay::Decoupled && !self.decay_before;
        let formula = Formula {
            step: Step::new(lr, c, beta1),
            beta2,
            gain2: 1.0 - beta2,
            correction: 1.0 / (1.0 - beta2.powf(turn.t as f64)).sqrt(),
            eps: self.eps,
            decay: if inside { std::mem::take(&mut turn.weight_decay) } else { 0.0 },
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    step: Step,
    beta2: f64,
    gain2: f64,
    correction: f64,
    eps: f64,
    decay: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, y: T, g: T, [z, v]: [T; 2]) -> (T, [T; 2]) {
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        let u = g / (v.sqrt() * T::of(self.correction) + T::of(self.eps));
        // Not 0 · y: that would be NaN where a parameter is infinite.
        let u = if self.decay == 0.0 { u } else { u + T::of(self.decay) * y };
        let (y, z) = self.step.step(y, z, u);
        (y, [z, v])
    }
}

#[cfg(test)]
use super::average::{by_hand, start};

/// The direction in plain words.
#[cfg(test)]
fn direction(s: &mut crate::cases::Scalar, g: f64) -> f64 {
    s.b = 0.99 * s.b + 0.01 * g * g;
    g / ((s.b / (1.0 - 0.99f64.powf(s.t))).sqrt() + 1e-3)
}

#[cfg(test)]
cases![
    plain(
        || ScheduleFreeAdamW::new(0.05).betas(0.8, 0.99).eps(1e-3).weight_decay(0.3),
        |s, g| {
            start(s);
            let u = direction(s, g) + 0.3 * s.p;
            by_hand(s, u, 0.05, 1.0 / s.t, 0.8);
        }
    )
    .keeps(&["weight_sum", "lr_max", "z", "exp_avg_sq"])
    .evaluates(|s| s.c),
    plain(
        || ScheduleFreeAdamW::new(0.05).betas(0.8, 0.99).eps(1e-3).warmup_steps(3),
        |s, g| {
            start(s);
            let lr = |t: f64| 0.05 * (t / 3.0).min(1.0);
            let sum: f64 = (1..=s.t as u32).map(|t| lr(t.into()).powi(2)).sum();
            let u = direction(s, g);
            by_hand(s, u, lr(s.t), lr(s.t).powi(2) / sum, 0.8);
        }
    )
    .keeps(&["weight_sum", "lr_max", "z", "exp_avg_sq"])
    .evaluates(|s| s.c),
    plain(
        || ScheduleFreeAdamW::keras(0.05).betas(0.8, 0.99).eps(1e-3).warmup_steps(3).weight_decay(0.3),
        |s, g| {
            start(s);
            s.p *= 1.0 - 0.05 * 0.3;
            // Keras finds x again from y and z.
            s.c = (s.p - 0.2 * s.a) / 0.8;
            let u = direction(s, g);
            by_hand(s, u, 0.05 * (s.t / 3.0).min(1.0), 1.0 / s.t, 0.8);
        }
    )
    .keeps(&["weight_sum", "lr_max", "z", "exp_avg_sq"])
    .evaluates(|s| s.c),
    refused(ScheduleFreeAdamW::new(0.1).betas(1.0, 0.9), "ScheduleFreeAdamW: betas[0] is 1.0, it must be in (0, 1)"),
    refused(ScheduleFreeAdamW::new(0.1).betas(0.9, 1.0), "ScheduleFreeAdamW: betas[1] is 1.0, it must be in [0, 1)"),
    refused(ScheduleFreeAdamW::new(0.1).eps(-1.0), "ScheduleFreeAdamW: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::ScheduleFreeAdamW;
    use crate::cases::golden;

    /// optax computes rates of a warm-up in `F32`; these are with rates in float64.
    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.8053376422970365, -0.18645352744026733, 0.45895471082142936, -0.6829945582125028];
        golden(ScheduleFreeAdamW::new(0.1).betas(0.5, 0.75).eps(0.1).weight_decay(0.5), expected);
        let warmed = [-0.9310605023726288, -0.17878741418855676, 0.4578962282450619, -0.6510795576857702];
        let optax = ScheduleFreeAdamW::optax(0.1).betas(0.5, 0.75).eps(0.1).weight_decay(0.5);
        golden(optax.warmup_steps(3), warmed);
    }
}
