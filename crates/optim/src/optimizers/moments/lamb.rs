//! LAMB.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{in_two_parts, norm2, parameter_norm};
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::{Decay, Turn};
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// LAMB: [`Adam`](crate::Adam) whose step for each parameter is in proportion to the parameter's norm, for large
/// batches.
///
/// ```text
/// m ← β₁ m + (1 − β₁) g,   m̂ = m / (1 − β₁ᵗ)                   t = 1, 2, ..
/// v ← β₂ v + (1 − β₂) g²,  v̂ = v / (1 − β₂ᵗ)
/// u = m̂ / (√(v̂ + ε₀) + ε) + λ p                               (weight_decay λ; decoupled: p ← (1 − lr·λ) p first instead)
/// p ← p − lr · ‖p‖ / ‖u‖ · u                                   (without the ratio if one of the norms is 0)
/// ```
///
/// The norms are over all elements of one parameter. `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-6), `ε₀ ≥ 0`
/// (`eps_root`, 0), `λ ≥ 0` (0). State: `exp_avg` (m), `exp_avg_sq` (v). t counts the steps of each parameter.
///
/// # Numerics
/// The norms are gathered in `f64`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Lamb, Optimizer};
///
/// let mut x = Param::new(Tensor::from([3.0, 4.0]))?;
/// let grads = x.sum().backward()?;                // u = [1, 1], its norm is √2, that of x is 5
/// Lamb::new(0.2).betas(0.8, 0.99).eps(0.0).eps_root(0.0).step(&mut x, &grads)?;
/// assert!((x.to_f64s()[0] - (3.0 - 1.0 / 2.0f64.sqrt())).abs() < 1e-6);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// You, Li, Reddi, Hseu, Kumar, Bhojanapalli, Song, Demmel, Keutzer, Hsieh, Large Batch Optimization for Deep Learning:
/// Training BERT in 76 minutes, 2020, algorithm 2, with φ(x) = x.
///
/// # Differs from
/// * Keras: ε is 1e-7, weight decay is decoupled: [`Lamb::keras`].
/// * optax: nothing. PyTorch does not have it.
#[derive(Clone)]
pub struct Lamb(Driver<LambRule>);
optimizer!(Lamb, LambRule);

#[derive(Clone, Debug)]
struct LambRule {
    betas: [f64; 2],
    eps: f64,
    eps_root: f64,
}

impl Lamb {
    /// An optimizer with the default hyperparameters, which are optax' as well.
    pub fn new(lr: f64) -> Lamb {
        Lamb(Driver::new(LambRule { betas: [0.9, 0.999], eps: 1e-6, eps_root: 0.0 }, lr))
    }

