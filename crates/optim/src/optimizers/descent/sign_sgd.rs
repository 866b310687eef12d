//! Descent along the signs of the gradient.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Descent along the signs of the gradient; with momentum, along those of its average: Signum.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// m ← μ m + (1 − μ) g                    (momentum μ; without momentum m = g)
/// p ← p − lr · sign(m)                   (sign(0) = 0)
/// ```
///
/// `lr ≥ 0`, `0 ≤ μ < 1` (0), `λ ≥ 0` (0). State: `momentum_buffer` (m), only with momentum.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, SignSgd};
///
/// let mut x = Param::new(Tensor::from([3.0, -0.001, 0.0]))?;
/// let mut signum = SignSgd::new(0.5).momentum(0.9);
/// let grads = x.square().sum().backward()?;
/// signum.step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [2.5, 0.499, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Bernstein, Wang, Azizzadenesheli, Anandkumar, signSGD: Compressed Optimisation for Non-Convex Problems, 2018,
/// algorithms 1 and 2.
///
/// # Differs from
/// * optax: `sign_sgd` has no momentum.
#[derive(Clone)]
pub struct SignSgd(Driver<SignSgdRule>);
optimizer!(SignSgd, SignSgdRule);

#[derive(Clone, Debug)]
struct SignSgdRule {
    momentum: f64,
}

impl SignSgd {
    /// An optimizer without momentum.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, SignSgd};
    /// assert_eq!(SignSgd::new(0.5).get("momentum")?, 0.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn new(lr: f64) -> SignSgd {
        SignSgd(Driver::new(SignSgdRule { momentum: 0.0 }, lr))
    }

    /// μ, `0 ≤ μ < 1`: how much of the past the average of g keeps. Default 0: nothing.
    pub fn momentum(self, momentum: f64) -> SignSgd {
        self.with(|rule| rule.momentum = momentum)
    }
}

impl Rule for SignSgdRule {
    const NAME: &'static str = "SignSGD";
    const STATE: &'static [&'static str] = &["momentum_buffer"];
    const ALWAYS: usize = 0;

    fn uses(&self, _: usize) -> bool {
        self.momentum != 0.0
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("momentum", &mut self.momentum, Range::DECAY);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let formula = Formula { lr: turn.lr, keep: self.momentum, gain: 1.0 - self.momentum };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    keep: f64,
    gain: f64,
}

impl ElementRule<1> for Formula {
    const ALWAYS: usize = 0;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m]: [T; 1]) -> (T, [T; 1]) {
        let m = T::of(self.keep) * m + T::of(self.gain) * g;
        (p - T::of(self.lr) * m.sign(), [m])
    }
}

#[cfg(test)]
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

#[cfg(test)]
cases![
    plain(|| SignSgd::new(0.1), |s, g| s.p -= 0.1 * sign(g)),
    plain(|| SignSgd::new(0.1).weight_decay(0.5), |s, g| s.p -= 0.1 * sign(g + 0.5 * s.p)),
    plain(
        || SignSgd::new(0.1).momentum(0.75),
        |s, g| {
            s.a = 0.75 * s.a + 0.25 * g;
            s.p -= 0.1 * sign(s.a);
        }
    )
    .keeps(&["momentum_buffer"]),
    refused(SignSgd::new(0.1).momentum(1.0), "SignSGD: momentum is 1.0, it must be in [0, 1)"),
];
