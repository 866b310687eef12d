//! Descent with noise.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::noise::{deviation, noise_seed};
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// Descent along the gradient and Gaussian noise, which fades from step to step.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// p ← p − lr · (g + σ n)                 n: standard normal, σ² = η / tᵞ,  t = 1, 2, ..
/// ```
///
/// `lr ≥ 0`, `η ≥ 0` (0.01), `γ ≥ 0` (0.55), `λ ≥ 0` (0), a seed (0). The noise is a function of the seed, the name of
/// the parameter and its t, so there is no state: a run that goes on from a checkpoint has the noise that it would have
/// had. [`GradientNoise`](crate::GradientNoise) is the same before the steps of any other optimizer.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Param};
/// use wengert_optim::{NoisySgd, Optimizer};
///
/// let mut x = Param::new(Tensor::zeros(&[10_000], DType::F64)?)?;
/// let grads = x.sum().backward()?;                               // 1
/// NoisySgd::new(0.5).eta(0.04).gamma(0.5).seed(7).step(&mut x, &grads)?;
/// let (mean, std) = (x.mean()?.to_f64()?, x.std(1.0)?.to_f64()?);
/// assert!((mean + 0.5).abs() < 0.005 && (std - 0.1).abs() < 0.005);       // lr · √η = 0.1
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Neelakantan et al., Adding Gradient Noise Improves Learning for Very Deep Networks, 2015, section 3.
///
/// # Differs from
/// * The paper and optax: nothing but the random numbers; the paper counts t from 0, and has 1 + t.
#[derive(Clone)]
pub struct NoisySgd(Driver<NoisySgdRule>);
optimizer!(NoisySgd, NoisySgdRule);

#[derive(Clone, Debug)]
struct NoisySgdRule {
    eta: f64,
    gamma: f64,
    seed: u64,
}

impl NoisySgd {
    /// An optimizer with the default hyperparameters and the seed 0.
    pub fn new(lr: f64) -> NoisySgd {
        NoisySgd(Driver::new(NoisySgdRule { eta: 0.01, gamma: 0.55, seed: 0 }, lr))
    }

    /// η ≥ 0: the variance of the noise in the first step. Default 0.01; the paper also has 0.3 and 1.
    pub fn eta(self, eta: f64) -> NoisySgd {
        self.with(|rule| rule.eta = eta)
    }

    /// γ ≥ 0: the power with which the variance falls. Default 0.55.
    pub fn gamma(self, gamma: f64) -> NoisySgd {
        self.with(|rule| rule.gamma = gamma)
    }

    /// The seed of the noise. Default 0.
    pub fn seed(self, seed: u64) -> NoisySgd {
        self.with(|rule| rule.seed = seed)
    }
}

impl Rule for NoisySgdRule {
    const NAME: &'static str = "NoisySGD";

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("eta", &mut self.eta, Range::AT_LEAST_0);
        see("gamma", &mut self.gamma, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let sigma = deviation(self.eta, self.gamma, turn.t);
        let noise = turn.parameter.randn_like_seeded(noise_seed(self.seed, turn.parameter_name, turn.t))?;
        let formula = Noisy { sigma, lr: turn.lr };
        Turn { state: &mut [Some(noise)], ..turn }.update(formula)
    }
}

/// The noise n in the place of a state.
#[derive(Clone, Copy)]
struct Noisy {
    sigma: f64,
    lr: f64,
}

impl ElementRule<1> for Noisy {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [n]: [T; 1]) -> (T, [T; 1]) {
        (p - T::of(self.lr) * (g + T::of(self.sigma) * n), [n])
    }
}

/// The step of a parameter that the suite's shapes tell apart.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], seed: u64, decay: f64) {
    let name = match w.shape[..] {
        [2, 3] => "hidden.weight",
        [2] => "hidden.bias",
        [1, 2] => "output.weight",
        _ => "output.bias",
    };
    let seed = noise_seed(seed, name, w.t as u64);
    let p = autograd_core::Tensor::from_slice(&w.p, &[w.p.len()]).expect("as many as there are");
    let noise = p.randn_like_seeded(seed).expect("a float type").to_f64s();
    let sigma = 0.25f64.sqrt() / w.t.powf(0.275);
    for i in 0..g.len() {
        w.p[i] -= 0.1 * (g[i] + decay * w.p[i] + sigma * noise[i]);
    }
}

#[cfg(test)]
cases![
    plain(|| NoisySgd::new(0.1).eta(0.0), |s, g| s.p -= 0.1 * g),
    coupled(|| NoisySgd::new(0.1).eta(0.25), |w, g| by_hand(w, g, 0, 0.0)),
    coupled(|| NoisySgd::new(0.1).eta(0.25).seed(7).weight_decay(0.5), |w, g| by_hand(w, g, 7, 0.5)),
    refused(NoisySgd::new(0.1).eta(-1.0), "NoisySGD: eta is -1.0, it must be finite and at least 0"),
    refused(NoisySgd::new(0.1).gamma(f64::NAN), "NoisySGD: gamma is NaN, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::NoisySgd;
    use crate::cases::golden;

    #[test]
    fn optax_has_the_same_steps_without_noise() {
        golden(NoisySgd::new(0.1).eta(0.0), [-1.025, -0.225, 0.575, -0.9]);
    }
}
