//! AdamaxW.

use super::adamax::AdamaxRule;
use crate::driver::Driver;
use crate::named::optimizer;

/// [`Adamax`](crate::Adamax) with decoupled weight decay.
///
/// ```text
/// p ← (1 − lr·λ) p
/// p ← p − lr / (1 − β₁ᵗ) · m / u         m and u of Adamax
/// ```
///
/// Hyperparameters and state are those of Adamax, but λ (`weight_decay`) is 1e-4.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{AdamaxW, Optimizer};
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let grads = x.square().backward()?;
/// AdamaxW::new(0.5).betas(0.8, 0.99).eps(1e-6).weight_decay(0.5).step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 5.5);              // (1 − 0.25) · 8 − 0.5
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 2. Loshchilov, Hutter, Decoupled Weight
/// Decay Regularization, 2019.
///
/// # Differs from
/// * optax (`adamaxw`): nothing. PyTorch and Keras have no such name.
#[derive(Clone)]
pub struct AdamaxW(Driver<AdamaxRule<true>>);
optimizer!(AdamaxW, AdamaxRule<true>);

impl AdamaxW {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> AdamaxW {
        AdamaxW(Driver::new(AdamaxRule::DEFAULT, lr).weight_decay(1e-4).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the average of g and the largest |g| keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> AdamaxW {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to |g| to keep the divisor from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> AdamaxW {
        self.with(|rule| rule.eps = eps)
    }
}

#[cfg(test)]
use super::adamax::by_hand;

#[cfg(test)]
cases![
    plain(
        || AdamaxW::new(0.05).betas(0.5, 0.75).eps(0.01),
        |s, g| {
            s.p *= 1.0 - 0.05 * 1e-4;
            by_hand(s, g, false);
        }
    )
    .keeps(&["exp_avg", "exp_inf"]),
    plain(
        || AdamaxW::new(0.05).betas(0.5, 0.75).eps(0.01).weight_decay(0.3),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.3;
            by_hand(s, g, false);
        }
    )
    .keeps(&["exp_avg", "exp_inf"]),
    refused(AdamaxW::new(0.1).weight_decay(-1.0), "AdamaxW: weight_decay is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::AdamaxW;
    use crate::cases::golden;

    #[test]
    fn optax_has_the_same_steps() {
        let expected = [-0.9026219045413915, -0.21995116618819197, 0.5163867240900548, -0.7936357901259473];
        golden(AdamaxW::new(0.05).betas(0.5, 0.75).eps(0.01).weight_decay(0.3), expected);
    }
}
