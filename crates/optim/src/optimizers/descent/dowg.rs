//! DoWG.

use super::dog::{Along, squares};
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::in_two_parts;
use crate::range::Range;
use crate::rule::{Parameters, Rule, See};
use crate::turn::Turn;
use autograd_core::{Result, Tensor};

/// DoWG, distance over weighted gradients: [`Dog`](crate::Dog) whose gradients weigh as much as the way that had been
/// come when they were taken, so those at the start are soon forgotten and η is larger.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// r² ← max(r², ‖p − p₀‖²)                p₀ the parameters before their first step; r² from init_estim_sq_dist
/// v ← v + r² ‖g‖²
/// η = lr · r² / (√v + ε)
/// p ← p − η g                            (decoupled decay: p ← (1 − η·λ) p before)
/// ```
///
/// Norms are 2-norms over all parameters that have a gradient. `lr ≥ 0`, which is 1 unless a schedule changes it, `ε ≥
/// 0` (1e-4), `init_estim_sq_dist > 0` (1e-4), `λ ≥ 0` (0). State: `x0` (p₀), and the numbers `rt2` (r²) and `vt` (v),
/// which all parameters share.
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Dowg, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(3.0))?;
/// let mut dowg = Dowg::new(1.0).init_estim_sq_dist(1.0).eps(0.0);
/// for (slope, after) in [(3.0, 2.0), (4.0, 1.2)] {                // 3 · 1 / √9,  4 · 1 / √(9 + 16)
///     let grads = x.mul_scalar(slope).backward()?;
///     dowg.step(&mut x, &grads)?;
///     assert!((x.item::<f64>()? - after).abs() < 1e-12);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Khaled, Mishchenko, Jin, DoWG Unleashed: An Efficient Universal Parameter-Free Gradient Descent Method, 2023,
/// algorithm 1.
///
/// # Differs from
/// * The paper: it has neither `lr` nor ε. Its r_ε² is `init_estim_sq_dist`.
/// * The authors' code: the first r² is ε. optax (`contrib.dowg`): it is ε unless it is given. PyTorch and Keras do not
///   have it.
#[derive(Clone)]
pub struct Dowg(Driver<DowgRule>);
optimizer!(Dowg, DowgRule);

#[derive(Clone, Debug)]
struct DowgRule {
    init_estim_sq_dist: f64,
    eps: f64,
}

/// The places of the shared numbers.
const FARTHEST: usize = 0;
const SQUARES: usize = 1;

impl Dowg {
    /// An optimizer with the default hyperparameters; `lr` is meant to be 1.
    pub fn new(lr: f64) -> Dowg {
        Dowg(Driver::new(DowgRule { init_estim_sq_dist: 1e-4, eps: 1e-4 }, lr))
    }

    /// The first r² > 0: less than the squared distance to the solution. Default 1e-4.
    pub fn init_estim_sq_dist(self, init_estim_sq_dist: f64) -> Dowg {
        self.with(|rule| rule.init_estim_sq_dist = init_estim_sq_dist)
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-4.
    pub fn eps(self, eps: f64) -> Dowg {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for DowgRule {
    const NAME: &'static str = "DoWG";
    const STATE: &'static [&'static str] = &["x0"];
    const SHARED: &'static [&'static str] = &["rt2", "vt"];

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(parameter.detach())
    }

    fn start_shared(&self, number: usize, _: f64) -> f64 {
        if number == FARTHEST { self.init_estim_sq_dist } else { 0.0 }
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("init_estim_sq_dist", &mut self.init_estim_sq_dist, Range::POSITIVE);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let (way, slope) = squares(all)?;
        let shared = all.shared();
        // Not `max`: a distance that is not a number must be seen.
        shared[FARTHEST] = if way <= shared[FARTHEST] { shared[FARTHEST] } else { way };
        shared[SQUARES] += shared[FARTHEST] * slope;
        Ok(())
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let size = turn.shared[SQUARES].sqrt() + self.eps;
        // Without ε and any gradient there is no way to go. The driver's decay takes its rate from here.
        turn.lr *= if size == 0.0 { 0.0 } else { turn.shared[FARTHEST] / size };
        let rate = in_two_parts(turn.lr);
        turn.update(Along { rate })
    }
}

/// In plain words; p₀ stands in a, r² and v in b.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], [eps, l2, decay]: [f64; 3]) {
    let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let g: Vec<f64> = g.iter().zip(&w.p).map(|(g, p)| g + l2 * p).collect();
    if w.t == 1.0 {
        (w.a, w.b) = (w.p.clone(), vec![first(eps), 0.0]);
    }
    let way: Vec<f64> = w.p.iter().zip(&w.a).map(|(p, start)| p - start).collect();
    w.b[0] = w.b[0].max(square(&way));
    w.b[1] += w.b[0] * square(&g);
    let rate = 0.05 * w.b[0] / (w.b[1].sqrt() + eps);
    for (p, g) in w.p.iter_mut().zip(&g) {
        *p = (1.0 - rate * decay) * *p - rate * g;
    }
}

/// The first r² that makes `lr` the rate of the first step, r² = r ‖g‖ + ε, with the suite's first ‖g‖².
#[cfg(test)]
fn first(eps: f64) -> f64 {
    ((9.4375f64.sqrt() + (9.4375 + 4.0 * eps).sqrt()) / 2.0).powi(2)
}

#[cfg(test)]
fn example(eps: f64) -> Dowg {
    Dowg::new(0.05).init_estim_sq_dist(first(eps)).eps(eps)
}

#[cfg(test)]
const SHARES: [&str; 2] = ["rt2", "vt"];

#[cfg(test)]
cases![
    joint(|| example(0.1), |w, g| by_hand(w, g, [0.1, 0.0, 0.0])).keeps(&["x0"]).shares(&SHARES),
    joint(|| example(0.0), |w, g| by_hand(w, g, [0.0; 3])).keeps(&["x0"]).shares(&SHARES),
    joint(|| example(0.1).weight_decay(0.5), |w, g| by_hand(w, g, [0.1, 0.5, 0.0])).keeps(&["x0"]).shares(&SHARES),
    joint(|| example(0.1).weight_decay(0.5).decoupled_weight_decay(true), |w, g| by_hand(w, g, [0.1, 0.0, 0.5]))
        .keeps(&["x0"])
        .shares(&SHARES),
    refused(Dowg::new(1.0).init_estim_sq_dist(0.0), "DoWG: init_estim_sq_dist is 0.0, it must be finite and positive"),
    refused(Dowg::new(1.0).eps(-1.0), "DoWG: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::Dowg;
    use crate::cases::{SLOPES, along, same};

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, dowg() and dowg(0.5, 0.5, eps=0.1, weight_decay=0.25).
        let rows = [
            (Dowg::new(1.0), [0.9366994795649368, -1.9239540758855658, 0.42002358679812957]),
            (
                Dowg::new(0.5).init_estim_sq_dist(0.5).eps(0.1).weight_decay(0.25),
                [0.3185040581172726, -1.0879557219037796, -0.08573034500891824],
            ),
        ];
        for (mut dowg, expected) in rows {
            same(&along(&mut dowg, &SLOPES), &expected);
        }
    }
}
