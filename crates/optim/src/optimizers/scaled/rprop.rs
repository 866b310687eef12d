//! Rprop.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Result, Tensor};

const LESS: Range = Range::new(|x| x > 0.0 && x < 1.0, "between 0 and 1");
const MORE: Range = Range::new(|x| x > 1.0 && x.is_finite(), "finite and above 1");

/// Rprop, resilient backpropagation, for losses without randomness: each element has a step size of its own, which
/// grows while the sign of its gradient stays and shrinks where it changes. Sizes of gradients do not count.
///
/// ```text
/// g ← g + λ p                                        (weight_decay λ)
/// h ← h · η⁺ if g q > 0, h · η⁻ if g q < 0; then within step_sizes       (etas η⁻ and η⁺; h from lr)
/// g ← 0 if g q < 0
/// p ← p − h sign(g)
/// q ← g
/// ```
///
/// `lr ≥ 0`, `0 < η⁻ < 1` (0.5), `η⁺ > 1` (1.2), `0 ≤ step_sizes[0] ≤ step_sizes[1]` (1e-6 and 50), `λ ≥ 0` (0). State:
/// `prev` (q), `step_size` (h). The learning rate is the first h; a later change of it has no effect but on decoupled
/// decay.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Rprop};
///
/// let mut x = Param::new(Tensor::from(1.0))?;
/// let mut rprop = Rprop::new(0.5).etas(0.5, 2.0).step_sizes(0.1, 10.0);
/// for expected in [0.5, -0.5, -0.5, 0.0] {       // h: 0.5, 1, 0.5 where the sign changes, 0.5
///     let grads = x.square().backward()?;
///     rprop.step(&mut x, &grads)?;
///     assert_eq!(x.item::<f32>()?, expected);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Riedmiller, Braun, A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm, 1993. Igel,
/// Hüsken, Improving the Rprop Learning Algorithm, 2000 (this form, iRprop⁻).
///
/// # Differs from
/// * PyTorch: there is no weight decay. Keras does not have it.
/// * optax: a step is the one that the gradient before asked for (the first is 0), or 0 where the sign has changed since; a
///   first h outside of `step_sizes` stays until it grows or shrinks; there is no weight decay.
#[derive(Clone)]
pub struct Rprop(Driver<RpropRule>);
optimizer!(Rprop, RpropRule);

#[derive(Clone, Debug)]
struct RpropRule {
    etas: [f64; 2],
    step_sizes: [f64; 2],
}

impl Rprop {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.01.
    pub fn new(lr: f64) -> Rprop {
        Rprop(Driver::new(RpropRule { etas: [0.5, 1.2], step_sizes: [1e-6, 50.0] }, lr))
    }

    /// η⁻ and η⁺, `0 < η⁻ < 1 < η⁺`: the factors by which a step size shrinks and grows. Default 0.5 and 1.2.
    pub fn etas(self, less: f64, more: f64) -> Rprop {
        self.with(|rule| rule.etas = [less, more])
    }

    /// The least and the largest step size, at least 0. Default 1e-6 and 50.
    pub fn step_sizes(self, least: f64, largest: f64) -> Rprop {
        self.with(|rule| rule.step_sizes = [least, largest])
    }
}

impl Rule for RpropRule {
    const NAME: &'static str = "Rprop";
    const STATE: &'static [&'static str] = &["prev", "step_size"];

    fn start(&self, slot: usize, parameter: &Tensor, lr: f64) -> Result<Tensor> {
        Ok(parameter.full_like([0.0, lr][slot]))
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("etas[0]", &mut self.etas[0], LESS);
        see("etas[1]", &mut self.etas[1], MORE);
        see("step_sizes[0]", &mut self.step_sizes[0], Range::AT_LEAST_0);
        see("step_sizes[1]", &mut self.step_sizes[1], Range::AT_LEAST_0);
    }

    fn check(&self) -> Result<()> {
        let [least, largest] = self.step_sizes;
        if least <= largest {
            return Ok(());
        }
        let text = format!("Rprop: the least step size {least} is above the largest, {largest}");
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        turn.update(Formula { etas: self.etas, step_sizes: self.step_sizes })
    }
}

#[derive(Clone, Copy)]
struct Formula {
    etas: [f64; 2],
    step_sizes: [f64; 2],
}

impl ElementRule<2> for Formula {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [q, h]: [T; 2]) -> (T, [T; 2]) {
        // Of signs: the product of small gradients would underflow.
        let along = g.sign() * q.sign();
        let (turns, stays) = (along.lt(T::ZERO), along.gt(T::ZERO));
        let factor = T::select(stays, T::of(self.etas[1]), T::select(turns, T::of(self.etas[0]), T::ONE));
        let h = (h * factor).larger(T::of(self.step_sizes[0])).smaller(T::of(self.step_sizes[1]));
        let g = T::select(turns, T::ZERO, g);
        (p - h * g.sign(), [g, h])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, etas: [f64; 2], sizes: [f64; 2]) {
    let h = if s.t == 1.0 { 0.1 } else { s.b };
    let (h, g) = match s.a * g {
        along if along > 0.0 => (h * etas[1], g),
        along if along < 0.0 => (h * etas[0], 0.0),
        _ => (h, g),
    };
    s.b = h.clamp(sizes[0], sizes[1]);
    s.a = g;
    s.p -= if g == 0.0 { 0.0 } else { s.b * g.signum() };
}

#[cfg(test)]
cases![
    plain(|| Rprop::new(0.1), |s, g| by_hand(s, g, [0.5, 1.2], [1e-6, 50.0])).keeps(&["prev", "step_size"]),
    plain(
        || Rprop::new(0.1).etas(0.25, 1.5).step_sizes(0.05, 0.2).weight_decay(0.5),
        |s, g| by_hand(s, g + 0.5 * s.p, [0.25, 1.5], [0.05, 0.2])
    )
    .keeps(&["prev", "step_size"]),
    refused(Rprop::new(0.1).etas(0.5, 0.9), "Rprop: etas[1] is 0.9, it must be finite and above 1"),
    refused(Rprop::new(0.1).etas(1.0, 1.2), "Rprop: etas[0] is 1.0, it must be between 0 and 1"),
    refused(Rprop::new(0.1).step_sizes(0.5, 0.25), "Rprop: the least step size 0.5 is above the largest, 0.25"),
];
