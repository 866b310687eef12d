//! Optimistic gradient descent.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Optimistic gradient descent, for games: each step takes back a part of the last one, which damps the circling around
/// a saddle point.
///
/// ```text
/// g ← g + λ p                                    (weight_decay λ)
/// p ← p − lr · ((α + β) g − β q)                 q: the gradient of the step before; at the first step g
/// ```
///
/// `lr ≥ 0`, α and β any numbers (1 and 1), `λ ≥ 0` (0). State: `prev` (q).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{OptimisticGradientDescent, Optimizer};
///
/// // min over x, max over y of x y: descent spirals outwards, this inwards.
/// let mut game = vec![Param::new(Tensor::from(1.0))?, Param::new(Tensor::from(1.0))?];
/// let optimizer = OptimisticGradientDescent::new(0.1).alpha(1.0).beta(1.0);
/// let mut optimizer = optimizer.group("1", |group| group.maximize(true));
/// for _ in 0..1000 {
///     let grads = game[0].try_mul(&game[1])?.backward()?;
///     optimizer.step(&mut game, &grads)?;
/// }
/// assert!(game[0].item::<f32>()?.abs() < 0.01 && game[1].item::<f32>()?.abs() < 0.01);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Daskalakis, Ilyas, Syrgkanis, Zeng, Training GANs with Optimism, 2018. Mokhtari, Ozdaglar, Pattathil, A Unified
/// Analysis of Extra-gradient and Optimistic Gradient Methods for Saddle Point Problems, 2020 (α and β).
///
/// # Differs from
/// * optax: nothing.
#[derive(Clone)]
pub struct OptimisticGradientDescent(Driver<OptimisticRule>);
optimizer!(OptimisticGradientDescent, OptimisticRule);

#[derive(Clone, Debug)]
struct OptimisticRule {
    alpha: f64,
    beta: f64,
}

impl OptimisticGradientDescent {
    /// An optimizer with α = β = 1.
    pub fn new(lr: f64) -> OptimisticGradientDescent {
        OptimisticGradientDescent(Driver::new(OptimisticRule { alpha: 1.0, beta: 1.0 }, lr))
    }

    /// α, any number: the weight of the gradient. Default 1.
    pub fn alpha(self, alpha: f64) -> OptimisticGradientDescent {
        self.with(|rule| rule.alpha = alpha)
    }

    /// β, any number: the weight of the change of the gradient. Default 1; with 0 this is descent.
    pub fn beta(self, beta: f64) -> OptimisticGradientDescent {
        self.with(|rule| rule.beta = beta)
    }
}

impl Rule for OptimisticRule {
    const NAME: &'static str = "OptimisticGradientDescent";
    const STATE: &'static [&'static str] = &["prev"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("alpha", &mut self.alpha, Range::FINITE);
        see("beta", &mut self.beta, Range::FINITE);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let OptimisticRule { alpha, beta } = *self;
        // Where it begins, the gradient before is 0 and stands for this one.
        let formula = if turn.begins {
            Formula { now: turn.lr * alpha, before: 0.0 }
        } else {
            Formula { now: turn.lr * (alpha + beta), before: turn.lr * beta }
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    now: f64,
    before: f64,
}

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [q]: [T; 1]) -> (T, [T; 1]) {
        (p - (T::of(self.now) * g - T::of(self.before) * q), [g])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, alpha: f64, beta: f64) {
    let before = if s.t == 1.0 { g } else { s.a };
    s.p -= 0.1 * (alpha * g + beta * (g - before));
    s.a = g;
}

#[cfg(test)]
cases![
    plain(|| OptimisticGradientDescent::new(0.1), |s, g| by_hand(s, g, 1.0, 1.0)).keeps(&["prev"]),
    plain(|| OptimisticGradientDescent::new(0.1).alpha(0.5).beta(-0.25), |s, g| by_hand(s, g, 0.5, -0.25))
        .keeps(&["prev"]),
    plain(|| OptimisticGradientDescent::new(0.1).weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, 1.0, 1.0))
        .keeps(&["prev"]),
    refused(
        OptimisticGradientDescent::new(0.1).beta(f64::INFINITY),
        "OptimisticGradientDescent: beta is inf, it must be finite"
    ),
];
