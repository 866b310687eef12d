//! AdamW.

use super::adam::AdamRule;
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
/// * Keras: λ is 0.004 by default. burn: 1e-4.
#[derive(Clone)]
pub struct AdamW(Driver<AdamRule<true>>);
optimizer!(AdamW, AdamRule<true>);

impl AdamW {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> AdamW {
        AdamW(Driver::new(AdamRule::DEFAULT, lr).weight_decay(0.01).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages of g and g² keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> AdamW {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> AdamW {
        self.with(|rule| rule.eps = eps)
    }

    /// Whether to divide by the largest average of g² so far, so steps never grow again. Default false.
    pub fn amsgrad(self, amsgrad: bool) -> AdamW {
        self.with(|rule| rule.amsgrad = amsgrad)
    }
}

#[cfg(test)]
use super::adam::by_hand;

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
    refused(AdamW::new(0.1).weight_decay(-1.0), "AdamW: weight_decay is -1.0, it must be finite and at least 0"),
    refused(AdamW::new(0.1).betas(0.9, 1.0), "AdamW: betas[1] is 1.0, it must be in [0, 1)"),
];
