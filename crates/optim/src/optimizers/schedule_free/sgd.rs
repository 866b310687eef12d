//! Schedule-free SGD.

use super::average::{INSIDE, NUMBERS, Step, Weights, average};
use crate::driver::Driver;
use crate::named::optimizer;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

/// Stochastic gradient descent that needs no schedule: gradients are taken between the weights z of a plain descent and
/// their average x, which is what it finds.
///
/// ```text
/// y ← (1 − β) z + β x                          the parameters while training: the gradient g is that at y
/// γ ← lr · min(t / warmup_steps, 1)
/// z ← z − γ (g + λ y)
/// c ← wₜ / Σ w,  wₜ = tʳ · max(γ₁, .., γₜ)ᵖ     (p: weight_lr_power)
/// x ← (1 − c) x + c z                          the weights to evaluate at
/// ```
///
/// `lr ≥ 0`, `0 < β < 1` (`momentum`, 0.9), `λ ≥ 0` (`weight_decay`, 0), `warmup_steps` (0), `r ≥ 0` (0), `p ≥ 0` (2).
/// Weight decay is within the step of z, decoupled or not; a proximal step and cautious decay are refused. State: `z`,
/// and the numbers `weight_sum` and `lr_max`; x is found again from y and z. A model is evaluated after
/// [`Optimizer::eval`](crate::Optimizer::eval), which puts x into it; a `Trainer` does so by itself.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, ScheduleFreeSgd};
///
/// let mut y = Param::new(Tensor::from(4.0))?;
/// let mut sgd = ScheduleFreeSgd::new(0.5).momentum(0.5);
/// for (at, average) in [(2.0, 2.0), (1.25, 1.5)] {            // z: 2, 1
///     let grads = y.square().mul_scalar(0.5).backward()?;     // y
///     sgd.step(&mut y, &grads)?;
///     assert_eq!(y.item::<f32>()?, at);
///     sgd.eval(&mut y)?;
///     assert_eq!(y.item::<f32>()?, average);
///     sgd.train(&mut y)?;
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky, The Road Less Scheduled, 2024, equations 3 to 5 and section 4.4.
///
/// # Differs from
/// * The authors' `SGDScheduleFree`: nothing but the default of `lr`, which is 1 there.
/// * optax (`contrib.schedule_free_sgd`): [`ScheduleFreeSgd::optax`]; there is no r. PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct ScheduleFreeSgd(Driver<SgdRule>);
optimizer!(ScheduleFreeSgd, SgdRule);

#[derive(Clone, Debug)]
struct SgdRule {
    momentum: f64,
    weights: Weights,
}

impl ScheduleFreeSgd {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> ScheduleFreeSgd {
        ScheduleFreeSgd(Driver::new(SgdRule { momentum: 0.9, weights: Weights::DEFAULT }, lr))
    }

    /// optax' form: in a warm-up z moves by the rate of the step before, in the first step by 0; weights are as ever.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, ScheduleFreeSgd};
    /// let mut y = Param::new(Tensor::from(4.0))?;
    /// let mut optimizer = ScheduleFreeSgd::optax(1.0).warmup_steps(4);
    /// for expected in [4.0, 3.795] {                              // z: 4, then 3.75, of which x takes 4 / 5
    ///     let grads = y.sum().backward()?;
    ///     optimizer.step(&mut y, &grads)?;
    ///     assert!((y.item::<f32>()? - expected).abs() < 1e-4);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> ScheduleFreeSgd {
        ScheduleFreeSgd::new(lr).with(|rule| rule.weights.late = true)
    }

    /// β, `0 < β < 1`: how much of the average is in the point of the gradient. Default 0.9.
    pub fn momentum(self, momentum: f64) -> ScheduleFreeSgd {
        self.with(|rule| rule.momentum = momentum)
    }

    /// The number of steps in which the learning rate grows to its full size. Default 0: it has that from the first on.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, ScheduleFreeSgd};
    /// let mut y = Param::new(Tensor::from(4.0))?;
    /// let mut optimizer = ScheduleFreeSgd::new(1.0).warmup_steps(4);
    /// let grads = y.sum().backward()?;
    /// optimizer.step(&mut y, &grads)?;
    /// assert_eq!(y.item::<f32>()?, 3.75);                         // a quarter of lr
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn warmup_steps(self, warmup_steps: u64) -> ScheduleFreeSgd {
        self.with(|rule| rule.weights.warmup_steps = warmup_steps)
    }

    /// r ≥ 0: the power of the step's number in its weight. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, ScheduleFreeSgd};
    /// assert_eq!(ScheduleFreeSgd::new(0.5).r(1.0).get("r")?, 1.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn r(self, r: f64) -> ScheduleFreeSgd {
        self.with(|rule| rule.weights.r = r)
    }

    /// p ≥ 0: the power of the largest learning rate so far in a step's weight, so steps of the warm-up weigh less.
    /// Default 2.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, ScheduleFreeSgd};
    /// assert_eq!(ScheduleFreeSgd::new(0.5).weight_lr_power(0.0).get("weight_lr_power")?, 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn weight_lr_power(self, power: f64) -> ScheduleFreeSgd {
        self.with(|rule| rule.weights.weight_lr_power = power)
    }
}

