//! COCOB.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

/// COCOB-Backprop, continuous coin betting: an optimizer without a learning rate. Each element bets on the sign of its
/// next gradient, and what it has won, in units of its largest gradient, is how far from the start it may go.
///
/// ```text
/// g ← lr · g                             (weight_decay λ: of g + λ p)
/// L ← max(L, |g|)                        L from ε
/// G ← G + |g|
/// R ← max(R − g (p − p₀), 0)             the reward; p₀ the parameter before its first step
/// θ ← θ − g
/// p ← p₀ + θ / max(G + L, α L) · (1 + R / L)
/// ```
///
/// `lr ≥ 0`, `α ≥ 0` (`alpha`, 100), `ε ≥ 0` (`eps`, 1e-8), `λ ≥ 0` (0; decoupled: `p ← p − lr·λ p` after the step,
/// with the p before it). State: `L`, `grad_norm_sum` (G), `reward` (R), `sum_negative_gradients` (θ), `x0` (p₀).
///
/// `lr` is the weight of a gradient among the others: a factor of all of them changes nothing, beyond that of ε; a
/// schedule that falls makes late gradients count less. Each step goes out from p₀, so what a decoupled decay or a
/// proximal step has taken away is not taken away from the next one.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Cocob, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(1.0))?;
/// let mut cocob = Cocob::new(1.0).alpha(4.0).eps(0.5);
/// for after in [0.75, 0.375] {                    // −2 / max(2 + 2, 4 · 2) · 1, then −4 / (4 + 2 or 8) · (1 + 0.5 / 2)
///     let grads = x.mul_scalar(2.0).backward()?;
///     cocob.step(&mut x, &grads)?;
///     assert!((x.item::<f64>()? - after).abs() < 1e-12);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Orabona, Tommasi, Training Deep Networks without Learning Rates Through Coin Betting, 2017, algorithm 2.
///
/// # Differs from
/// * The paper: it has no weights of gradients, `lr` is 1.
/// * optax (`contrib.cocob`) and the authors' code: nothing, but for the decoupled decay, which they do not have.
///   PyTorch and Keras do not have the optimizer.
#[derive(Clone)]
pub struct Cocob(Driver<CocobRule>);
optimizer!(Cocob, CocobRule);

#[derive(Clone, Debug)]
struct CocobRule {
    alpha: f64,
    eps: f64,
}

impl Cocob {
    /// An optimizer with the default hyperparameters; `lr` is meant to be 1.
    pub fn new(lr: f64) -> Cocob {
        Cocob(Driver::new(CocobRule { alpha: 100.0, eps: 1e-8 }, lr))
    }

    /// α ≥ 0: about the number of the first steps that bet less, as a warm-up. Default 100.
    pub fn alpha(self, alpha: f64) -> Cocob {
        self.with(|rule| rule.alpha = alpha)
    }

    /// ε ≥ 0, the L before the first step. Default 1e-8.
    pub fn eps(self, eps: f64) -> Cocob {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for CocobRule {
    const NAME: &'static str = "COCOB";
    const STATE: &'static [&'static str] = &["L", "grad_norm_sum", "reward", "sum_negative_gradients", "x0"];

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(match slot {
            0 => parameter.full_like(self.eps),
            4 => parameter.detach(),
            _ => parameter.zeros_like(),
        })
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("alpha", &mut self.alpha, Range::AT_LEAST_0);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        // The driver's decay would be lost: a step does not go out from the parameter.
        let decay = if turn.decay == Decay::Decoupled { std::mem::take(&mut turn.weight_decay) } else { 0.0 };
        let formula = Formula { lr: turn.lr, alpha: self.alpha, decay: turn.lr * decay };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    alpha: f64,
    decay: f64,
}

impl ElementRule<5> for Formula {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [l, sum, reward, theta, start]: [T; 5]) -> (T, [T; 5]) {
        let g = T::of(self.lr) * g;
        let (l, sum, theta) = (l.larger(g.abs()), sum + g.abs(), theta - g);
        let reward = (reward - g * (p - start)).larger(T::ZERO);
        let bet = theta / (sum + l).larger(T::of(self.alpha) * l) * (T::ONE + reward / l);
        // Without ε and any gradient there is nothing to bet on.
        let there = start + T::select(l.eq(T::ZERO), T::ZERO, bet);
        (there - T::of(self.decay) * p, [l, sum, reward, theta, start])
    }
}

