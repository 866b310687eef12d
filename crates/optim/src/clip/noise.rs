//! Noise in the gradients.

use super::GradientRule;
use crate::driver::misfit;
use crate::noise::{deviation, noise_seed};
use crate::range::Range;
use autograd_core::module::Module;
use autograd_core::{Description, Error, ErrorKind, Gradients, Result, no_grad};

/// Adds Gaussian noise to the gradients, which fades from step to step: before the steps of any optimizer.
///
/// ```text
/// g ← g + σ n                    n: standard normal, σ² = η / tᵞ,  t = 1, 2, ..
/// ```
///
/// `η ≥ 0` (0.01), `γ ≥ 0` (0.55), a seed (0). The noise is a function of the seed, the name of the parameter and t,
/// and the same numbers in both dtypes, but for their rounding. A `Trainer` counts t, and so does
/// [`Transformed`](crate::Transformed), which keeps it in its state as `transformed.step`: a run that goes on from a
/// checkpoint has the noise that it would have had. The seed is part of the description. Two of one seed add the same
/// noise, and so does [`NoisySgd`](crate::NoisySgd). After a step that a [`Guard`](crate::Guard) leaves out the two
/// counts differ: the `Trainer` counts it, `Transformed` does not. All evaluations of one step have the same noise.
/// Gradients of other leaves stay as they are.
///
/// # Errors
/// If an option is out of its range, a gradient does not fit, or [`GradientRule::apply`] is called, which knows no t:
/// [`GradientRule::apply_at`] does.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Param};
/// use wengert_optim::{Adam, GradientNoise, GradientRule, Optimizer, Transformed};
///
/// let x = Param::new(Tensor::zeros(&[10_000], DType::F64)?)?;
/// let mut grads = x.sum().backward()?;                                // 1
/// GradientNoise::new().eta(0.08).gamma(1.0).seed(7).apply_at(2, &x, &mut grads)?;
/// let g = grads.get(&x).expect("a leaf");
/// let (mean, std) = (g.mean()?.to_f64()?, g.std(1.0)?.to_f64()?);
/// assert!((mean - 1.0).abs() < 0.01 && (std - 0.2).abs() < 0.01);     // √(0.08 / 2)
///
/// let noisy = Transformed::new(Adam::new(0.1), GradientNoise::new().eta(0.3));
/// assert!(noisy.describe(&[]).to_string().contains("GradientNoise { eta: 0.3, gamma: 0.55, seed: 0 }"));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Neelakantan et al., Adding Gradient Noise Improves Learning for Very Deep Networks, 2015, section 3.
///
/// # Differs from
/// * The paper and optax (`add_noise`): nothing but the random numbers; the paper counts t from 0, and has 1 + t.
/// * PyTorch and Keras do not have it.
#[derive(Clone, Copy, Debug)]
pub struct GradientNoise {
    eta: f64,
    gamma: f64,
    seed: u64,
}

impl Default for GradientNoise {
    fn default() -> Self {
        GradientNoise { eta: 0.01, gamma: 0.55, seed: 0 }
    }
}

impl GradientNoise {
    /// Noise with the default options.
    pub fn new() -> GradientNoise {
        GradientNoise::default()
    }

    /// η ≥ 0: the variance in the first step. Default 0.01; the paper also has 0.3 and 1.
    #[must_use]
    pub fn eta(mut self, eta: f64) -> GradientNoise {
        self.eta = eta;
        self
    }

    /// γ ≥ 0: the power with which the variance falls. Default 0.55.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> GradientNoise {
        self.gamma = gamma;
        self
    }

    /// The seed of the noise. Default 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> GradientNoise {
        self.seed = seed;
        self
    }
}

