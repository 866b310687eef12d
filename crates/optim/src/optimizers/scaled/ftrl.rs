//! Follow the regularised leader.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{DType, Result, Tensor};

const NOT_POSITIVE: Range = Range::new(|x| x <= 0.0 && x.is_finite(), "finite and at most 0");

/// FTRL-Proximal, follow the regularised leader, for sparse linear models: each parameter is where the sum of all
/// linearised losses so far and of the penalties is least. With `l1` many parameters are exactly 0.
///
/// ```text
/// n' = n + g²                                        (n from initial_accumulator_value)
/// z ← z + g + 2 λₛ p − (n'^−k − n^−k) / lr · p       (learning_rate_power k ≤ 0)
/// p ← (clamp(z, −λ₁, λ₁) − z) / (n'^−k / lr + 2 λ₂ + β / lr)
/// n ← n'
/// ```
///
/// λ₁ is `l1`, λ₂ `l2`, λₛ `l2_shrinkage`; all are at least 0 (0). `β ≥ 0` (1), `initial_accumulator_value ≥ 0` (0), k:
/// −0.5, which is `√n`. State: `accumulator` (n), `linear` (z, from 0). A weight decay acts on g and p before. With
/// `lr` 0 nothing changes, state neither. Starting values are drawn to 0: the first step
/// leaves the share (√n' − √n) / (√n' + β + 2 λ₂ lr) of them. Keep `lr` constant: without λ₂, p is in proportion to
/// it, so a rate that falls to 0 takes all parameters with it.
///
/// # Numerics
/// A sum n that overflows the dtype stays at the largest number.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Ftrl, Optimizer};
///
/// let mut x = Param::new(Tensor::from([0.0, 0.0]))?;
/// let grads = x.try_mul(&Tensor::from([3.0, 0.25]))?.sum().backward()?;
/// Ftrl::new(0.5).beta(1.0).l1(0.5).l2(0.0).l2_shrinkage(0.0).step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [-0.3125, 0.0]);                 // (0.5 − 3) / ((3 + 1) / 0.5);  |0.25| < λ₁
///
/// let keras = Ftrl::keras(0.5).learning_rate_power(-0.5).initial_accumulator_value(0.25);
/// assert_eq!(keras.get("beta")?, 0.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// McMahan et al., Ad Click Prediction: a View from the Trenches, 2013, algorithm 1.
///
/// # Differs from
/// * The paper: its λ₂ is 2 λ₂ here, as in Keras; its `lr` is called α.
/// * Keras: [`Ftrl::keras`] has n from 0.1, β 0, and decoupled weight decay. The arguments are called
///   `l1_regularization_strength` and so on.
#[derive(Clone)]
pub struct Ftrl(Driver<FtrlRule>);
optimizer!(Ftrl, FtrlRule);

#[derive(Clone, Debug)]
struct FtrlRule {
    learning_rate_power: f64,
    initial_accumulator_value: f64,
    l1: f64,
    l2: f64,
    l2_shrinkage: f64,
    beta: f64,
}

impl Ftrl {
    /// An optimizer without penalties.
    pub fn new(lr: f64) -> Ftrl {
        let (learning_rate_power, initial_accumulator_value, beta) = (-0.5, 0.0, 1.0);
        let (l1, l2, l2_shrinkage) = (0.0, 0.0, 0.0);
        let rule = FtrlRule { learning_rate_power, initial_accumulator_value, l1, l2, l2_shrinkage, beta };
        Ftrl(Driver::new(rule, lr))
    }

    /// Keras' form: n starts at 0.1, β is 0, weight decay is decoupled.
    pub fn keras(lr: f64) -> Ftrl {
        Ftrl::new(lr).initial_accumulator_value(0.1).beta(0.0).decoupled_weight_decay(true)
    }

    /// k ≤ 0: the power with which learning rates fall, as `n^k`. Default −0.5; with 0 they do not.
    pub fn learning_rate_power(self, power: f64) -> Ftrl {
        self.with(|rule| rule.learning_rate_power = power)
    }

    /// The n ≥ 0 before the first step. Default 0.
    pub fn initial_accumulator_value(self, value: f64) -> Ftrl {
        self.with(|rule| rule.initial_accumulator_value = value)
    }

    /// λ₁ ≥ 0: the penalty `λ₁ Σ |p|`. Default 0.
    pub fn l1(self, l1: f64) -> Ftrl {
        self.with(|rule| rule.l1 = l1)
    }

    /// λ₂ ≥ 0: the penalty `λ₂ Σ p²`. Default 0.
    pub fn l2(self, l2: f64) -> Ftrl {
        self.with(|rule| rule.l2 = l2)
    }

    /// λₛ ≥ 0: the penalty `λₛ Σ p²` at the parameters of each step, as a part of its loss. Default 0.
    pub fn l2_shrinkage(self, l2_shrinkage: f64) -> Ftrl {
        self.with(|rule| rule.l2_shrinkage = l2_shrinkage)
    }

    /// β ≥ 0, which makes the first steps smaller. Default 1.
    pub fn beta(self, beta: f64) -> Ftrl {
        self.with(|rule| rule.beta = beta)
    }
}

