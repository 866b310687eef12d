//! MoMo-Adam.

use super::momo::MomoRule;
use crate::driver::Driver;
use crate::named::optimizer;

/// MoMo-Adam: [`Adam`](crate::Adam) whose steps are as long as it takes to come down to the least value of the loss, by
/// the model of [`Momo`](crate::Momo).
///
/// ```text
/// f̄ ← β₁ f̄ + (1 − β₁) f
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// γ ← β₁ γ + (1 − β₁) ⟨g, p⟩
/// d = √(v / (1 − β₂ᵗ)) + ε,  ρ = 1 − β₁ᵗ                      t = 1, 2, ..
/// h = (1 + lr·λ) (f̄ − ρ f* − γ) + ⟨m, p⟩
/// τ = min(lr / ρ, max(h, 0) / ⟨m, m / d⟩)
/// p ← p / (1 + lr·λ) − τ m / d           (weight_decay λ; coupled: g ← g + λ p and f ← f + λ/2 ‖p‖² instead, with λ = 0)
///
/// adapt_lower_bound                      f* ← max(a / 2, lower_bound) before h where a < f*,
///                                                a = (f̄ − γ + ⟨m, p⟩ / (1 + lr·λ)) / ρ
///                                        f* ← max((f̄ − γ + ⟨m, p⟩ − τ/2 ⟨m, m / d⟩) / ρ, lower_bound) after the step
/// ```
///
/// f is the loss, so a step is [`Optimizer::step_with`](crate::Optimizer::step_with); products are over all parameters
/// that have a gradient, p is that before the step. `lr ≥ 0`, the longest step, `0 ≤ β < 1` (0.9 and 0.999), `ε ≥ 0`
/// (1e-8), `f*` (`lower_bound`, 0), any lower bound of the loss, `λ ≥ 0` (0, decoupled). If m is 0, τ is. State:
/// `exp_avg` (m), `exp_avg_sq` (v) and `gamma` (its part of γ) of each parameter, and the numbers `step`, `loss_avg`
/// (f̄), `lb` (f*) and `part` (τ ρ / lr of the last step), which all parameters share. t counts the steps of each
/// parameter, for f̄ those of the optimizer. Where groups have an lr or a λ of their own, each takes the same part of
/// its lr.
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes.
///
/// # Errors
/// [`Optimizer::step`](crate::Optimizer::step) is refused: it does not know the loss.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{MomoAdam, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(8.0))?;
/// let mut momo = MomoAdam::new(5.0).eps(0.0);
/// for expected in [3.0, 0.0] {                                // as far as lr, and as far as it is down to 0
///     momo.step_with(&mut x, |x| {
///         let loss = x.abs().mul_scalar(100.0);
///         Ok((loss.item()?, loss.backward()?))
///     })?;
///     assert!((x.item::<f64>()? - expected).abs() < 1e-12);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Schaipp, Ohana, Eickenberg, Defazio, Gower, MoMo: Momentum Models for Adaptive Learning Rates, 2023.
///
/// # Differs from
/// * optax (`contrib.momo_adam`): there τ is 0 wherever `⟨m, m / d⟩` is at most 2.2e-16, here only where it is 0. Its
///   `learning_rate` is 0.01 unless it is said.
/// * PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct MomoAdam(Driver<MomoRule<true>>);
optimizer!(MomoAdam, MomoRule<true>);

