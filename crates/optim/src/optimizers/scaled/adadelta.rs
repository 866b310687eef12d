//! Adadelta.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Adadelta: each gradient is divided by the root of the average of its square, and multiplied by that of the steps so
/// far, so steps have the unit of the parameter and find their own size.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// s ← ρ s + (1 − ρ) g²
/// u = √(a + ε) / √(s + ε) · g
/// a ← ρ a + (1 − ρ) u²
/// p ← p − lr · u
/// ```
///
/// `lr ≥ 0`, `0 ≤ ρ ≤ 1` (0.9), `ε ≥ 0` (1e-6), `λ ≥ 0` (0). State: `square_avg` (s), `acc_delta` (a).
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adadelta, Optimizer};
///
/// let mut x = Param::new(Tensor::from([1.0, 1000.0]))?;
/// let grads = x.square().sum().backward()?;
/// // s = g² / 4 and a = 0: u is 2 √ε, for any gradient.
/// Adadelta::new(1.0).rho(0.75).eps(0.0625).step(&mut x, &grads)?;
/// let values = x.to_vec::<f32>()?;
/// assert!((values[0] - 0.515).abs() < 1e-3 && (values[1] - 999.5).abs() < 1e-3);
///
/// assert_eq!(Adadelta::keras(1.0).get("rho")?, 0.95);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012, algorithm 1.
///
/// # Differs from
/// * PyTorch: nothing. The paper: `lr` is 1.
/// * optax: nothing, given a `learning_rate`; without one its steps go uphill.
/// * Keras: [`Adadelta::keras`] has ρ 0.95, ε 1e-7 and decoupled weight decay; its `lr` is 0.001.
#[derive(Clone)]
pub struct Adadelta(Driver<AdadeltaRule>);
optimizer!(Adadelta, AdadeltaRule);

#[derive(Clone, Debug)]
struct AdadeltaRule {
    rho: f64,
    eps: f64,
}

impl Adadelta {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 1.
    pub fn new(lr: f64) -> Adadelta {
        Adadelta(Driver::new(AdadeltaRule { rho: 0.9, eps: 1e-6 }, lr))
    }

    /// Keras' form: ρ is 0.95, ε 1e-7; weight decay is decoupled.
    pub fn keras(lr: f64) -> Adadelta {
        Adadelta::new(lr).rho(0.95).eps(1e-7).decoupled_weight_decay(true)
    }

    /// ρ, `0 ≤ ρ ≤ 1`: how much of the past the averages keep. Default 0.9.
    pub fn rho(self, rho: f64) -> Adadelta {
        self.with(|rule| rule.rho = rho)
    }

    /// ε ≥ 0, which lets the first steps begin, and keeps the divisor from 0. Default 1e-6.
    pub fn eps(self, eps: f64) -> Adadelta {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for AdadeltaRule {
    const NAME: &'static str = "Adadelta";
    const STATE: &'static [&'static str] = &["square_avg", "acc_delta"];

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("rho", &mut self.rho, Range::FRACTION);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let formula = Formula { lr: turn.lr, rho: self.rho, gain: 1.0 - self.rho, eps: self.eps };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    rho: f64,
    gain: f64,
    eps: f64,
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [s, a]: [T; 2]) -> (T, [T; 2]) {
        let s = T::of(self.rho) * s + T::of(self.gain) * (g * g);
        let u = (a + T::of(self.eps)).sqrt() / (s + T::of(self.eps)).sqrt() * g;
        let a = T::of(self.rho) * a + T::of(self.gain) * (u * u);
        (p - T::of(self.lr) * u, [s, a])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, rho: f64, eps: f64) {
    s.a = rho * s.a + (1.0 - rho) * g.powi(2);
    let u = ((s.b + eps) / (s.a + eps)).sqrt() * g;
    s.b = rho * s.b + (1.0 - rho) * u.powi(2);
    s.p -= 0.5 * u;
}

#[cfg(test)]
cases![
    plain(|| Adadelta::new(0.5).eps(0.01), |s, g| by_hand(s, g, 0.9, 0.01)).keeps(&["square_avg", "acc_delta"]),
    plain(|| Adadelta::new(0.5).rho(0.5).eps(0.1).weight_decay(0.25), |s, g| by_hand(s, g + 0.25 * s.p, 0.5, 0.1))
        .keeps(&["square_avg", "acc_delta"]),
    plain(
        || Adadelta::keras(0.5).eps(0.01).weight_decay(0.25),
        |s, g| {
            s.p -= 0.5 * 0.25 * s.p;
            by_hand(s, g, 0.95, 0.01);
        }
    )
    .keeps(&["square_avg", "acc_delta"]),
    refused(Adadelta::new(0.1).rho(1.5), "Adadelta: rho is 1.5, it must be in [0, 1]"),
    refused(Adadelta::new(0.1).eps(-1.0), "Adadelta: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::Adadelta;
    use crate::cases::golden;

    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.9111022165663776, -0.2395377402755104, 0.5228766026929332, -0.7478936079518743];
        golden(Adadelta::new(0.5).rho(0.75).eps(0.01).weight_decay(0.25), expected);
    }
}
