//! Sophia-G.

use crate::blend::{Average, blend, blend_square};
use crate::driver::Driver;
use crate::named::optimizer;
use crate::optimizer::Optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::module::Module;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Gradients, Result};

/// Sophia-G: momentum divided by an estimate of the diagonal of the Hessian, each element limited to the learning rate.
///
/// ```text
/// p ← (1 − lr·λ) p                                            (weight_decay λ; coupled: g ← g + λ p instead)
/// m ← β₁ m + (1 − β₁) g
/// p ← p − lr · clamp(m / max(γ h, ε), −1, 1)
///
/// h ← β₂ h + (1 − β₂) B ĝ²                                    in update_hessian
/// ```
///
/// `lr ≥ 0`, `0 ≤ β < 1` (0.96 and 0.99), `γ ≥ 0` (0.05), `ε > 0` (1e-12), `λ ≥ 0` (0.1, decoupled). State: `exp_avg`
/// (m), `hessian` (h, 0 at first).
///
/// h comes from [`SophiaG::update_hessian`], which is called every k-th step (10 in the paper) with a second gradient:
/// ĝ is that of the mean loss of B samples whose labels are drawn from the model's own outputs. A `Trainer` does it if
/// `Trainer::update_hessian` says how labels are drawn. Without it every element moves by lr, in the direction of −m.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, SophiaG};
///
/// let mut x = Param::new(Tensor::scalar(1.0))?;
/// let mut sophia = SophiaG::new(0.5).betas(0.5, 0.75).gamma(0.5).eps(1e-12).weight_decay(0.0);
/// let grads = x.mul_scalar(2.0).backward()?;
/// sophia.step(&mut x, &grads)?;                       // h is 0: 1 − 0.5
/// assert_eq!(x.item::<f64>()?, 0.5);
///
/// let sampled = x.mul_scalar(3.0).backward()?;        // ĝ = 3 of a batch of 4: h = 0.25 · 4 · 9
/// sophia.update_hessian(&mut x, &sampled, 4)?;
/// sophia.step(&mut x, &grads)?;                       // m = 1.5, γ h = 4.5
/// assert!((x.item::<f64>()? - (0.5 - 0.5 / 3.0)).abs() < 1e-12);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Liu, Li, Hall, Liang, Ma, Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training,
/// 2023, algorithms 2 (Gauss-Newton-Bartlett) and 3.
///
/// # Differs from
/// * The paper: h is estimated after a step, as in the authors' code, not before the first one.
/// * The authors' code: B stands in h, not in the step; γ is called ρ, and ε is added.
/// * optax (`contrib.sophia`): [`SophiaG::optax`]. There h is updated inside of a step, in steps 1, 11, 21, .., and by
///   Hutchinson's estimate unless it is given: [`SophiaG::blend_hessian`] takes that. Its `clip_threshold` is 1 here.
/// * PyTorch, Keras: they do not have it.
#[derive(Clone)]
pub struct SophiaG(Driver<SophiaRule>);
optimizer!(SophiaG, SophiaRule);

#[derive(Clone, Debug)]
struct SophiaRule {
    betas: [f64; 2],
    gamma: f64,
    eps: f64,
    /// Whether m / (1 − β₁ᵗ) stands in place of m.
    corrected: bool,
}

impl SophiaG {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> SophiaG {
        let rule = SophiaRule { betas: [0.96, 0.99], gamma: 0.05, eps: 1e-12, corrected: false };
        SophiaG(Driver::new(rule, lr).weight_decay(0.1).decoupled_weight_decay(true))
    }

    /// optax' form and defaults: `m / (1 − β₁ᵗ)` stands in place of m; β₁ is 0.965, γ 0.01, ε 1e-8, λ 1e-4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, SophiaG};
    /// let mut x = Param::new(Tensor::scalar(1.0))?;
    /// let grads = x.mul_scalar(2.0).backward()?;
    /// SophiaG::optax(0.5).eps(4.0).weight_decay(0.0).step(&mut x, &grads)?;
    /// assert!((x.item::<f64>()? - 0.75).abs() < 1e-12);                   // 1 − 0.5 · 2 / 4
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> SophiaG {
        let rule = SophiaRule { betas: [0.965, 0.99], gamma: 0.01, eps: 1e-8, corrected: true };
        SophiaG(Driver::new(rule, lr).weight_decay(1e-4).decoupled_weight_decay(true))
    }

    /// β₁ and β₂, `0 ≤ β < 1`: how much of the past m and h keep. Default 0.96 and 0.99.
    pub fn betas(self, beta1: f64, beta2: f64) -> SophiaG {
        self.with(|rule| rule.betas = [beta1, beta2])
    }

    /// γ ≥ 0: the smaller, the more elements are limited. Default 0.05; 10 % to 50 % of them should not be.
    pub fn gamma(self, gamma: f64) -> SophiaG {
        self.with(|rule| rule.gamma = gamma)
    }

    /// ε > 0, the least divisor. Default 1e-12.
    pub fn eps(self, eps: f64) -> SophiaG {
        self.with(|rule| rule.eps = eps)
    }

