//! The average of schedule-free steps: its weights, and itself from y and z.

use crate::blend::Average;
use crate::range::Range;
use crate::rule::See;
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// How much of the average is in the point of the gradient: it is found again from that point, so not 0.
pub(crate) const INSIDE: Range = Range::new(|x| x > 0.0 && x < 1.0, "in (0, 1)");

/// The names of a parameter's numbers: Σ weights, and the largest learning rate so far.
pub(crate) const NUMBERS: &[&str] = &["weight_sum", "lr_max"];

/// The weight of each step in the average: `tʳ · max(lr₁, .., lrₜ)ᵖ`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    pub(crate) warmup_steps: u64,
    pub(crate) r: f64,
    pub(crate) weight_lr_power: f64,
    /// Whether z moves by the rate of the step before in a warm-up.
    pub(crate) late: bool,
}

impl Weights {
    pub(crate) const DEFAULT: Weights = Weights { warmup_steps: 0, r: 0.0, weight_lr_power: 2.0, late: false };

    pub(crate) fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("r", &mut self.r, Range::AT_LEAST_0);
        see("weight_lr_power", &mut self.weight_lr_power, Range::AT_LEAST_0);
    }

    /// The learning rate of z in this step, and the share of it in the average.
    pub(crate) fn next(&self, turn: &mut Turn<'_>) -> (f64, f64) {
        let t = turn.t as f64;
        let full = turn.lr;
        let rate = |t: u64| if t < self.warmup_steps { full * (t as f64 / self.warmup_steps as f64) } else { full };
        let lr = rate(turn.t);
        let [sum, largest] = turn.numbers else { unreachable!("a rule has as many numbers as NUMBERS names") };
        *largest = largest.max(lr);
        let weight = t.powf(self.r) * largest.powf(self.weight_lr_power);
        *sum += weight;
        let lr = if self.late { rate(turn.t - 1) } else { lr };
        // Learning rates of 0 alone weigh nothing.
        (lr, if *sum > 0.0 { weight / *sum } else { 0.0 })
    }
}

/// `x = y + (1 − 1/β) (z − y)`
pub(crate) fn average(y: &Tensor, state: &[Option<Tensor>], beta: f64) -> Result<Tensor> {
    let Some(Some(z)) = state.first() else {
        return Err(Error::new(ErrorKind::State, "the state has no z"));
    };
    let mut x = y.detach();
    x.update(z, [], Outward { weight: 1.0 - 1.0 / beta })?;
    Ok(x)
}

#[derive(Clone, Copy)]
struct Outward {
    weight: f64,
}

impl ElementRule<0> for Outward {
    #[inline(always)]
    fn element<T: Real>(self, y: T, z: T, []: [T; 0]) -> (T, [T; 0]) {
        (y + T::of(self.weight) * (z - y), [])
    }
}

/// `y ← (1 − c) y + c z − lr (1 − β (1 − c)) u`, `z ← z − lr u` for the direction u: the step of z and of the average
/// x, without x.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    average: Average,
    of_y: f64,
    of_z: f64,
}

impl Step {
    pub(crate) fn new(lr: f64, c: f64, beta: f64) -> Step {
        Step { average: Average::approaching(c), of_y: lr * (1.0 - beta * (1.0 - c)), of_z: lr }
    }

    #[inline(always)]
    pub(crate) fn step<T: Real>(self, y: T, z: T, u: T) -> (T, T) {
        (self.average.next(y, z) - T::of(self.of_y) * u, z - T::of(self.of_z) * u)
    }
}

/// The three points in plain words, for cases: y is `p`, z is `a`, x is `c`.
#[cfg(test)]
pub(crate) fn by_hand(s: &mut crate::cases::Scalar, u: f64, lr: f64, c: f64, beta: f64) {
    s.a -= lr * u;
    s.c = (1.0 - c) * s.c + c * s.a;
    s.p = (1.0 - beta) * s.a + beta * s.c;
}

/// All three begin at the parameter.
#[cfg(test)]
pub(crate) fn start(s: &mut crate::cases::Scalar) {
    if s.t == 1.0 {
        (s.a, s.c) = (s.p, s.p);
    }
}