    /// Keras' defaults: ε is 1e-7, weight decay is decoupled.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Lamb, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(8.0))?;
    /// let grads = x.square().backward()?;
    /// Lamb::keras(0.5).eps(0.0).weight_decay(0.5).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? - 3.0).abs() < 1e-12);    // (1 − 0.25) · 8 = 6, then 6 − 0.5 · 6 · 1
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> Lamb {
        Lamb::new(lr).eps(1e-7).decoupled_weight_decay(true)
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Lamb {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-6.
    pub fn eps(self, eps: f64) -> Lamb {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added inside the root. Default 0.
    pub fn eps_root(self, eps_root: f64) -> Lamb {
        self.with(|rule| rule.eps_root = eps_root)
    }
}

impl Rule for LambRule {
    const NAME: &'static str = "LAMB";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let decay = if turn.decay == Decay::Coupled { std::mem::take(&mut turn.weight_decay) } else { 0.0 };
        let of_v = 1.0 - beta2.powf(t);
        let direction = Direction {
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            of_average: 1.0 / (1.0 - beta1.powf(t)),
            correction: 1.0 / of_v.sqrt(),
            eps: self.eps,
            eps_root: self.eps_root * of_v,
            decay,
        };
        // The pass that changes m and v writes u over a copy of p.
        let mut u = turn.parameter.detach();
        let first = Turn {
            parameter: &mut u,
            state: &mut *turn.state,
            numbers: &mut [],
            weight_decay: 0.0,
            proximal: [0.0; 2],
            ..turn
        };
        first.update(direction)?;
        let (of_p, of_u) = (parameter_norm(&turn)?, norm2(&u)?);
        let ratio = if of_p == 0.0 || of_u == 0.0 { 1.0 } else { of_p / of_u };
        let along = Along { rate: in_two_parts(turn.lr * ratio) };
        Turn { gradient: &u, state: &mut [], maximize: false, ..turn }.update(along)
    }
}

/// Changes m and v, and gives u in place of p.
#[derive(Clone, Copy)]
struct Direction {
    beta2: f64,
    average: Average,
    gain2: f64,
    of_average: f64,
    correction: f64,
    eps: f64,
    eps_root: f64,
    decay: f64,
}

impl ElementRule<2> for Direction {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        let root = (v + T::of(self.eps_root)).sqrt() * T::of(self.correction) + T::of(self.eps);
        let u = T::of(self.of_average) * m / root;
        // Not 0 · p: that would be NaN where a parameter is infinite.
        (if self.decay == 0.0 { u } else { u + T::of(self.decay) * p }, [m, v])
    }
}

#[derive(Clone, Copy)]
struct Along {
    rate: [f64; 2],
}

impl ElementRule<0> for Along {
    #[inline(always)]
    fn element<T: Real>(self, p: T, u: T, []: [T; 0]) -> (T, [T; 0]) {
        (p - T::of(self.rate[1]) * (T::of(self.rate[0]) * u), [])
    }
}

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], decay: f64, eps_root: f64) {
    let mut u = vec![0.0; g.len()];
    for (i, g) in g.iter().enumerate() {
        w.a[i] = 0.5 * w.a[i] + 0.5 * g;
        w.b[i] = 0.75 * w.b[i] + 0.25 * g * g;
        let (m, v) = (w.a[i] / (1.0 - 0.5f64.powf(w.t)), w.b[i] / (1.0 - 0.75f64.powf(w.t)));
        u[i] = m / ((v + eps_root).sqrt() + 0.1) + decay * w.p[i];
    }
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let ratio = if norm(&w.p) == 0.0 || norm(&u) == 0.0 { 1.0 } else { norm(&w.p) / norm(&u) };
    w.p.iter_mut().zip(&u).for_each(|(p, u)| *p -= 0.05 * ratio * u);
}

#[cfg(test)]
fn example() -> Lamb {
    Lamb::new(0.05).betas(0.5, 0.75).eps(0.1)
}

#[cfg(test)]
cases![
    coupled(example, |w, g| by_hand(w, g, 0.0, 0.0)).keeps(&["exp_avg", "exp_avg_sq"]),
    coupled(|| example().weight_decay(0.5).eps_root(0.25), |w, g| by_hand(w, g, 0.5, 0.25))
        .keeps(&["exp_avg", "exp_avg_sq"]),
    coupled(
        || Lamb::keras(0.05).betas(0.5, 0.75).eps(0.1).weight_decay(0.5),
        |w, g| {
            w.p.iter_mut().for_each(|p| *p *= 1.0 - 0.05 * 0.5);
            by_hand(w, g, 0.0, 0.0);
        }
    )
    .keeps(&["exp_avg", "exp_avg_sq"]),
    refused(Lamb::new(0.1).betas(0.9, 1.0), "LAMB: betas[1] is 1.0, it must be in [0, 1)"),
    refused(Lamb::new(0.1).eps(-1.0), "LAMB: eps is -1.0, it must be finite and at least 0"),
    refused(Lamb::new(0.1).eps_root(-1.0), "LAMB: eps_root is -1.0, it must be finite and at least 0"),
];