    /// Takes the gradient of the mean loss of `batch_size` samples, with labels drawn from the model's outputs, into
    /// the estimate of the Hessian. For a classifier the loss is `cross_entropy(logits, drawn)`, with `drawn` a sample
    /// from `softmax(logits)`. Parameters without a gradient keep their estimate. This is no step: t does not count it.
    ///
    /// # Errors
    /// If `batch_size` is 0, no parameter has a gradient, one does not fit its parameter, or a parameter has taken no
    /// step yet; then nothing has changed.
    pub fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.0.update_hessian(model, grads, batch_size)
    }

    /// Takes an estimate of the diagonal of the Hessian itself, `h ← β₂ h + (1 − β₂) d`, in place of
    /// [`SophiaG::update_hessian`]: such as Hutchinson's, `d = s ∘ ∇(s · ∇L)` with s of random signs.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Gradients, Tensor, module::Param};
    /// use wengert_optim::{Optimizer, SophiaG};
    ///
    /// let mut x = Param::new(Tensor::scalar(1.0))?;
    /// let mut sophia = SophiaG::new(0.5).betas(0.0, 0.75).gamma(1.0).weight_decay(0.0);
    /// let grads = x.square().mul_scalar(4.0).backward()?;                 // 8 x
    /// sophia.step(&mut x, &grads)?;                                       // h is 0: 1 − 0.5
    /// let mut diagonal = Gradients::default();
    /// diagonal.insert(&x, Tensor::scalar(8.0))?;
    /// sophia.blend_hessian(&mut x, &diagonal)?;                           // h = ¼ · 8
    /// let grads = x.mul_scalar(0.5).backward()?;
    /// sophia.step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f64>()?, 0.375);                                // 0.5 − 0.5 · 0.5 / 2
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`SophiaG::update_hessian`], but for the size of a batch.
    pub fn blend_hessian(&mut self, model: &mut dyn Module, diagonal: &Gradients) -> Result<()> {
        self.0.revise(model, diagonal, |rule, turn| {
            let [_, Some(h)] = turn.state else { unreachable!("all state is always in use") };
            let (beta2, sign) = (rule.betas[1], if turn.maximize { -1.0 } else { 1.0 });
            blend(h, beta2, sign * (1.0 - beta2), turn.gradient)
        })
    }
}

impl Rule for SophiaRule {
    const NAME: &'static str = "SophiaG";
    const STATE: &'static [&'static str] = &["exp_avg", "hessian"];
    const ESTIMATES_HESSIAN: bool = true;

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("betas[0]", &mut self.betas[0], Range::DECAY);
        see("betas[1]", &mut self.betas[1], Range::DECAY);
        see("gamma", &mut self.gamma, Range::AT_LEAST_0);
        see("eps", &mut self.eps, Range::POSITIVE);
    }

    fn estimate(&self, turn: Turn<'_>, batch_size: usize) -> Result<()> {
        let [_, Some(h)] = turn.state else { unreachable!("all state is always in use") };
        let beta2 = self.betas[1];
        blend_square(h, beta2, (1.0 - beta2) * batch_size as f64, turn.gradient)
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let SophiaRule { betas, gamma, eps, corrected } = *self;
        let correction = if corrected { 1.0 / (1.0 - betas[0].powf(turn.t as f64)) } else { 1.0 };
        let formula = Formula { average: Average::keeping(betas[0]), correction, lr: turn.lr, gamma, eps };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    average: Average,
    correction: f64,
    lr: f64,
    gamma: f64,
    eps: f64,
}

impl ElementRule<2> for Formula {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m, h]: [T; 2]) -> (T, [T; 2]) {
        let m = self.average.next(m, g);
        let mean = m * T::of(self.correction);
        let u = mean / (T::of(self.gamma) * h).larger(T::of(self.eps));
        let u = u.smaller(T::ONE).larger(T::ZERO - T::ONE);
        (p - T::of(self.lr) * u, [m, h])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64) {
    s.a = 0.5 * s.a + 0.5 * g;
    s.p -= 0.05 * (s.a / 2.0).clamp(-1.0, 1.0);
}

#[cfg(test)]
fn example() -> SophiaG {
    // h is 0 as long as there is no estimate.
    SophiaG::new(0.05).betas(0.5, 0.75).eps(2.0).weight_decay(0.0)
}

#[cfg(test)]
cases![
    plain(example, by_hand).keeps(&["exp_avg", "hessian"]),
    plain(
        || example().weight_decay(0.5),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.5;
            by_hand(s, g);
        }
    )
    .keeps(&["exp_avg", "hessian"]),
    plain(|| example().weight_decay(0.5).decoupled_weight_decay(false), |s, g| by_hand(s, g + 0.5 * s.p))
        .keeps(&["exp_avg", "hessian"]),
    plain(
        || SophiaG::optax(0.05).betas(0.5, 0.75).eps(2.0).weight_decay(0.5),
        |s, g| {
            s.p *= 1.0 - 0.05 * 0.5;
            s.a = 0.5 * s.a + 0.5 * g;
            s.p -= 0.05 * (s.a / (1.0 - 0.5f64.powf(s.t)) / 2.0).clamp(-1.0, 1.0);
        }
    )
    .keeps(&["exp_avg", "hessian"]),
    refused(SophiaG::new(0.1).betas(0.9, 1.0), "SophiaG: betas[1] is 1.0, it must be in [0, 1)"),
    refused(SophiaG::new(0.1).gamma(-1.0), "SophiaG: gamma is -1.0, it must be finite and at least 0"),
    refused(SophiaG::new(0.1).eps(0.0), "SophiaG: eps is 0.0, it must be finite and positive"),
];

