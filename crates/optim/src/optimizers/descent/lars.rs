//! LARS.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{descent_norm, in_two_parts, parameter_norm};
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// LARS, layer-wise adaptive rate scaling, for large batches: the first direction of each parameter has a length in
/// proportion to the length of the parameter itself.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ; decoupled: p ← (1 − lr·λ) p first instead)
/// u = lr · g · c ‖p‖ / (‖g‖ + ε)         (trust_coefficient c; u = lr · g if ‖p‖ or ‖g‖ is 0)
/// b ← μ b + u                            (momentum μ)
/// p ← p − b                              (nesterov: p − (u + μ b))
/// ```
///
/// Norms are 2-norms over the parameter. `lr ≥ 0`, `c ≥ 0` (0.001), `ε ≥ 0` (0), `μ ≥ 0` (0.9), `λ ≥ 0` (0). State:
/// `momentum_buffer` (b), only with momentum. Biases and the parameters of norms are mostly left out of the scaling,
/// see [`Lars::trust_ratio`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Lars, Optimizer};
///
/// let mut x = Param::new(Tensor::from([3.0, 4.0]))?;
/// let grads = x.square().mul_scalar(50.0).sum().backward()?;      // [300, 400]
/// let mut lars = Lars::new(1.0).trust_coefficient(0.5).eps(0.0).momentum(0.0).nesterov(false);
/// lars.step(&mut x, &grads)?;                                     // half of ‖p‖, whatever the gradient's size
/// assert_eq!(x.to_vec::<f32>()?, [1.5, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// You, Gitman, Ginsburg, Large Batch Training of Convolutional Networks, 2017, algorithm 1.
///
/// # Differs from
/// * optax: nothing; there, too, weight decay is inside of the norm.
/// * The paper: the divisor is `‖g‖ + λ ‖p‖`, with the g before weight decay.
#[derive(Clone)]
pub struct Lars(Driver<LarsRule>);
optimizer!(Lars, LarsRule);

#[derive(Clone, Debug)]
struct LarsRule {
    trust_coefficient: f64,
    eps: f64,
    momentum: f64,
    nesterov: bool,
    trust_ratio: bool,
}

impl Lars {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> Lars {
        let (trust_coefficient, eps, momentum) = (0.001, 0.0, 0.9);
        Lars(Driver::new(LarsRule { trust_coefficient, eps, momentum, nesterov: false, trust_ratio: true }, lr))
    }

    /// c ≥ 0: the length of u in proportion to that of the parameter, before the learning rate. Default 0.001.
    pub fn trust_coefficient(self, trust_coefficient: f64) -> Lars {
        self.with(|rule| rule.trust_coefficient = trust_coefficient)
    }

    /// ε ≥ 0, which is added to the norm of the gradient. Default 0.
    pub fn eps(self, eps: f64) -> Lars {
        self.with(|rule| rule.eps = eps)
    }

    /// μ ≥ 0: how much of the past directions is kept. Default 0.9.
    pub fn momentum(self, momentum: f64) -> Lars {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Whether the momentum is Nesterov's. Default false.
    pub fn nesterov(self, nesterov: bool) -> Lars {
        self.with(|rule| rule.nesterov = nesterov)
    }

    /// Whether u is scaled by the norms; without, this is descent with momentum. Default true. Meant for groups.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Lars, Optimizer};
    /// let mut bias = Param::new(Tensor::from([3.0, 4.0]))?;
    /// let grads = bias.sum().backward()?;
    /// let lars = Lars::new(0.5).group_where(|name| !name.ends_with("weight"), |group| group.trust_ratio(false));
    /// lars.clone().step(&mut bias, &grads)?;
    /// assert_eq!(bias.to_vec::<f32>()?, [2.5, 3.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn trust_ratio(self, trust_ratio: bool) -> Lars {
        self.with(|rule| rule.trust_ratio = trust_ratio)
    }
}

impl Rule for LarsRule {
    const NAME: &'static str = "LARS";
    const STATE: &'static [&'static str] = &["momentum_buffer"];
    const ALWAYS: usize = 0;

    fn uses(&self, _: usize) -> bool {
        self.momentum != 0.0
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("trust_coefficient", &mut self.trust_coefficient, Range::AT_LEAST_0);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("momentum", &mut self.momentum, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let mut rate = turn.lr;
        if self.trust_ratio {
            let (of_parameter, of_gradient) = (parameter_norm(&turn)?, descent_norm(&turn)?);
            if of_parameter != 0.0 && of_gradient != 0.0 {
                rate *= self.trust_coefficient * of_parameter / (of_gradient + self.eps);
            }
        }
        let rate = in_two_parts(rate);
        turn.update(Formula { rate, momentum: self.momentum, nesterov: self.nesterov })
    }
}

#[derive(Clone, Copy)]
struct Formula {
    rate: [f64; 2],
    momentum: f64,
    nesterov: bool,
}

impl ElementRule<1> for Formula {
    const ALWAYS: usize = 0;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [b]: [T; 1]) -> (T, [T; 1]) {
        let u = T::of(self.rate[1]) * (T::of(self.rate[0]) * g);
        // Without momentum the b before is 0.
        let b = T::of(self.momentum) * b + u;
        (p - if self.nesterov { u + T::of(self.momentum) * b } else { b }, [b])
    }
}

#[cfg(test)]
fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], [eps, mu, decay]: [f64; 3], nesterov: bool) {
    let g: Vec<f64> = g.iter().zip(&w.p).map(|(g, p)| g + decay * p).collect();
    let ratio = if norm(&w.p) == 0.0 || norm(&g) == 0.0 { 1.0 } else { 0.25 * norm(&w.p) / (norm(&g) + eps) };
    for (i, g) in g.iter().enumerate() {
        let u = 0.5 * ratio * g;
        w.a[i] = mu * w.a[i] + u;
        w.p[i] -= if nesterov { u + mu * w.a[i] } else { w.a[i] };
    }
}

#[cfg(test)]
fn quarter(eps: f64, momentum: f64) -> Lars {
    Lars::new(0.5).trust_coefficient(0.25).eps(eps).momentum(momentum)
}

#[cfg(test)]
cases![
    coupled(|| quarter(0.0, 0.0), |w, g| by_hand(w, g, [0.0, 0.0, 0.0], false)),
    coupled(|| quarter(0.5, 0.5), |w, g| by_hand(w, g, [0.5, 0.5, 0.0], false)).keeps(&["momentum_buffer"]),
    coupled(|| quarter(0.5, 0.5).nesterov(true), |w, g| by_hand(w, g, [0.5, 0.5, 0.0], true))
        .keeps(&["momentum_buffer"]),
    coupled(|| quarter(0.0, 0.5).weight_decay(0.25), |w, g| by_hand(w, g, [0.0, 0.5, 0.25], false))
        .keeps(&["momentum_buffer"]),
    coupled(
        || quarter(0.0, 0.5).weight_decay(0.25).decoupled_weight_decay(true),
        |w, g| {
            w.p.iter_mut().for_each(|p| *p *= 1.0 - 0.5 * 0.25);
            by_hand(w, g, [0.0, 0.5, 0.0], false);
        }
    )
    .keeps(&["momentum_buffer"]),
    plain(|| quarter(0.0, 0.0).trust_ratio(false), |s, g| s.p -= 0.5 * g),
    refused(
        Lars::new(0.1).trust_coefficient(-1.0),
        "LARS: trust_coefficient is -1.0, it must be finite and at least 0"
    ),
    refused(Lars::new(0.1).momentum(f64::NAN), "LARS: momentum is NaN, it must be finite and at least 0"),
];
