//! Fromage.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{descent_norm, in_two_parts, parameter_norm};
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Fromage, Frobenius matched gradient descent: each parameter changes by the same part of its own length, and does not
/// grow by it.
///
/// ```text
/// g ← g + λ p                                    (weight_decay λ; decoupled: p ← (1 − lr·λ) p first instead)
/// p ← k (p − lr · g ‖p‖ / ‖g‖)                   k = 1 / √(1 + lr²)
/// ```
///
/// Norms are 2-norms over the parameter, and at least `min_norm`; where one is 0 nonetheless, g stays as it is.
/// `lr ≥ 0`, `min_norm ≥ 0` (1e-6), `λ ≥ 0` (0). There is no state.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Fromage, Optimizer};
///
/// let mut x = Param::new(Tensor::from([3.0, 4.0]))?;
/// let grads = x.square().mul_scalar(50.0).sum().backward()?;          // [300, 400]
/// Fromage::new(0.75).min_norm(0.0).step(&mut x, &grads)?;             // k = 0.8, and 0.8 · 0.25 = 0.2
/// let values = x.to_vec::<f32>()?;
/// assert!((values[0] - 0.6).abs() < 1e-6 && (values[1] - 0.8).abs() < 1e-6);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Bernstein, Vahdat, Yue, Liu, On the distance between two neural networks and the stability of learning, 2020,
/// algorithm 1.
///
/// # Differs from
/// * optax: nothing. The paper: there is no `min_norm`.
#[derive(Clone)]
pub struct Fromage(Driver<FromageRule>);
optimizer!(Fromage, FromageRule);

#[derive(Clone, Debug)]
struct FromageRule {
    min_norm: f64,
}

impl Fromage {
    /// An optimizer with the default hyperparameters; the paper's `lr` is 0.01.
    pub fn new(lr: f64) -> Fromage {
        Fromage(Driver::new(FromageRule { min_norm: 1e-6 }, lr))
    }

    /// The least norm ≥ 0, which lets parameters of zeros move. Default 1e-6.
    pub fn min_norm(self, min_norm: f64) -> Fromage {
        self.with(|rule| rule.min_norm = min_norm)
    }
}

impl Rule for FromageRule {
    const NAME: &'static str = "Fromage";

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("min_norm", &mut self.min_norm, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let shrink = 1.0 / (1.0 + turn.lr * turn.lr).sqrt();
        // NaN stays NaN.
        let at_least = |norm: f64| if norm < self.min_norm { self.min_norm } else { norm };
        let (of_parameter, of_gradient) = (at_least(parameter_norm(&turn)?), at_least(descent_norm(&turn)?));
        let ratio = if of_parameter == 0.0 || of_gradient == 0.0 { 1.0 } else { of_parameter / of_gradient };
        let rate = in_two_parts(turn.lr * shrink * ratio);
        turn.update(Formula { shrink, rate })
    }
}

#[derive(Clone, Copy)]
struct Formula {
    shrink: f64,
    rate: [f64; 2],
}

impl ElementRule<0> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        (T::of(self.shrink) * p - T::of(self.rate[1]) * (T::of(self.rate[0]) * g), [])
    }
}

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], least: f64, decay: f64) {
    let g: Vec<f64> = g.iter().zip(&w.p).map(|(g, p)| g + decay * p).collect();
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt().max(least);
    let (of_p, of_g) = (norm(&w.p), norm(&g));
    let ratio = if of_p * of_g == 0.0 { 1.0 } else { of_p / of_g };
    for (p, g) in w.p.iter_mut().zip(&g) {
        *p = (*p - 0.1 * g * ratio) / 1.01f64.sqrt();
    }
}

#[cfg(test)]
cases![
    coupled(|| Fromage::new(0.1), |w, g| by_hand(w, g, 1e-6, 0.0)),
    coupled(|| Fromage::new(0.1).min_norm(0.0), |w, g| by_hand(w, g, 0.0, 0.0)),
    coupled(|| Fromage::new(0.1).min_norm(2.0).weight_decay(0.5), |w, g| by_hand(w, g, 2.0, 0.5)),
    coupled(
        || Fromage::new(0.1).weight_decay(0.5).decoupled_weight_decay(true),
        |w, g| {
            w.p.iter_mut().for_each(|p| *p *= 1.0 - 0.1 * 0.5);
            by_hand(w, g, 1e-6, 0.0);
        }
    ),
    refused(Fromage::new(0.1).min_norm(-1.0), "Fromage: min_norm is -1.0, it must be finite and at least 0"),
];