#[cfg(test)]
mod tests {
    use super::SophiaG;
    use crate::Optimizer;
    use crate::cases::golden_with;
    use autograd_core::module::{Module, Param};
    use autograd_core::{Gradients, Tensor};

    fn gradients(params: &[Param], values: &[f64]) -> Gradients {
        let mut grads = Gradients::default();
        for (param, value) in params.iter().zip(values) {
            grads.insert(param, param.full_like(*value)).expect("a parameter");
        }
        grads
    }

    /// optax 0.2.8 in float64, with an estimate that is given.
    #[test]
    fn optax_has_the_steps_of_its_form_with_this_estimate() {
        let estimated = |k: usize, sophia: &mut SophiaG, model: &mut dyn Module, grads: &Gradients| {
            if k.is_multiple_of(2) {
                sophia.update_hessian(model, grads, 4).expect("valid");
            }
        };
        let expected = [-0.7636556649013398, -0.23231919140625001, 0.42196091406249997, -0.643978667814622];
        let sophia = SophiaG::new(0.1).betas(0.0, 0.75).gamma(0.5).eps(0.5).weight_decay(0.5);
        golden_with(sophia, expected, estimated);
        let expected = [-0.7223734277347758, -0.10649818206165199, 0.5135467406754032, -0.7530688281150585];
        let sophia = SophiaG::optax(0.1).betas(0.5, 0.75).gamma(0.5).eps(0.5).weight_decay(0.5);
        golden_with(sophia, expected, estimated);
        let expected = [-0.9999470013599813, 0.15000999962500552, 0.6999670008099894, -1.3499400013249838];
        golden_with(SophiaG::optax(0.1), expected, estimated);
    }

    #[test]
    fn the_estimate_follows_its_formula_and_is_saved() {
        let start = [0.0, 0.0].map(|x| Param::new(Tensor::scalar(x)).expect("floats"));
        let (mut model, mut by_hand) = (start.to_vec(), [[0.0f64; 3]; 2]);
        let mut sophia = SophiaG::new(0.1).betas(0.5, 0.75).gamma(0.25).weight_decay(0.0);
        for k in 1..9 {
            let g = [1.0 / f64::from(k), -0.5];
            let grads = gradients(&model, &g);
            sophia.step(&mut model, &grads).expect("valid");
            for ([p, m, h], g) in by_hand.iter_mut().zip(g) {
                *m = 0.5 * *m + 0.5 * g;
                *p -= 0.1 * (*m / (0.25 * *h).max(1e-12)).clamp(-1.0, 1.0);
            }
            if k % 3 == 0 {
                // The second parameter has no gradient here.
                let grads = gradients(&model[..1], &[2.0]);
                sophia.update_hessian(&mut model, &grads, 5).expect("valid");
                by_hand[0][2] = 0.75 * by_hand[0][2] + 0.25 * 5.0 * 4.0;
                let state = sophia.state_dict();
                sophia = SophiaG::new(0.1).betas(0.5, 0.75).gamma(0.25).weight_decay(0.0);
                sophia.load_state_dict(&state).expect("its own");
            }
            for (param, [p, ..]) in model.iter().zip(by_hand) {
                assert!((param.item::<f64>().expect("F64") - p).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn what_cannot_be_an_estimate_is_refused_and_changes_nothing() {
        let mut model = vec![Param::new(Tensor::scalar(1.0)).expect("floats")];
        let (grads, mut sophia) = (gradients(&model, &[1.0]), SophiaG::new(0.1));
        let mut refuse = |sophia: &mut SophiaG, grads: &Gradients, size: usize, text: &str| {
            let before = sophia.state_dict().to_safetensors();
            let error = sophia.update_hessian(&mut model, grads, size).expect_err("refused").to_string();
            assert!(error.contains(text), "{error}");
            assert_eq!(sophia.state_dict().to_safetensors(), before);
        };
        refuse(&mut sophia, &grads, 1, "SophiaG: the parameter \"0\" has taken no step yet");
        refuse(&mut sophia, &grads, 0, "SophiaG: batch_size is 0, it must be at least 1");
        refuse(&mut sophia, &Gradients::default(), 1, "none of the trainable parameters has a gradient");
        let other = vec![Param::new(Tensor::scalar(1.0)).expect("floats")];
        refuse(&mut sophia, &gradients(&other, &[1.0]), 1, "another model");
    }
}
