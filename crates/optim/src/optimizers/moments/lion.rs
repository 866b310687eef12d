//! Lion.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Lion, evolved sign momentum: every element moves by the learning rate, in the direction of an average of the
/// gradient.
///
/// ```text
/// p ← (1 − lr·λ) p                       (weight_decay λ; coupled: g ← g + λ p instead)
/// p ← p − lr · sign(β₁ m + (1 − β₁) g)
/// m ← β₂ m + (1 − β₂) g
/// ```
///
/// `lr ≥ 0`, a tenth of Adam's is usual, `0 ≤ β < 1` (0.9 and 0.99), `λ ≥ 0` (0, decoupled). sign(0) is 0. State:
/// `exp_avg` (m).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Lion, Optimizer};
///
/// let mut x = Param::new(Tensor::from([1.0, -1000.0, 0.0]))?;
/// let grads = x.square().sum().backward()?;
/// Lion::new(0.5).betas(0.8, 0.9).step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [0.5, -999.5, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu, Le, Symbolic Discovery of Optimization
/// Algorithms, 2023, algorithm 2.
///
/// # Differs from
/// * Keras: nothing, but its `lr` is 1e-3 by default.
/// * optax: λ is 1e-3 by default: [`Lion::optax`]. PyTorch does not have it.
#[derive(Clone)]
pub struct Lion(Driver<LionRule>);
optimizer!(Lion, LionRule);

#[derive(Clone, Debug)]
struct LionRule {
    betas: [f64; 2],
}

impl Lion {
    /// An optimizer with the default hyperparameters, which are Keras' as well.
    pub fn new(lr: f64) -> Lion {
        Lion(Driver::new(LionRule { betas: [0.9, 0.99] }, lr).decoupled_weight_decay(true))
    }

    /// optax's defaults: λ is 1e-3.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Lion, Optimizer};
    /// assert_eq!(Lion::optax(0.1).get("weight_decay")?, 1e-3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Lion {
        Lion::new(lr).weight_decay(1e-3)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the direction and the average keep. Default 0.9 and 0.99.
    pub fn betas(self, beta1: f64, beta2: f64) -> Lion {
        self.with(|rule| rule.betas = [beta1, beta2])
    }
}

impl Rule for LionRule {
    const NAME: &'static str = "Lion";
    const STATE: &'static [&'static str] = &["exp_avg"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let formula = Formula { lr: turn.lr, betas: self.betas, gains: self.betas.map(|beta| 1.0 - beta) };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    betas: [f64; 2],
    gains: [f64; 2],
}

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m]: [T; 1]) -> (T, [T; 1]) {
        let [direction, average] = [0, 1].map(|k| T::of(self.betas[k]) * m + T::of(self.gains[k]) * g);
        (p - T::of(self.lr) * direction.sign(), [average])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64) {
    let direction = 0.75 * s.a + 0.25 * g;
    s.p -= if direction == 0.0 { 0.0 } else { 0.05 * direction.signum() };
    s.a = 0.5 * s.a + 0.5 * g;
}

#[cfg(test)]
cases![
    plain(|| Lion::new(0.05).betas(0.75, 0.5), by_hand).keeps(&["exp_avg"]),
    plain(
        || Lion::optax(0.05).betas(0.75, 0.5),
        |s, g| {
            s.p *= 1.0 - 0.05 * 1e-3;
            by_hand(s, g);
        }
    )
    .keeps(&["exp_avg"]),
    plain(
        || Lion::new(0.05).betas(0.75, 0.5).weight_decay(0.5).decoupled_weight_decay(false),
        |s, g| by_hand(s, g + 0.5 * s.p)
    )
    .keeps(&["exp_avg"]),
    refused(Lion::new(0.1).betas(1.0, 0.9), "Lion: betas[0] is 1.0, it must be in [0, 1)"),
    refused(Lion::new(0.1).betas(0.9, f64::NAN), "Lion: betas[1] is NaN, it must be in [0, 1)"),
];