impl GradientRule for GradientNoise {
    fn apply(&self, _: &dyn Module, _: &mut Gradients) -> Result<()> {
        let text = "GradientNoise: it is another one in each step, and the number of the step is not known here: a Trainer \
                    and Transformed count steps, apply_at takes the number";
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn apply_at(&self, t: u64, model: &dyn Module, grads: &mut Gradients) -> Result<()> {
        self.check()?;
        // The first step is number 1.
        let t = t.max(1);
        let sigma = deviation(self.eta, self.gamma, t);
        let mut all = Vec::new();
        for (name, parameter) in model.named_parameters() {
            let Some(g) = grads.get(parameter) else { continue };
            if !g.is_like(parameter) {
                return Err(misfit("GradientNoise", "the gradient of", &name, g, parameter));
            }
            let noise = || g.try_add(&g.randn_like_seeded(noise_seed(self.seed, &name, t))?.mul_scalar(sigma));
            all.push((parameter, no_grad(noise)?));
        }
        all.into_iter().try_for_each(|(parameter, noisy)| grads.insert(parameter, noisy))
    }

    fn counts_steps(&self) -> bool {
        true
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("GradientNoise", "eta", self.eta)?;
        Range::AT_LEAST_0.check("GradientNoise", "gamma", self.gamma)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
use crate::{Sgd, Transformed};

/// The noise of the suite's model in step t, parameter by parameter.
#[cfg(test)]
fn noise_of_suite(seed: u64, t: u64) -> Vec<f64> {
    let all = [("hidden.weight", 6), ("hidden.bias", 2), ("output.weight", 2), ("output.bias", 1)];
    let of = |(name, n): (&str, usize)| {
        let x = autograd_core::Tensor::zeros(&[n], autograd_core::DType::F64).expect("small");
        x.randn_like_seeded(noise_seed(seed, name, t)).expect("floats").to_f64s()
    };
    all.into_iter().flat_map(of).collect()
}

#[cfg(test)]
cases![
    crate::cases::wrapped_joint(
        || Transformed::new(Sgd::new(0.1).momentum(0.5), GradientNoise::new().eta(0.25).gamma(0.5).seed(7)),
        |w, g| {
            let (noise, sigma) = (noise_of_suite(7, w.t as u64), 0.5 / w.t.powf(0.25));
            for i in 0..g.len() {
                w.a[i] = 0.5 * w.a[i] + g[i] + sigma * noise[i];
                w.p[i] -= 0.1 * w.a[i];
            }
        }
    ),
    refused(
        Transformed::new(Sgd::new(0.1), GradientNoise::new().eta(-1.0)),
        "GradientNoise: eta is -1.0, it must be finite and at least 0"
    ),
    refused(
        Transformed::new(Sgd::new(0.1), GradientNoise::new().gamma(f64::NAN)),
        "GradientNoise: gamma is NaN, it must be finite and at least 0"
    ),
];

#[cfg(test)]
mod tests {
    use super::{GradientNoise, GradientRule};
    use crate::{Guard, Lbfgs, LineSearch, NoisySgd, Optimizer, Sam, Sgd, Transformed};
    use autograd_core::module::Param;
    use autograd_core::{DType, Gradients, Result, Tensor};

    fn param(dtype: DType) -> Param {
        let x = Tensor::from_slice(&[1.0, -2.0, 0.5, 4.0], &[2, 2]).expect("small").to_dtype(dtype);
        Param::new(x).expect("floats")
    }

    fn evaluate(x: &mut Param) -> Result<(f64, Gradients)> {
        let loss = x.square().sum();
        Ok((loss.to_f64()?, loss.backward()?))
    }

    #[test]
    fn noise_before_descent_is_noisy_descent_in_both_dtypes() {
        let mut ends = Vec::new();
        for dtype in [DType::F32, DType::F64] {
            let (mut x, mut y) = (param(dtype), param(dtype));
            let mut noisy = NoisySgd::new(0.1).eta(0.5).seed(3);
            let mut before = Transformed::new(Sgd::new(0.1), GradientNoise::new().eta(0.5).seed(3));
            for _ in 0..5 {
                noisy.step_with(&mut x, evaluate).expect("valid");
                before.step_with(&mut y, evaluate).expect("valid");
            }
            let both = [x.to_f64s(), y.to_f64s()];
            assert!(both[0].iter().zip(&both[1]).all(|(a, b)| (a - b).abs() < 1e-6), "{both:?}");
            ends.push(both[1].clone());
        }
        assert!(ends[0].iter().zip(&ends[1]).all(|(a, b)| (a - b).abs() < 1e-5), "{ends:?}");
    }

    /// Also where a step has several evaluations, and where a step is left out in between.
    #[test]
    fn a_run_that_goes_on_has_the_noise_that_it_would_have_had() {
        let noise = || GradientNoise::new().eta(0.5);
        let made: [fn(GradientNoise) -> Box<dyn Optimizer>; 4] = [
            |noise| Box::new(Transformed::new(Sgd::new(0.1).momentum(0.9), noise)),
            |noise| Box::new(Transformed::new(Lbfgs::new(0.5).line_search(LineSearch::StrongWolfe).max_iter(2), noise)),
            |noise| Box::new(Transformed::new(Sam::new(Sgd::new(0.1), 0.05), noise)),
            |noise| Box::new(Guard::skip(Transformed::new(Sgd::new(0.1), noise))),
        ];
        for make in made {
            let (mut x, mut whole) = (param(DType::F64), make(noise()));
            (0..3).for_each(|_| assert!(step(&mut *whole, &mut x).is_ok()));
            let nan = |x: &mut Param| {
                let (loss, mut grads) = evaluate(x)?;
                grads.scale(f64::NAN);
                Ok((loss, grads))
            };
            // A step that is refused or left out has no number.
            if whole.describe(&[]).to_string().starts_with("Guard") {
                assert_eq!(whole.step_with(&mut x, nan).map(|(_, report)| report.updated), Ok(0));
            }
            let (mut y, mut again) = (x.clone(), make(noise()));
            again.load_state_dict(&whole.state_dict()).expect("its own");
            (0..3).for_each(|_| assert!(step(&mut *whole, &mut x).is_ok() && step(&mut *again, &mut y).is_ok()));
            assert_eq!(x.to_f64s(), y.to_f64s());
            let steps =
                whole.state_dict().iter().find(|(key, _)| key.ends_with("transformed.step")).map(|(_, t)| t.to_f64s());
            assert_eq!(steps, Some(vec![6.0]));
        }
    }

    fn step(optimizer: &mut dyn Optimizer, x: &mut Param) -> Result<f64> {
        struct Square<'x>(&'x mut Param);
        impl crate::Objective for Square<'_> {
            fn model(&mut self) -> &mut dyn autograd_core::module::Module {
                self.0
            }
            fn evaluate(&mut self) -> Result<(f64, Gradients)> {
                evaluate(self.0)
            }
        }
        optimizer.step_on(&mut Square(x)).map(|(loss, _)| loss)
    }

    #[test]
    fn without_the_number_of_the_step_it_is_refused() {
        let x = param(DType::F64);
        let (_, mut grads) = evaluate(&mut x.clone()).expect("valid");
        let before: Vec<f64> = grads.iter().flat_map(Tensor::to_f64s).collect();
        let error = GradientNoise::new().apply(&x, &mut grads).expect_err("no number").to_string();
        assert!(error.ends_with("Transformed count steps, apply_at takes the number"), "{error}");
        assert_eq!(grads.iter().flat_map(Tensor::to_f64s).collect::<Vec<f64>>(), before);
    }
}