/// Without decay p₀ is where the parameter was, less the bet that led there.
#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, lr: f64) {
    let bet = |s: &crate::cases::Scalar| s.d / (s.b + s.a).max(3.0 * s.a) * (s.a + s.c) / s.a;
    if s.t == 1.0 {
        s.a = 0.25;
    }
    let (p, start) = (s.p, s.p - bet(s));
    s.a = s.a.max(lr * g.abs());
    s.b += lr * g.abs();
    s.c = (s.c - lr * g * (p - start)).max(0.0);
    s.d -= lr * g;
    s.p = start + bet(s);
}

/// With decay; p₀ stands behind θ.
#[cfg(test)]
fn decayed(w: &mut crate::cases::Whole, g: &[f64], l2: f64, decay: f64) {
    let n = g.len();
    if w.t == 1.0 {
        w.a = vec![0.25; n];
        w.d = [vec![0.0; n], w.p.clone()].concat();
    }
    for (i, g) in g.iter().enumerate() {
        let (p, start) = (w.p[i], w.d[n + i]);
        let g = 0.5 * (g + l2 * p);
        w.a[i] = w.a[i].max(g.abs());
        w.b[i] += g.abs();
        w.c[i] = (w.c[i] - g * (p - start)).max(0.0);
        w.d[i] -= g;
        let bet = w.d[i] * (w.a[i] + w.c[i]) / (w.a[i] * (w.b[i] + w.a[i]).max(3.0 * w.a[i]));
        w.p[i] = start + bet - 0.5 * decay * p;
    }
}

#[cfg(test)]
fn example(lr: f64) -> Cocob {
    Cocob::new(lr).alpha(3.0).eps(0.25)
}

#[cfg(test)]
const KEEPS: [&str; 5] = ["L", "grad_norm_sum", "reward", "sum_negative_gradients", "x0"];

#[cfg(test)]
cases![
    plain(|| example(1.0), |s, g| by_hand(s, g, 1.0)).keeps(&KEEPS),
    plain(|| example(0.05), |s, g| by_hand(s, g, 0.05)).keeps(&KEEPS),
    coupled(|| example(0.5).weight_decay(0.5), |w, g| decayed(w, g, 0.5, 0.0)).keeps(&KEEPS),
    coupled(|| example(0.5).weight_decay(0.5).decoupled_weight_decay(true), |w, g| decayed(w, g, 0.0, 0.5))
        .keeps(&KEEPS),
    refused(Cocob::new(1.0).alpha(-1.0), "COCOB: alpha is -1.0, it must be finite and at least 0"),
    refused(Cocob::new(1.0).eps(f64::NAN), "COCOB: eps is NaN, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::Cocob;
    use crate::cases::{SLOPES, along, same};

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, cocob() and cocob(alpha=3.0, eps=1e-2, weight_decay=0.25).
        let rows = [
            (Cocob::new(1.0), [0.9657139670873243, -1.9646846079387512, 0.4707158423535807]),
            (
                Cocob::new(1.0).alpha(3.0).eps(1e-2).weight_decay(0.25),
                [-1.8045890428617977, 0.6461427368377479, -3.2464262440901113],
            ),
        ];
        for (mut cocob, expected) in rows {
            same(&along(&mut cocob, &SLOPES), &expected);
        }
    }

    #[test]
    fn without_a_gradient_there_is_no_bet() {
        assert_eq!(along(&mut Cocob::new(1.0).eps(0.0), &[[0.0; 3]; 2]), [1.0, -2.0, 0.5]);
    }
}
