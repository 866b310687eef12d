//! ADOPT.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// ADOPT: [`Adam`](crate::Adam) that divides by the average of g² from *before* this gradient, and before m is formed;
/// it converges for any β₂.
///
/// ```text
/// v ← g²                                                      in the first step, which changes nothing else
/// c = clamp(g / max(√v, ε), −k, k)                            k = (t − 1)^¼;  without clip: unlimited
/// m ← β₁ m + (1 − β₁) c                                       t = 2, 3, ..
/// p ← p − lr · m
/// v ← β₂ v + (1 − β₂) g²
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.9999), `ε ≥ 0` (1e-6), `λ ≥ 0` (0; weight decay acts in the first step, too).
/// State: `exp_avg` (m), `exp_avg_sq` (v). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adopt, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(1.0))?;
/// let mut adopt = Adopt::new(0.5).betas(0.5, 0.99).eps(1e-6).clip(false);
/// for slope in [2.0, 3.0] {
///     let grads = x.mul_scalar(slope).backward()?;
///     adopt.step(&mut x, &grads)?;                // the first one gives v = 4
/// }
/// assert_eq!(x.item::<f64>()?, 0.625);            // 1 − 0.5 · (0.5 · 3 / 2)
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Taniguchi, Harada, Minegishi, Oshima, Jeong, Nagahara, Iiyama, Suzuki, Iwasawa, Matsuo, ADOPT: Modified Adam Can
/// Converge with Any β₂ with the Optimal Rate, 2024, algorithm 2, with the clipping of the authors' code.
///
/// # Differs from
/// * optax (`contrib.adopt`): there is no weight decay; the limit may be another function of t.
/// * PyTorch, Keras: they do not have it.
#[derive(Clone)]
pub struct Adopt(Driver<AdoptRule>);
optimizer!(Adopt, AdoptRule);

#[derive(Clone, Debug)]
struct AdoptRule {
    betas: [f64; 2],
    eps: f64,
    clip: bool,
    nesterov: bool,
}

impl Adopt {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Adopt {
        Adopt(Driver::new(AdoptRule { betas: [0.9, 0.9999], eps: 1e-6, clip: true, nesterov: false }, lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and v keep. Default 0.9 and 0.9999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Adopt {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, the least divisor. Default 1e-6.
    pub fn eps(self, eps: f64) -> Adopt {
        self.with(|rule| rule.eps = eps)
    }

    /// Whether the divided gradient is limited to `(t − 1)^¼`, which matters where the first gradients are small.
    /// Default true.
    pub fn clip(self, clip: bool) -> Adopt {
        self.with(|rule| rule.clip = clip)
    }

    /// Whether the momentum is Nesterov's, as it can be in optax: `p ← p − lr · (β₁ m + (1 − β₁) c)` with the m of this
    /// step. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adopt, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(1.0))?;
    /// let mut adopt = Adopt::new(0.5).betas(0.5, 0.99).nesterov(true);
    /// for slope in [2.0, 1.0] {
    ///     let grads = x.mul_scalar(slope).backward()?;
    ///     adopt.step(&mut x, &grads)?;                // c = 1 / 2, m = 1 / 4
    /// }
    /// assert_eq!(x.item::<f64>()?, 0.8125);           // 1 − 0.5 · (1 / 8 + 1 / 4)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nesterov(self, nesterov: bool) -> Adopt {
        self.with(|rule| rule.nesterov = nesterov)
    }
}

impl Rule for AdoptRule {
    const NAME: &'static str = "ADOPT";
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let [beta1, beta2] = self.betas;
        let formula = Formula {
            first: turn.t == 1,
            nesterov: self.nesterov,
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            lr: turn.lr,
            eps: self.eps,
            limit: if self.clip { (turn.t as f64 - 1.0).powf(0.25) } else { f64::INFINITY },
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    first: bool,
    nesterov: bool,
    beta2: f64,
    average: Average,
    gain2: f64,
    lr: f64,
    eps: f64,
    limit: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
        let square = g * g;
        if self.first {
            // NaN must be seen.
            return (T::select(g.is_nan(), g, p), [m, square]);
        }
        let divisor = v.sqrt().larger(T::of(self.eps));
        // Where ε is 0 and so were all gradients, the direction is 0.
        let c = T::select(g.eq(T::ZERO), g, g / divisor);
        let limit = T::of(self.limit);
        let c = c.smaller(limit).larger(T::ZERO - limit);
        let m = self.average.next(m, c);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * square;
        let u = if self.nesterov { self.average.next(m, c) } else { m };
        (p - T::of(self.lr) * u, [m, v])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, clip: bool) {
    if s.t == 1.0 {
        s.b = g * g;
        return;
    }
    let limit = if clip { (s.t - 1.0).sqrt().sqrt() } else { 1e9 };
    s.a = 0.5 * s.a + 0.5 * (g / s.b.sqrt().max(0.1)).clamp(-limit, limit);
    s.b = 0.75 * s.b + 0.25 * g * g;
    s.p -= 0.05 * s.a;
}

#[cfg(test)]
fn example() -> Adopt {
    Adopt::new(0.05).betas(0.5, 0.75).eps(0.1)
}

#[cfg(test)]
cases![
    plain(example, |s, g| by_hand(s, g, true)).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| example().clip(false), |s, g| by_hand(s, g, false)).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| example().weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, true)).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(
        || example().weight_decay(0.5).decoupled_weight_decay(true),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.5;
            by_hand(s, g, true);
        }
    )
    .keeps(&["exp_avg", "exp_avg_sq"]),
    refused(Adopt::new(0.1).betas(0.9, 1.0), "ADOPT: betas[1] is 1.0, it must be in [0, 1)"),
    refused(Adopt::new(0.1).eps(-1.0), "ADOPT: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use super::example;
    use crate::cases::golden;

    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-1.0698847338549695, -0.19908506613616653, 0.5164490645516652, -0.771608565937175];
        golden(example(), expected);
        let nesterov = [-1.071021859217301, -0.21347351410003212, 0.5194950888860378, -0.7660196371359965];
        golden(example().nesterov(true), nesterov);
    }
}