impl Rule for SgdRule {
    const NAME: &'static str = "ScheduleFreeSgd";
    const STATE: &'static [&'static str] = &["z"];
    const NUMBERS: &'static [&'static str] = NUMBERS;
    const EVALUATES: bool = true;
    // z would stay behind, and x go the other way.
    const FOLLOWED: bool = false;

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(parameter.detach())
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, INSIDE);
        self.weights.hyperparameters(see);
    }

    fn evaluated(&self, parameter: &Tensor, state: &[Option<Tensor>]) -> Result<Tensor> {
        average(parameter, state, self.momentum)
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        // Within the step of z, however it was asked for: of y alone, z would stay behind.
        turn.decay = Decay::Coupled;
        let (lr, c) = self.weights.next(&mut turn);
        turn.update(Formula(Step::new(lr, c, self.momentum)))
    }
}

#[derive(Clone, Copy)]
struct Formula(Step);

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, y: T, g: T, [z]: [T; 1]) -> (T, [T; 1]) {
        let (y, z) = self.0.step(y, z, g);
        (y, [z])
    }
}

#[cfg(test)]
use super::average::{by_hand, start};

#[cfg(test)]
cases![
    plain(
        || ScheduleFreeSgd::new(0.1),
        |s, g| {
            start(s);
            by_hand(s, g, 0.1, 1.0 / s.t, 0.9);
        }
    )
    .keeps(&["weight_sum", "lr_max", "z"])
    .evaluates(|s| s.c),
    plain(
        || ScheduleFreeSgd::new(0.1).decoupled_weight_decay(true).weight_decay(0.5),
        |s, g| {
            start(s);
            let u = g + 0.5 * s.p;
            by_hand(s, u, 0.1, 1.0 / s.t, 0.9);
        }
    )
    .keeps(&["weight_sum", "lr_max", "z"])
    .evaluates(|s| s.c),
    plain(
        || ScheduleFreeSgd::new(0.1).momentum(0.5).warmup_steps(4).r(1.0).weight_lr_power(1.0).weight_decay(0.5),
        |s, g| {
            start(s);
            let lr = |t: f64| 0.1 * (t / 4.0).min(1.0);
            let weight = |t: f64| t * lr(t);
            let sum: f64 = (1..=s.t as u32).map(|t| weight(t.into())).sum();
            let u = g + 0.5 * s.p;
            by_hand(s, u, lr(s.t), weight(s.t) / sum, 0.5);
        }
    )
    .keeps(&["weight_sum", "lr_max", "z"])
    .evaluates(|s| s.c),
    refused(ScheduleFreeSgd::new(0.1).momentum(0.0), "ScheduleFreeSgd: momentum is 0.0, it must be in (0, 1)"),
    refused(ScheduleFreeSgd::new(0.1).r(-1.0), "ScheduleFreeSgd: r is -1.0, it must be finite and at least 0"),
    refused(
        ScheduleFreeSgd::new(0.1).weight_lr_power(f64::NAN),
        "ScheduleFreeSgd: weight_lr_power is NaN, it must be finite and at least 0"
    ),
];

#[cfg(test)]
mod tests {
    use crate::ScheduleFreeSgd;
    use crate::cases::golden;

    /// optax computes rates of a warm-up in `F32`; these are with rates in float64.
    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.7935767458902995, -0.15999314284261068, 0.4446509887288411, -0.7161920359903973];
        golden(ScheduleFreeSgd::new(0.1).momentum(0.5).weight_decay(0.5), expected);
        let warmed = [-0.9643191165406949, -0.16312975924707906, 0.4680473561782684, -0.6834227084966057];
        golden(ScheduleFreeSgd::optax(0.1).momentum(0.8).weight_decay(0.5).warmup_steps(3), warmed);
    }
}