impl Rule for FtrlRule {
    const NAME: &'static str = "FTRL";
    const STATE: &'static [&'static str] = &["accumulator", "linear"];

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(parameter.full_like([self.initial_accumulator_value, 0.0][slot]))
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("learning_rate_power", &mut self.learning_rate_power, NOT_POSITIVE);
        see("initial_accumulator_value", &mut self.initial_accumulator_value, Range::AT_LEAST_0);
        see("l1", &mut self.l1, Range::AT_LEAST_0);
        see("l2", &mut self.l2, Range::AT_LEAST_0);
        see("l2_shrinkage", &mut self.l2_shrinkage, Range::AT_LEAST_0);
        see("beta", &mut self.beta, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let largest = if turn.parameter.dtype() == DType::F32 { f32::MAX.into() } else { f64::MAX };
        // The formula divides by it. Below this the quotients may be infinite, and no step is large enough to be seen.
        if turn.lr * largest <= 1e8 * (1.0 + self.beta) {
            return Ok(());
        }
        let formula = Formula {
            lr: turn.lr,
            power: -self.learning_rate_power,
            l1: self.l1,
            l2: 2.0 * self.l2 + self.beta / turn.lr,
            shrinkage: 2.0 * self.l2_shrinkage,
            largest,
        };
        if formula.power == 0.5 { turn.update(Rooted(formula)) } else { turn.update(formula) }
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    power: f64,
    l1: f64,
    l2: f64,
    shrinkage: f64,
    largest: f64,
}

impl Formula {
    #[inline(always)]
    fn with_power<T: Real>(self, p: T, g: T, [n, z]: [T; 2], power: impl Fn(T) -> T) -> (T, [T; 2]) {
        let (before, n) = (power(n), (n + g * g).smaller(T::of(self.largest)));
        let after = power(n);
        let z = z + (g + T::of(self.shrinkage) * p - (after - before) / T::of(self.lr) * p);
        let near = z.larger(T::of(-self.l1)).smaller(T::of(self.l1));
        let curvature = after / T::of(self.lr) + T::of(self.l2);
        // Without any curvature there was no gradient, and no place is better than this one.
        (T::select(curvature.eq(T::ZERO), p, (near - z) / curvature), [n, z])
    }
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, state: [T; 2]) -> (T, [T; 2]) {
        self.with_power(p, g, state, |n| n.powc(self.power))
    }
}

/// The formula with the power ½: beside a root, a power that is chosen in the loop costs ten times as much.
#[derive(Clone, Copy)]
struct Rooted(Formula);

impl ElementRule<2> for Rooted {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, state: [T; 2]) -> (T, [T; 2]) {
        self.0.with_power(p, g, state, T::sqrt)
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, start: f64, k: f64, [l1, l2, shrinkage, beta]: [f64; 4]) {
    let n = if s.t == 1.0 { start } else { s.a };
    s.a = n + g * g;
    let (before, after) = (n.powf(-k), s.a.powf(-k));
    s.b += g + 2.0 * shrinkage * s.p - (after - before) / 0.1 * s.p;
    let curvature = after / 0.1 + 2.0 * (l2 + beta / 0.2);
    s.p = if s.b.abs() <= l1 { 0.0 } else { (l1 * s.b.signum() - s.b) / curvature };
}

#[cfg(test)]
cases![
    plain(|| Ftrl::new(0.1), |s, g| by_hand(s, g, 0.0, -0.5, [0.0, 0.0, 0.0, 1.0])).keeps(&["accumulator", "linear"]),
    plain(
        || Ftrl::new(0.1).l1(0.5).l2(0.25).l2_shrinkage(0.1).beta(0.5).initial_accumulator_value(0.5),
        |s, g| by_hand(s, g, 0.5, -0.5, [0.5, 0.25, 0.1, 0.5])
    )
    .keeps(&["accumulator", "linear"]),
    plain(
        || Ftrl::keras(0.1).learning_rate_power(-0.75).weight_decay(0.5),
        |s, g| {
            s.p -= 0.1 * 0.5 * s.p;
            by_hand(s, g, 0.1, -0.75, [0.0; 4]);
        }
    )
    .keeps(&["accumulator", "linear"]),
    plain(|| Ftrl::new(0.1).learning_rate_power(0.0), |s, g| by_hand(s, g, 0.0, 0.0, [0.0, 0.0, 0.0, 1.0]))
        .keeps(&["accumulator", "linear"]),
    plain(
        || Ftrl::keras(0.1).initial_accumulator_value(0.0),
        |s, g| {
            if s.a != 0.0 || g != 0.0 {
                by_hand(s, g, 0.0, -0.5, [0.0; 4]);
            }
        }
    )
    .keeps(&["accumulator", "linear"]),
    refused(
        Ftrl::new(0.1).learning_rate_power(0.5),
        "FTRL: learning_rate_power is 0.5, it must be finite and at most 0"
    ),
    refused(Ftrl::new(0.1).l1(-1.0), "FTRL: l1 is -1.0, it must be finite and at least 0"),
    refused(Ftrl::new(0.1).beta(f64::NAN), "FTRL: beta is NaN, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::{Ftrl, Optimizer};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    fn after(mut ftrl: Ftrl, gradients: &[f64]) -> f64 {
        let mut x = Param::new(Tensor::from(0.5)).expect("a float");
        for g in gradients {
            let grads = x.mul_scalar(*g).backward().expect("tracked");
            ftrl.step(&mut x, &grads).expect("valid");
        }
        x.to_f64s()[0]
    }

    #[test]
    fn a_rate_of_zero_changes_nothing() {
        assert_eq!(after(Ftrl::new(0.0), &[1.0, -2.0]), 0.5);
    }

    #[test]
    fn squares_that_overflow_leave_a_number() {
        // p = −lr g / (√n + β) with n at the largest F32.
        let expected = -0.1 * 1e30 / f64::from(f32::MAX).sqrt();
        assert!((after(Ftrl::new(0.1), &[1e30]) / expected - 1.0).abs() < 1e-5);
    }
}
