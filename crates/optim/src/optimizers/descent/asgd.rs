//! Averaged stochastic gradient descent.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Averaged stochastic gradient descent: descent with a falling rate, and beside it the average of the parameters,
/// which is meant for evaluation.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// p ← (1 − λ' η) p − η g                 (lambd λ')
/// a ← p if μ = 1, else a + μ (p − a)
/// η ← lr / (1 + λ' lr t)^α               lr at first
/// μ ← 1 / max(1, t − t₀)                 1 at first
/// ```
///
/// `lr ≥ 0`, `λ' ≥ 0` (1e-4), `α ≥ 0` (0.75), `t₀` any number (1e6), `λ ≥ 0` (0). State: `ax` (a), and for each
/// parameter the numbers `eta` (η) and `mu` (μ). A change of `lr` counts from the end of the next step on, since η is
/// computed a step ahead. t counts the steps of each parameter. A proximal step and cautious
/// decay come after the step: a is the average of the parameters before them.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Asgd, Optimizer};
///
/// let mut x = Param::new(Tensor::from(4.0))?;
/// let mut asgd = Asgd::new(1.0).lambd(0.0).alpha(0.0).t0(1.0);
/// for _ in 0..4 {
///     let grads = x.sum().backward()?;
///     asgd.step(&mut x, &grads)?;                                    // 3, 2, 1, 0
/// }
/// assert_eq!(x.item::<f32>()?, 0.0);
/// let average = asgd.state_dict().get(".ax").map(Tensor::to_f64s);
/// assert_eq!(average, Some(vec![0.5]));                              // of the last two
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Polyak, Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992. Xu, Towards Optimal One Pass Large
/// Scale Learning with Averaged Stochastic Gradient Descent, 2011 (the rates).
///
/// # Differs from
/// * PyTorch: nothing.
#[derive(Clone)]
pub struct Asgd(Driver<AsgdRule>);
optimizer!(Asgd, AsgdRule);

#[derive(Clone, Debug)]
struct AsgdRule {
    lambd: f64,
    alpha: f64,
    t0: f64,
}

impl Asgd {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.01.
    pub fn new(lr: f64) -> Asgd {
        Asgd(Driver::new(AsgdRule { lambd: 1e-4, alpha: 0.75, t0: 1e6 }, lr))
    }

    /// λ' ≥ 0: the decay, which also makes the rate fall. Default 1e-4.
    pub fn lambd(self, lambd: f64) -> Asgd {
        self.with(|rule| rule.lambd = lambd)
    }

    /// α ≥ 0: the power of the fall of the rate. Default 0.75.
    pub fn alpha(self, alpha: f64) -> Asgd {
        self.with(|rule| rule.alpha = alpha)
    }

    /// t₀: the step from which on parameters are averaged. Default 1e6.
    pub fn t0(self, t0: f64) -> Asgd {
        self.with(|rule| rule.t0 = t0)
    }
}

impl Rule for AsgdRule {
    const NAME: &'static str = "ASGD";
    const STATE: &'static [&'static str] = &["ax"];
    const NUMBERS: &'static [&'static str] = &["eta", "mu"];

    fn start_number(&self, number: usize, lr: f64) -> f64 {
        [lr, 1.0][number]
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("lambd", &mut self.lambd, Range::AT_LEAST_0);
        see("alpha", &mut self.alpha, Range::AT_LEAST_0);
        see("t0", &mut self.t0, Range::FINITE);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let AsgdRule { lambd, alpha, t0 } = *self;
        let (lr, t) = (turn.lr, turn.t as f64);
        let (eta, mu) = (turn.numbers[0], turn.numbers[1]);
        turn.numbers[0] = lr / (1.0 + lambd * lr * t).powf(alpha);
        turn.numbers[1] = 1.0 / (t - t0).max(1.0);
        turn.update(Formula { eta, shrink: 1.0 - lambd * eta, average: Average::approaching(mu) })
    }
}

#[derive(Clone, Copy)]
struct Formula {
    eta: f64,
    shrink: f64,
    average: Average,
}

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [a]: [T; 1]) -> (T, [T; 1]) {
        let p = p * T::of(self.shrink) - T::of(self.eta) * g;
        (p, [self.average.next(a, p)])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, t0: f64) {
    let eta = if s.t == 1.0 { 0.1 } else { 0.1 / (1.0 + 0.5 * 0.1 * (s.t - 1.0)).powf(0.75) };
    let averaged = (s.t - 1.0 - t0).max(1.0);
    s.p -= eta * (g + 0.5 * s.p);
    s.a += (s.p - s.a) / averaged;
}

#[cfg(test)]
cases![
    plain(|| Asgd::new(0.1).lambd(0.5), |s, g| by_hand(s, g, 1e6)).keeps(&["eta", "mu", "ax"]),
    plain(|| Asgd::new(0.1).lambd(0.5).t0(2.0), |s, g| by_hand(s, g, 2.0)).keeps(&["eta", "mu", "ax"]),
    plain(|| Asgd::new(0.1).lambd(0.5).weight_decay(0.25), |s, g| by_hand(s, g + 0.25 * s.p, 1e6))
        .keeps(&["eta", "mu", "ax"]),
    refused(Asgd::new(0.1).lambd(-1.0), "ASGD: lambd is -1.0, it must be finite and at least 0"),
    refused(Asgd::new(0.1).alpha(-0.1), "ASGD: alpha is -0.1, it must be finite and at least 0"),
    refused(Asgd::new(0.1).t0(f64::NAN), "ASGD: t0 is NaN, it must be finite"),
];
