//! Adamax.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Adamax: [`Adam`](crate::Adam) in the infinity norm, which divides by the largest gradient of late.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// m ← β₁ m + (1 − β₁) g
/// u ← max(β₂ u, |g| + ε)
/// p ← p − lr / (1 − β₁ᵗ) · m / u         t = 1, 2, ..
///
/// keras                                  u ← max(β₂ u, |g|),  p ← p − lr / (1 − β₁ᵗ) · m / (u + ε)
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-8), `λ ≥ 0` (0). State: `exp_avg` (m), `exp_inf` (u). t counts
/// the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adamax, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(1.0))?;
/// let mut adamax = Adamax::new(0.5).betas(0.5, 0.75).eps(0.0);
/// for slope in [4.0, 1.0] {
///     let grads = x.mul_scalar(slope).backward()?;
///     adamax.step(&mut x, &grads)?;
/// }
/// assert!((x.item::<f64>()? - 1.0 / 6.0).abs() < 1e-12);      // 1 − 0.5 · 4/4 − 0.5 / 0.75 · 1.5/3
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 2.
///
/// # Differs from
/// * The paper: there is no ε, as with `eps(0.0)`; 0 / 0 is then NaN.
/// * Keras: ε is added to u, and is 1e-7; weight decay is decoupled: [`Adamax::keras`].
/// * optax: as PyTorch.
#[derive(Clone)]
pub struct Adamax(Driver<AdamaxRule<false>>);
optimizer!(Adamax, AdamaxRule<false>);

/// The rule of Adamax and, if `W`, of AdamaxW: they differ only in the name in errors.
#[derive(Clone, Debug)]
pub(crate) struct AdamaxRule<const W: bool> {
    pub(super) betas: [f64; 2],
    pub(super) eps: f64,
    /// Whether ε is added to u itself.
    keras: bool,
}

impl<const W: bool> AdamaxRule<W> {
    pub(super) const DEFAULT: Self = AdamaxRule { betas: [0.9, 0.999], eps: 1e-8, keras: false };
}

impl Adamax {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 2e-3.
    pub fn new(lr: f64) -> Adamax {
        Adamax(Driver::new(AdamaxRule::DEFAULT, lr))
    }

    /// Keras' formula and defaults: ε is added to u, and is 1e-7; weight decay is decoupled.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adamax, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(3.0).backward()?;
    /// Adamax::keras(1.0).eps(1.0).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? + 0.75).abs() < 1e-12);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> Adamax {
        let rule = AdamaxRule { eps: 1e-7, keras: true, ..AdamaxRule::DEFAULT };
        Adamax(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the average of g and the largest |g| keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Adamax {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which keeps the divisor from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> Adamax {
        self.with(|rule| rule.eps = eps)
    }
}

impl<const W: bool> Rule for AdamaxRule<W> {
    const NAME: &'static str = if W { "AdamaxW" } else { "Adamax" };
    const STATE: &'static [&'static str] = &["exp_avg", "exp_inf"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let [beta1, beta2] = self.betas;
        let (of_gradient, of_largest) = if self.keras { (0.0, self.eps) } else { (self.eps, 0.0) };
        let step = turn.lr / (1.0 - beta1.powf(turn.t as f64));
        turn.update(Formula { average: Average::keeping(beta1), beta2, step, of_gradient, of_largest })
    }
}

#[derive(Clone, Copy)]
struct Formula {
    average: Average,
    beta2: f64,
    step: f64,
    /// The ε of |g| and that of u.
    of_gradient: f64,
    of_largest: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, u]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let u = (T::of(self.beta2) * u).larger(g.abs() + T::of(self.of_gradient));
        (p - T::of(self.step) * (m / (u + T::of(self.of_largest))), [m, u])
    }
}

/// Adamax in plain words, for cases.
#[cfg(test)]
pub(super) fn by_hand(s: &mut crate::cases::Scalar, g: f64, keras: bool) {
    s.a = 0.5 * s.a + 0.5 * g;
    let eps = 0.01;
    s.b = (0.75 * s.b).max(if keras { g.abs() } else { g.abs() + eps });
    s.p -= 0.05 / (1.0 - 0.5f64.powf(s.t)) * s.a / if keras { s.b + eps } else { s.b };
}

#[cfg(test)]
fn example(new: fn(f64) -> Adamax) -> Adamax {
    new(0.05).betas(0.5, 0.75).eps(0.01)
}

#[cfg(test)]
cases![
    plain(|| example(Adamax::new), |s, g| by_hand(s, g, false)).keeps(&["exp_avg", "exp_inf"]),
    plain(|| example(Adamax::keras), |s, g| by_hand(s, g, true)).keeps(&["exp_avg", "exp_inf"]),
    plain(|| example(Adamax::new).weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, false))
        .keeps(&["exp_avg", "exp_inf"]),
    plain(
        || example(Adamax::keras).weight_decay(0.5),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.5;
            by_hand(s, g, true);
        }
    )
    .keeps(&["exp_avg", "exp_inf"]),
    refused(Adamax::new(0.1).betas(1.0, 0.9), "Adamax: betas[0] is 1.0, it must be in [0, 1)"),
    refused(Adamax::new(0.1).eps(-1.0), "Adamax: eps is -1.0, it must be finite and at least 0"),
];
