//! Adam.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Adam, adaptive moment estimation: steps of the size of the learning rate, whatever the size of the gradient.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ; decoupled: p ← (1 − lr·λ) p instead)
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²                 (amsgrad: below, the largest v so far in place of v)
/// p ← p − lr · m̂ / (√(v̂ + ε₀) + ε)       m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = 1, 2, ..
///
/// nesterov                               m̂ = β₁ m / (1 − β₁ᵗ⁺¹) + (1 − β₁) g / (1 − β₁ᵗ)
/// keras                                  p ← p − lr √(1 − β₂ᵗ) · m̂ / (√v + ε)
/// optax with amsgrad                     the largest v̂ so far in place of v̂
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0` (1e-8), `ε₀ ≥ 0` (`eps_root`, 0), `λ ≥ 0` (0). State: `exp_avg` (m),
/// `exp_avg_sq` (v), and `max_exp_avg_sq` with amsgrad. t counts the steps of each parameter.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adam, Optimizer};
///
/// let mut x = Param::new(Tensor::from([1.0, 1000.0]))?;
/// let mut adam = Adam::new(0.5);
/// let grads = x.square().sum().backward()?;
/// adam.step(&mut x, &grads)?;                 // the first step is lr, for any gradient
/// assert_eq!(x.to_vec::<f32>()?, [0.5, 999.5]);
///
/// let adam = Adam::new(0.5).betas(0.8, 0.99).eps(1e-6).amsgrad(true);
/// assert_eq!((adam.get("betas[0]")?, adam.get("eps")?), (0.8, 1e-6));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1. Reddi, Kale, Kumar, On the Convergence of
/// Adam and Beyond, 2018, algorithm 2 (amsgrad). Dozat, Incorporating Nesterov Momentum into Adam, 2016 (nesterov).
///
/// # Differs from
/// * Keras: ε is added to √v before the bias correction and is 1e-7, weight decay is decoupled: [`Adam::keras`].
/// * optax: the largest v̂ is taken after the bias correction: [`Adam::optax`].
/// * Reddi et al.: no bias correction at all, which is `Adam::new(lr).amsgrad(true).bias_correction(false, false)`.
#[derive(Clone)]
pub struct Adam(Driver<AdamRule<false>>);
optimizer!(Adam, AdamRule<false>);

/// The framework whose formula is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Torch,
    Keras,
    Optax,
}

/// The rule of Adam and, if `W`, of AdamW: they differ only in the name in errors.
#[derive(Clone, Debug)]
pub(crate) struct AdamRule<const W: bool> {
    pub(super) betas: [f64; 2],
    pub(super) eps: f64,
    pub(super) eps_root: f64,
    pub(super) amsgrad: bool,
    pub(super) nesterov: bool,
    /// Of m and of v.
    pub(super) bias_correction: [bool; 2],
    form: Form,
}

impl<const W: bool> AdamRule<W> {
    pub(super) fn of(form: Form) -> Self {
        let eps = if form == Form::Keras { 1e-7 } else { 1e-8 };
        let (betas, bias_correction) = ([0.9, 0.999], [true; 2]);
        AdamRule { betas, eps, eps_root: 0.0, amsgrad: false, nesterov: false, bias_correction, form }
    }
}

impl Adam {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Adam {
        Adam(Driver::new(AdamRule::of(Form::Torch), lr))
    }

    /// Keras' formula and defaults: ε beside √v before the bias correction, 1e-7; decoupled weight decay.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adam, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(0.75).backward()?;                             // 0.75
    /// Adam::keras(1.0).betas(0.5, 0.75).eps(0.625).step(&mut x, &grads)?;     // √v = 0.375
    /// assert_eq!(x.item::<f64>()?, -0.375);                                   // √0.25 · 0.75 / (0.375 + 0.625)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> Adam {
        Adam(Driver::new(AdamRule::of(Form::Keras), lr).decoupled_weight_decay(true))
    }

    /// optax's formula: with amsgrad, the largest v̂ after the bias correction.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adam, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let mut amsgrad = Adam::optax(1.0).betas(0.0, 0.5).eps(0.0).amsgrad(true);
    /// for slope in [2.0, 1.0] {
    ///     let grads = x.mul_scalar(slope).backward()?;
    ///     amsgrad.step(&mut x, &grads)?;          // v̂ is 4, then 1.5 / 0.75: the largest is 4
    /// }
    /// assert_eq!(x.item::<f64>()?, -1.5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Adam {
        Adam(Driver::new(AdamRule::of(Form::Optax), lr))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> Adam {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> Adam {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added inside the root, for derivatives of the step at 0. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adam, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(3.0).backward()?;
    /// Adam::new(1.0).eps_root(16.0).eps(0.0).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? + 0.6).abs() < 1e-12);                        // 3 / √(9 + 16)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn eps_root(self, eps_root: f64) -> Adam {
        self.with(|rule| rule.eps_root = eps_root)
    }

    /// Whether to divide by the largest average of g² so far: a few small gradients do not make the divisor forget a
    /// large one. Default false.
    pub fn amsgrad(self, amsgrad: bool) -> Adam {
        self.with(|rule| rule.amsgrad = amsgrad)
    }

    /// Whether m looks one step ahead, by the gradient at hand. Default false. [`NAdam`](crate::NAdam) lets β₁ grow
    /// besides.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adam, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(2.0).backward()?;
    /// Adam::new(1.0).betas(0.5, 0.999).eps(0.0).nesterov(true).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? + 4.0 / 3.0).abs() < 1e-12);                  // (0.5 · 1 / 0.75 + 0.5 · 2 / 0.5) / 2
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nesterov(self, nesterov: bool) -> Adam {
        self.with(|rule| rule.nesterov = nesterov)
    }

    /// Whether m and v are divided by `1 − βᵗ`, which makes up for their start at 0. Default true and true.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Adam, Optimizer};
    /// let mut x = Param::new(Tensor::scalar(0.0))?;
    /// let grads = x.mul_scalar(2.0).backward()?;
    /// let mut of_reddi = Adam::new(1.0).amsgrad(true).betas(0.5, 0.75).eps(0.0).bias_correction(false, false);
    /// of_reddi.step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f64>()?, -1.0);                                     // 0.5 · 2 / √(0.25 · 4)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bias_correction(self, first: bool, second: bool) -> Adam {
        self.with(|rule| rule.bias_correction = [first, second])
    }
}

impl<const W: bool> Rule for AdamRule<W> {
    const NAME: &'static str = if W { "AdamW" } else { "Adam" };
    const STATE: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];
    const ALWAYS: usize = 2;

    fn uses(&self, slot: usize) -> bool {
        slot < 2 || self.amsgrad
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("eps_root", &mut self.eps_root, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let ([beta1, beta2], t) = (self.betas, turn.t as f64);
        let part = |on: bool, beta: f64, t: f64| if on { 1.0 - beta.powf(t) } else { 1.0 };
        let [first, second] = self.bias_correction;
        let (of_m, of_v) = (part(first, beta1, t), part(second, beta2, t));
        let [of_average, of_gradient] = match self.nesterov {
            true => [beta1 / part(first, beta1, t + 1.0), (1.0 - beta1) / of_m].map(|factor| turn.lr * factor),
            false => [turn.lr / of_m, 0.0],
        };
        let (scale, correction) = match self.form {
            Form::Optax => (1.0 / of_v, 1.0),
            Form::Torch | Form::Keras => (1.0, 1.0 / of_v.sqrt()),
        };
        let formula = Formula {
            beta2,
            average: Average::keeping(beta1),
            gain2: 1.0 - beta2,
            nesterov: self.nesterov,
            of_average,
            of_gradient,
            scale,
            correction,
            eps: if self.form == Form::Keras { self.eps / of_v.sqrt() } else { self.eps },
            eps_root: if self.form == Form::Optax { self.eps_root } else { self.eps_root * of_v },
        };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    beta2: f64,
    average: Average,
    gain2: f64,
    nesterov: bool,
    of_average: f64,
    of_gradient: f64,
    scale: f64,
    correction: f64,
    eps: f64,
    eps_root: f64,
}

impl ElementRule<3> for Formula {
    const ALWAYS: usize = 2;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, v, largest]: [T; 3]) -> (T, [T; 3]) {
        let m = self.average.next(m, g);
        let v = T::of(self.beta2) * v + T::of(self.gain2) * (g * g);
        // Without amsgrad the largest so far is 0, and this is v.
        let largest = largest.larger(v * T::of(self.scale));
        let root = (largest + T::of(self.eps_root)).sqrt() * T::of(self.correction) + T::of(self.eps);
        let step = if self.nesterov {
            (T::of(self.of_average) * m + T::of(self.of_gradient) * g) / root
        } else {
            T::of(self.of_average) * (m / root)
        };
        (p - step, [m, v, largest])
    }
}

/// Adam in plain words, for cases.
#[cfg(test)]
pub(crate) fn by_hand(s: &mut crate::cases::Scalar, g: f64, lr: f64, amsgrad: bool) {
    s.a = 0.9 * s.a + 0.1 * g;
    s.b = 0.999 * s.b + 0.001 * g * g;
    s.c = if amsgrad { s.b.max(s.c) } else { s.b };
    let (m, v) = (s.a / (1.0 - 0.9f64.powf(s.t)), s.c / (1.0 - 0.999f64.powf(s.t)));
    s.p -= lr * m / (v.sqrt() + 1e-8);
}

/// Keras' in plain words.
#[cfg(test)]
pub(super) fn keras_by_hand(s: &mut crate::cases::Scalar, g: f64, lr: f64, amsgrad: bool) {
    s.a = 0.9 * s.a + 0.1 * g;
    s.b = 0.999 * s.b + 0.001 * g * g;
    s.c = if amsgrad { s.b.max(s.c) } else { s.b };
    let rate = lr * (1.0 - 0.999f64.powf(s.t)).sqrt() / (1.0 - 0.9f64.powf(s.t));
    s.p -= rate * s.a / (s.c.sqrt() + 1e-3);
}

/// optax's with amsgrad, in plain words.
#[cfg(test)]
fn optax_by_hand(s: &mut crate::cases::Scalar, g: f64, [corrects_m, corrects_v]: [bool; 2]) {
    s.a = 0.5 * s.a + 0.5 * g;
    s.b = 0.8 * s.b + 0.2 * g * g;
    let v = if corrects_v { s.b / (1.0 - 0.8f64.powf(s.t)) } else { s.b };
    let m = if corrects_m { s.a / (1.0 - 0.5f64.powf(s.t)) } else { s.a };
    s.c = s.c.max(v);
    s.p -= 0.05 * m / ((s.c + 0.01).sqrt() + 1e-8);
}

#[cfg(test)]
const KEEPS: [&str; 3] = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];

#[cfg(test)]
fn optax(first: bool, second: bool) -> Adam {
    Adam::optax(0.05).betas(0.5, 0.8).eps_root(0.01).amsgrad(true).bias_correction(first, second)
}

#[cfg(test)]
cases![
    plain(|| Adam::new(0.05), |s, g| by_hand(s, g, 0.05, false)).keeps(&["exp_avg", "exp_avg_sq"]),
    plain(|| Adam::new(0.05).amsgrad(true), |s, g| by_hand(s, g, 0.05, true)).keeps(&KEEPS),
    plain(|| Adam::new(0.05).weight_decay(0.1), |s, g| by_hand(s, g + 0.1 * s.p, 0.05, false)).keeps(&KEEPS[..2]),
    plain(|| Adam::new(0.1).betas(0.0, 0.0).eps(1.0), |s, g| s.p -= 0.1 * g / (g.abs() + 1.0)).keeps(&KEEPS[..2]),
    plain(
        || Adam::new(0.1).betas(0.0, 0.0).eps(1.0).eps_root(0.5),
        |s, g| s.p -= 0.1 * g / ((g * g + 0.5).sqrt() + 1.0)
    )
    .keeps(&KEEPS[..2]),
    plain(
        || Adam::new(0.1).betas(0.5, 0.0).eps(1.0).nesterov(true),
        |s, g| {
            s.a = (s.a + g) / 2.0;
            let ahead = 0.5 * s.a / (1.0 - 0.5f64.powf(s.t + 1.0)) + 0.5 * g / (1.0 - 0.5f64.powf(s.t));
            s.p -= 0.1 * ahead / (g.abs() + 1.0);
        }
    )
    .keeps(&KEEPS[..2]),
    plain(|| Adam::keras(0.05).eps(1e-3), |s, g| keras_by_hand(s, g, 0.05, false)).keeps(&KEEPS[..2]),
    plain(|| Adam::keras(0.05).eps(1e-3).amsgrad(true), |s, g| keras_by_hand(s, g, 0.05, true)).keeps(&KEEPS),
    plain(|| optax(true, true), |s, g| optax_by_hand(s, g, [true, true])).keeps(&KEEPS),
    plain(|| optax(true, false), |s, g| optax_by_hand(s, g, [true, false])).keeps(&KEEPS),
    plain(|| optax(false, true), |s, g| optax_by_hand(s, g, [false, true])).keeps(&KEEPS),
    refused(Adam::new(f64::INFINITY), "Adam: lr is inf, it must be finite and at least 0"),
    refused(Adam::new(0.1).betas(1.0, 0.9), "Adam: betas[0] is 1.0, it must be in [0, 1)"),
    refused(Adam::new(0.1).betas(0.9, -0.1), "Adam: betas[1] is -0.1, it must be in [0, 1)"),
    refused(Adam::new(0.1).eps(-1e-8), "Adam: eps is -1e-8, it must be finite and at least 0"),
    refused(Adam::optax(0.1).eps_root(-1.0), "Adam: eps_root is -1.0, it must be finite and at least 0"),
    refused(
        Adam::new(0.1).group("hidden", |group| group.betas(f64::NAN, 0.9)),
        "Adam: betas[0] is NaN, it must be in [0, 1)"
    ),
];
