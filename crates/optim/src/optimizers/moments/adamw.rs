//! AdamW.

use super::adam::{AdamRule, Form};
use crate::driver::Driver;
use crate::named::optimizer;

/// [`Adam`](crate::Adam) with decoupled weight decay: parameters shrink by `lr·λ` of themselves, whatever their
/// gradients; the decay does not pass through the averages.
///
/// ```text
/// p ← (1 − lr·λ) p
/// p ← p − lr · m̂ / (√v̂ + ε)      m̂ and v̂ of Adam
/// ```
///
/// Hyperparameters and state are those of Adam, but λ (`weight_decay`) is 0.01.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdamW, Optimizer};
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let grads = x.square().backward()?;
/// AdamW::new(0.5).weight_decay(0.5).step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 5.5);              // (1 − 0.25) · 8 − 0.5
///
/// let adamw = AdamW::new(0.5).betas(0.8, 0.99).eps(1e-6).amsgrad(true);
/// assert_eq!((adamw.get("betas[0]")?, adamw.get("eps")?), (0.8, 1e-6));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2.
///
/// # Differs from
/// * The paper: there the decay is not multiplied by the learning rate, only by its schedule.
/// * Keras: λ is 0.004 and ε 1e-7 by default, ε stands elsewhere: [`AdamW::keras`].
/// * optax: λ is 1e-4 by default: [`AdamW::optax`]. burn: 1e-4.
#[derive(Clone)]
pub struct AdamW(Driver<AdamRule<true>>);
optimizer!(AdamW, AdamRule<true>);

impl AdamW {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> AdamW {
        AdamW::of(Form::Torch, lr, 0.01)
    }

    /// Keras' formula and defaults: that of [`Adam::keras`](crate::Adam::keras), λ is 0.004.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{AdamW, Optimizer};
    /// let adamw = AdamW::keras(0.1);
    /// assert_eq!((adamw.get("weight_decay")?, adamw.get("eps")?), (0.004, 1e-7));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> AdamW {
        AdamW::of(Form::Keras, lr, 0.004)
    }

    /// optax's formula and defaults: that of [`Adam::optax`](crate::Adam::optax), λ is 1e-4.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{AdamW, Optimizer};
    /// assert_eq!(AdamW::optax(0.1).get("weight_decay")?, 1e-4);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> AdamW {
        AdamW::of(Form::Optax, lr, 1e-4)
    }

    fn of(form: Form, lr: f64, weight_decay: f64) -> AdamW {
        AdamW(Driver::new(AdamRule::of(form), lr).weight_decay(weight_decay).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> AdamW {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> AdamW {
        self.with(|rule| rule.eps = eps)
    }

    /// ε₀ ≥ 0, which is added inside the root. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{AdamW, Optimizer};
    /// let adamw = AdamW::optax(0.1).eps_root(1e-12).nesterov(true).bias_correction(true, true);
    /// assert_eq!(adamw.get("eps_root")?, 1e-12);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn eps_root(self, eps_root: f64) -> AdamW {
        self.with(|rule| rule.eps_root = eps_root)
    }

    /// Whether to divide by the largest average of g² so far: a few small gradients do not make the divisor forget a
    /// large one. Default false.
    pub fn amsgrad(self, amsgrad: bool) -> AdamW {
        self.with(|rule| rule.amsgrad = amsgrad)
    }

    /// Whether m looks one step ahead, by the gradient at hand. Default false.
    pub fn nesterov(self, nesterov: bool) -> AdamW {
        self.with(|rule| rule.nesterov = nesterov)
    }

    /// Whether m and v are divided by `1 − βᵗ`, which makes up for their start at 0. Default true and true.
    pub fn bias_correction(self, first: bool, second: bool) -> AdamW {
        self.with(|rule| rule.bias_correction = [first, second])
    }
}

#[cfg(test)]
use super::adam::{by_hand, keras_by_hand};

#[cfg(test)]
cases![
    plain(
        || AdamW::new(0.05).weight_decay(0.3),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.3;
            by_hand(s, g, 0.05, false);
        }
    )
    .keeps(&["exp_avg", "exp_avg_sq"]),
    plain(
        || AdamW::new(0.05).amsgrad(true),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.01;
            by_hand(s, g, 0.05, true);
        }
    )
    .keeps(&["exp_avg", "exp_avg_sq", "max_exp_avg_sq"]),
    plain(
        || AdamW::keras(0.05).eps(1e-3).weight_decay(0.3),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.3;
            keras_by_hand(s, g, 0.05, false);
        }
    )
    .keeps(&["exp_avg", "exp_avg_sq"]),
    plain(
        || AdamW::optax(0.05),
        |s, g| {
            s.p *= 1.0 - 0.05 * 1e-4;
            by_hand(s, g, 0.05, false);
        }
    )
    .keeps(&["exp_avg", "exp_avg_sq"]),
    refused(AdamW::new(0.1).weight_decay(-1.0), "AdamW: weight_decay is -1.0, it must be finite and at least 0"),
    refused(AdamW::new(0.1).betas(0.9, 1.0), "AdamW: betas[1] is 1.0, it must be in [0, 1)"),
];
