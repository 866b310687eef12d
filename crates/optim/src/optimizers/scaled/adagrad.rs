//! Adagrad.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Result, Tensor};

/// Adagrad: each gradient is divided by the root of the sum of all its squares so far, so elements that move rarely
/// take large steps.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// s ← s + g²                             (from initial_accumulator_value)
/// p ← p − lr / (1 + (t − 1) η) · g / (√s + ε)            (lr_decay η;  t = 1, 2, ..)
/// ```
///
/// With `eps_inside` the divisor is `√(s + ε)`. `lr ≥ 0`, `η ≥ 0` (0), `initial_accumulator_value ≥ 0` (0), `ε ≥ 0`
/// (1e-10), `λ ≥ 0` (0). State: `sum` (s). t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adagrad, Optimizer};
///
/// let mut x = Param::new(Tensor::from([1.0, 1000.0]))?;
/// let mut adagrad = Adagrad::new(0.5).lr_decay(0.0).eps(0.0);
/// let grads = x.square().sum().backward()?;
/// adagrad.step(&mut x, &grads)?;                              // the first step is lr, for any gradient
/// assert_eq!(x.to_vec::<f32>()?, [0.5, 999.5]);
///
/// let mut x = Param::new(Tensor::from(4.0))?;
/// let grads = x.sum().backward()?;                            // 1
/// Adagrad::keras(0.5).initial_accumulator_value(2.0).eps(1.0).step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 3.75);                         // √(2 + 1 + 1) = 2
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Duchi, Hazan, Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, 2011, figure 1.
///
/// # Differs from
/// * PyTorch: nothing.
/// * Keras: [`Adagrad::keras`] has ε inside the root, 1e-7, an `initial_accumulator_value` of 0.1, and decoupled weight
///   decay.
/// * optax: [`Adagrad::optax`], which is that of Keras but for the weight decay, which optax does not have.
#[derive(Clone)]
pub struct Adagrad(Driver<AdagradRule>);
optimizer!(Adagrad, AdagradRule);

#[derive(Clone, Debug)]
struct AdagradRule {
    lr_decay: f64,
    initial_accumulator_value: f64,
    eps: f64,
    eps_inside: bool,
}

impl Adagrad {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.01.
    pub fn new(lr: f64) -> Adagrad {
        let (lr_decay, initial_accumulator_value, eps) = (0.0, 0.0, 1e-10);
        Adagrad(Driver::new(AdagradRule { lr_decay, initial_accumulator_value, eps, eps_inside: false }, lr))
    }

    /// Keras' form: ε inside the root, 1e-7; s starts at 0.1; weight decay is decoupled.
    pub fn keras(lr: f64) -> Adagrad {
        let keras = Adagrad::new(lr).initial_accumulator_value(0.1).eps(1e-7).eps_inside(true);
        keras.decoupled_weight_decay(true)
    }

    /// optax's form: ε inside the root, 1e-7; s starts at 0.1. Unlike in [`Adagrad::keras`], weight decay goes through
    /// the gradient.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adagrad, Optimizer};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;                        // 1
    /// Adagrad::optax(0.5).eps(2.9).step(&mut x, &grads)?;
    /// assert!((x.item::<f32>()? - 3.75).abs() < 1e-6);        // √(0.1 + 1 + 2.9) = 2
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Adagrad {
        Adagrad::new(lr).initial_accumulator_value(0.1).eps(1e-7).eps_inside(true)
    }

    /// η ≥ 0: how fast the learning rate falls. Default 0.
    pub fn lr_decay(self, lr_decay: f64) -> Adagrad {
        self.with(|rule| rule.lr_decay = lr_decay)
    }

    /// The s ≥ 0 before the first step. Default 0.
    pub fn initial_accumulator_value(self, value: f64) -> Adagrad {
        self.with(|rule| rule.initial_accumulator_value = value)
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-10.
    pub fn eps(self, eps: f64) -> Adagrad {
        self.with(|rule| rule.eps = eps)
    }

    /// Whether ε is added to s and not to its root. Default false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Adagrad, Optimizer};
    /// assert!(Adagrad::new(0.5).eps_inside(true).describe(&[]).to_string().contains("eps_inside: true"));
    /// ```
    pub fn eps_inside(self, inside: bool) -> Adagrad {
        self.with(|rule| rule.eps_inside = inside)
    }
}

impl Rule for AdagradRule {
    const NAME: &'static str = "Adagrad";
    const STATE: &'static [&'static str] = &["sum"];

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(parameter.full_like(self.initial_accumulator_value))
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("lr_decay", &mut self.lr_decay, Range::AT_LEAST_0);
        see("initial_accumulator_value", &mut self.initial_accumulator_value, Range::AT_LEAST_0);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let (eps_inside, eps) = if self.eps_inside { (self.eps, 0.0) } else { (0.0, self.eps) };
        let rate = turn.lr / (1.0 + (turn.t - 1) as f64 * self.lr_decay);
        turn.update(Formula { rate, eps, eps_inside })
    }
}

#[derive(Clone, Copy)]
struct Formula {
    rate: f64,
    eps: f64,
    eps_inside: f64,
}

impl ElementRule<1> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [s]: [T; 1]) -> (T, [T; 1]) {
        let s = s + g * g;
        let u = g / ((s + T::of(self.eps_inside)).sqrt() + T::of(self.eps));
        // 0 / 0 where there was no gradient yet, and nothing keeps the divisor from 0.
        let u = T::select(g.eq(T::ZERO), g, u);
        (p - T::of(self.rate) * u, [s])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, start: f64, lr_decay: f64) {
    s.a = if s.t == 1.0 { start } else { s.a } + g * g;
    s.p -= 0.1 / (1.0 + (s.t - 1.0) * lr_decay) * g / (s.a.sqrt() + 0.01);
}

#[cfg(test)]
cases![
    plain(|| Adagrad::new(0.1).eps(0.01), |s, g| by_hand(s, g, 0.0, 0.0)).keeps(&["sum"]),
    plain(
        || Adagrad::new(0.1).eps(0.01).initial_accumulator_value(0.5).lr_decay(0.25),
        |s, g| by_hand(s, g, 0.5, 0.25)
    )
    .keeps(&["sum"]),
    plain(|| Adagrad::new(0.1).eps(0.01).weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, 0.0, 0.0)).keeps(&["sum"]),
    plain(
        || Adagrad::new(0.1).eps(0.0),
        |s, g| {
            s.a += g * g;
            s.p -= if g == 0.0 { 0.0 } else { 0.1 * g / s.a.sqrt() };
        }
    )
    .keeps(&["sum"]),
    plain(
        || Adagrad::keras(0.1).eps(0.01).weight_decay(0.5),
        |s, g| {
            s.a = if s.t == 1.0 { 0.1 } else { s.a } + g * g;
            s.p *= 1.0 - 0.1 * 0.5;
            s.p -= 0.1 * g / (s.a + 0.01).sqrt();
        }
    )
    .keeps(&["sum"]),
    refused(Adagrad::new(0.1).lr_decay(-1.0), "Adagrad: lr_decay is -1.0, it must be finite and at least 0"),
    refused(
        Adagrad::new(0.1).initial_accumulator_value(-1.0),
        "Adagrad: initial_accumulator_value is -1.0, it must be finite and at least 0"
    ),
    refused(Adagrad::new(0.1).eps(f64::NAN), "Adagrad: eps is NaN, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::Adagrad;
    use crate::cases::golden;

    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.9836936324216745, -0.2556944643219007, 0.5752909353937217, -0.8623371389262464];
        golden(Adagrad::optax(0.1), expected);
    }
}