impl MomoAdam {
    /// An optimizer with the default hyperparameters, and `lr` as its longest step; optax's is 0.01.
    pub fn new(lr: f64) -> MomoAdam {
        let rule = MomoRule { betas: [0.9, 0.999], eps: 1e-8, lower_bound: 0.0, adapt_lower_bound: false };
        MomoAdam(Driver::new(rule, lr).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past the averages keep. Default 0.9 and 0.999.
    pub fn betas(self, beta1: f64, beta2: f64) -> MomoAdam {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> MomoAdam {
        self.with(|rule| rule.eps = eps)
    }

    /// f*: a lower bound of the loss, the first one with [`MomoAdam::adapt_lower_bound`]. Default 0.
    pub fn lower_bound(self, lower_bound: f64) -> MomoAdam {
        self.with(|rule| rule.lower_bound = lower_bound)
    }

    /// Whether f* is estimated on the way, from `lower_bound` upwards. Default false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{MomoAdam, Optimizer};
    /// let momo = MomoAdam::new(0.01).betas(0.8, 0.99).lower_bound(-1.0).adapt_lower_bound(true);
    /// assert_eq!((momo.get("betas[0]")?, momo.get("lower_bound")?), (0.8, -1.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn adapt_lower_bound(self, adapt: bool) -> MomoAdam {
        self.with(|rule| rule.adapt_lower_bound = adapt)
    }
}

#[cfg(test)]
use super::momo::tests::{ByHand, SHARES};
#[cfg(test)]
use crate::cases::given;

#[cfg(test)]
fn example() -> MomoAdam {
    MomoAdam::new(0.1).betas(0.5, 0.75).eps(0.1).lower_bound(-2.0)
}

#[cfg(test)]
const EXAMPLE: ByHand = ByHand { lr: 0.1, beta: 0.5, adam: Some([0.75, 0.1]), least: -2.0, adapts: false, decay: 0.0 };

#[cfg(test)]
const KEEPS: [&str; 3] = ["gamma", "exp_avg", "exp_avg_sq"];

#[cfg(test)]
cases![
    joint(|| given(example()), |w, g| EXAMPLE.step(w, g)).keeps(&KEEPS).shares(&SHARES),
    joint(
        || given(example().scale_lr(5.0).weight_decay(0.25)),
        |w, g| ByHand { lr: 0.5, decay: 0.25, ..EXAMPLE }.step(w, g)
    )
    .keeps(&KEEPS)
    .shares(&SHARES),
    joint(
        || given(example().scale_lr(5.0).lower_bound(-4.0).adapt_lower_bound(true).weight_decay(0.25)),
        |w, g| ByHand { lr: 0.5, least: -4.0, adapts: true, decay: 0.25, ..EXAMPLE }.step(w, g)
    )
    .keeps(&KEEPS)
    .shares(&SHARES),
    refused(MomoAdam::new(1.0).betas(0.9, 1.0), "MomoAdam: betas[1] is 1.0, it must be in [0, 1)"),
    refused(MomoAdam::new(1.0).eps(-1.0), "MomoAdam: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use super::given;
    use crate::cases::golden;
    use crate::{MomoAdam, Optimizer};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn an_element_without_any_gradient_stays_where_it_is_without_eps() {
        let mut x = Param::new(Tensor::from_slice(&[8.0, 3.0], &[2]).expect("two")).expect("floats");
        let mut momo = MomoAdam::new(5.0).eps(0.0);
        for expected in [[3.0, 3.0], [0.0, 3.0]] {
            momo.step_with(&mut x, |x| {
                let loss = x.select(0, 0)?.abs();
                Ok((loss.item()?, loss.backward()?))
            })
            .expect("valid");
            assert!(x.to_f64s().iter().zip(expected).all(|(x, expected)| (x - expected).abs() < 1e-12));
        }
    }

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64.
        let expected = [-0.37708345027388146, -0.040696993034875645, 1.2444530486400163, -2.4133630464954856];
        golden(given(MomoAdam::new(0.5)), expected);
        let momo = |lr: f64| MomoAdam::new(lr).betas(0.5, 0.75).eps(0.1).weight_decay(0.25);
        let expected = [-0.42134876982226543, 0.00020038804079114403, 0.5532987568974432, -0.89180825615029];
        golden(given(momo(0.5).lower_bound(0.25)), expected);
        let expected = [-0.12955872109704747, -0.4846389781581184, 0.3724880474247687, -0.009776381756615327];
        golden(given(momo(2.0).lower_bound(-1.0).adapt_lower_bound(true)), expected);
    }
}
