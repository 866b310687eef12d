//! MoMo.

#[cfg(test)]
pub(super) mod tests;

use super::penalty;
use crate::blend::{blend, blend_square};
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::dot;
use crate::range::Range;
use crate::rule::{Parameters, Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::Result;
use autograd_core::update::{ElementRule, FoldRule, Real};

/// MoMo, model-based momentum: SGD with momentum whose steps are as long as it takes to come down to the least value of
/// the loss, by a model of the loss from its last values and gradients.
///
/// ```text
/// f̄ ← β f̄ + (1 − β) f                    (beta β; in the first step 0 in place of β)
/// m ← β m + (1 − β) g
/// γ ← β γ + (1 − β) ⟨g, p⟩
/// h = (1 + lr·λ) (f̄ − f* − γ) + ⟨m, p⟩
/// τ = min(lr, max(h, 0) / ‖m‖²)
/// p ← p / (1 + lr·λ) − τ m               (weight_decay λ; coupled: g ← g + λ p and f ← f + λ/2 ‖p‖² instead, with λ = 0)
///
/// adapt_lower_bound                      f* ← max(a / 2, lower_bound) before h where a < f*,
///                                                a = f̄ − γ + ⟨m, p⟩ / (1 + lr·λ)
///                                        f* ← max(f̄ − γ + ⟨m, p⟩ − τ/2 ‖m‖², lower_bound) after the step
/// ```
///
/// f is the loss, so a step is [`Optimizer::step_with`](crate::Optimizer::step_with); products and norms are over all
/// parameters that have a gradient, p is that before the step. `lr ≥ 0`, the longest step, which may be large, `0 ≤ β <
/// 1` (0.9), `f*` (`lower_bound`, 0), any lower bound of the loss, `λ ≥ 0` (0, decoupled). If m is 0, τ is. State:
/// `exp_avg` (m) and `gamma` (its part of γ) of each parameter, and the numbers `step`, `loss_avg` (f̄), `lb` (f*) and
/// `part` (τ / lr of the last step), which all parameters share. Where groups have an lr or a λ of their own, each
/// takes the same part of its lr, in the h and ‖m‖² of all.
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes.
///
/// # Errors
/// [`Optimizer::step`](crate::Optimizer::step) is refused: it does not know the loss.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Momo, Optimizer};
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let mut momo = Momo::new(5.0);
/// for expected in [3.0, 0.0] {                                // as far as lr, and as far as it is down to 0
///     momo.step_with(&mut x, |x| {
///         let loss = x.abs();
///         Ok((loss.item::<f32>()?.into(), loss.backward()?))
///     })?;
///     assert!((x.item::<f32>()? - expected).abs() < 1e-6);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Schaipp, Ohana, Eickenberg, Defazio, Gower, MoMo: Momentum Models for Adaptive Learning Rates, 2023.
///
/// # Differs from
/// * optax (`contrib.momo`): there τ is 0 wherever `‖m‖²` is at most 2.2e-16, here only where it is 0. Its
///   `learning_rate` is 1 unless it is said.
/// * PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct Momo(Driver<MomoRule<false>>);
optimizer!(Momo, MomoRule<false>);

/// The rule of MoMo and, if `ADAM`, of MoMo-Adam, whose averages are those of Adam.
#[derive(Clone, Debug)]
pub(super) struct MomoRule<const ADAM: bool> {
    pub(super) betas: [f64; 2],
    pub(super) eps: f64,
    pub(super) lower_bound: f64,
    pub(super) adapt_lower_bound: bool,
}

/// The places of the shared numbers.
const STEP: usize = 0;
const LOSS: usize = 1;
const LEAST: usize = 2;
const PART: usize = 3;

impl Momo {
    /// An optimizer with the default hyperparameters, and `lr` as its longest step; optax's is 1.
    pub fn new(lr: f64) -> Momo {
        let rule = MomoRule { betas: [0.9, 0.0], eps: 0.0, lower_bound: 0.0, adapt_lower_bound: false };
        Momo(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// β, `0 ≤ β < 1`: how much of the past the averages keep. Default 0.9.
    pub fn beta(self, beta: f64) -> Momo {
        self.with(|rule| rule.betas[0] = beta)
    }

    /// f*: a lower bound of the loss, the first one with [`Momo::adapt_lower_bound`]. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Momo, Optimizer};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// Momo::new(1.0).lower_bound(48.0).step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(x.item::<f32>()?, 7.0);                      // 8 − (64 − 48) / 16² · 16
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn lower_bound(self, lower_bound: f64) -> Momo {
        self.with(|rule| rule.lower_bound = lower_bound)
    }

    /// Whether f* is estimated on the way, from `lower_bound` upwards. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Momo, Optimizer};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let mut momo = Momo::new(0.25).beta(0.5).lower_bound(-100.0).adapt_lower_bound(true);
    /// momo.step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(x.item::<f32>()?, 4.0);                      // 8 − 0.25 · 16
    /// let least = momo.state_dict().get("lb").map(|least| least.to_f64s());
    /// assert_eq!(least, Some(vec![32.0]));                    // 64 − 0.25 / 2 · 16²
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adapt_lower_bound(self, adapt: bool) -> Momo {
        self.with(|rule| rule.adapt_lower_bound = adapt)
    }
}

/// Sums over all parameters, with k = 1 / (1 + lr·λ).
#[derive(Default)]
struct Sums {
    /// ⟨m, p⟩ − γ
    here: f64,
    /// k ⟨m, p⟩ − γ
    decayed: f64,
    /// lr ‖m‖²
    fall: f64,
    /// k lr ‖m‖²
    fall_decayed: f64,
}

impl<const ADAM: bool> MomoRule<ADAM> {
    /// How much of the past the averages keep in step t, and what they are divided by.
    fn average(&self, t: f64) -> [f64; 2] {
        let beta = self.betas[0];
        match ADAM {
            true => [beta, 1.0 - beta.powf(t)],
            false => [if t > 1.0 { beta } else { 0.0 }, 1.0],
        }
    }

    fn divisor(&self, t: f64) -> Divisor {
        Divisor { correction: 1.0 / (1.0 - self.betas[1].powf(t)).sqrt(), eps: self.eps }
    }

    /// Moves the averages of a parameter, and adds its part to the sums.
    fn see(&self, turn: Turn<'_>, sums: &mut Sums) -> Result<()> {
        let (g, t) = (turn.descent()?, turn.t as f64);
        let ([keep, whole], k) = (self.average(t), kept(&turn));
        let [Some(m), v] = turn.state else { unreachable!("the average of the gradient is always in use") };
        blend(m, keep, 1.0 - keep, &g)?;
        turn.numbers[0] = keep * turn.numbers[0] + (1.0 - keep) * dot(&g, turn.parameter)?;
        let squares = match v {
            Some(v) => {
                let beta = self.betas[1];
                blend_square(v, beta, 1.0 - beta, &g)?;
                m.fold(v, self.divisor(t))?
            }
            None => dot(m, m)?,
        };
        let (along, fall) = (dot(m, turn.parameter)?, turn.lr * squares / (whole * whole));
        sums.here += (along - turn.numbers[0]) / whole;
        sums.decayed += (k * along - turn.numbers[0]) / whole;
        sums.fall += fall;
        sums.fall_decayed += k * fall;
        Ok(())
    }
}

/// What a decoupled decay leaves of a parameter.
fn kept(turn: &Turn<'_>) -> f64 {
    if turn.decay == Decay::Decoupled { 1.0 / (1.0 + turn.lr * turn.weight_decay) } else { 1.0 }
}

impl<const ADAM: bool> Rule for MomoRule<ADAM> {
    const NAME: &'static str = if ADAM { "MomoAdam" } else { "Momo" };
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];
    const ALWAYS: usize = if ADAM { 2 } else { 1 };
    const NUMBERS: &'static [&'static str] = &["gamma"];
    const SHARED: &'static [&'static str] = &["step", "loss_avg", "lb", "part"];
    const NEEDS_LOSS: bool = true;

    fn uses(&self, slot: usize) -> bool {
        slot == 0 || ADAM
    }

    fn start_shared(&self, number: usize, _: f64) -> f64 {
        if number == LEAST { self.lower_bound } else { 0.0 }
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        if ADAM {
            see("betas[0]", &mut self.betas[0], Range::DECAY);
            see("betas[1]", &mut self.betas[1], Range::DECAY);
            see("eps", &mut self.eps, Range::AT_LEAST_0);
        } else {
            see("beta", &mut self.betas[0], Range::DECAY);
        }
        see("lower_bound", &mut self.lower_bound, Range::FINITE);
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let Some(mut loss) = all.loss() else { unreachable!("the driver refuses a step without it") };
        let mut sums = Sums::default();
        all.each(|rule, turn| {
            loss += penalty(&turn)?;
            rule.see(turn, &mut sums)
        })?;
        let shared = all.shared();
        shared[STEP] += 1.0;
        let [keep, whole] = self.average(shared[STEP]);
        shared[LOSS] = keep * shared[LOSS] + (1.0 - keep) * loss;
        let mean = shared[LOSS] / whole;
        let bottom = mean + sums.decayed;
        if !self.adapt_lower_bound {
            shared[LEAST] = self.lower_bound;
        } else if bottom < shared[LEAST] {
            shared[LEAST] = self.lower_bound.max(bottom / 2.0);
        }
        // A NaN stays one.
        let part = match bottom - shared[LEAST] {
            // Without any gradient there is no way to go.
            _ if sums.fall_decayed == 0.0 => 0.0,
            gap if gap < 0.0 => 0.0,
            gap if gap > sums.fall_decayed => 1.0,
            gap => gap / sums.fall_decayed,
        };
        shared[PART] = part;
        if self.adapt_lower_bound {
            shared[LEAST] = self.lower_bound.max(mean + sums.here - part / 2.0 * sums.fall);
        }
        Ok(())
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let (t, kept) = (turn.t as f64, kept(&turn));
        if turn.decay == Decay::Decoupled {
            turn.weight_decay = 0.0;
        }
        let rate = turn.shared[PART] * turn.lr / self.average(t)[1];
        turn.update(Formula::<ADAM> { kept, rate, divisor: self.divisor(t) })
    }
}

/// The numbers of `√v̂ + ε`.
#[derive(Clone, Copy)]
struct Divisor {
    correction: f64,
    eps: f64,
}

/// `m² / (√v̂ + ε)`, and 0 where m = 0: without ε an element whose gradient has always been 0 is 0 / 0.
impl FoldRule for Divisor {
    #[inline(always)]
    fn element(self, m: f64, v: f64) -> f64 {
        if m == 0.0 { 0.0 } else { m * m / (v.sqrt() * self.correction + self.eps) }
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// The step along the averages, which the gradient has moved before.
#[derive(Clone, Copy)]
struct Formula<const ADAM: bool> {
    kept: f64,
    rate: f64,
    divisor: Divisor,
}

impl<const ADAM: bool> ElementRule<2> for Formula<ADAM> {
    const ALWAYS: usize = if ADAM { 2 } else { 1 };
    const FIXED: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, p: T, _: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let Divisor { correction, eps } = self.divisor;
        let way = if ADAM && m != T::ZERO { m / (v.sqrt() * T::of(correction) + T::of(eps)) } else { m };
        (T::of(self.kept) * p - T::of(self.rate) * way, [m, v])
    }
}
