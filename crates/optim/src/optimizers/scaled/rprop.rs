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
/// `step_size` (h), `prev` (q). The learning rate is the first h; a later change of it has no effect but on decoupled
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
/// * optax: [`Rprop::optax`]; there is no weight decay.
#[derive(Clone)]
pub struct Rprop(Driver<RpropRule>);
optimizer!(Rprop, RpropRule);

#[derive(Clone, Debug)]
struct RpropRule {
    etas: [f64; 2],
    step_sizes: [f64; 2],
    /// Whether a step is the one that the gradient before asked for.
    delayed: bool,
}

impl Rprop {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 0.01.
    pub fn new(lr: f64) -> Rprop {
        Rprop(Driver::new(RpropRule { etas: [0.5, 1.2], step_sizes: [1e-6, 50.0], delayed: false }, lr))
    }

    /// optax' form: a step is the one that the gradient before asked for, unless the sign has changed since. So nothing
    /// moves in the first step. State: `next_step` (q) in the place of `prev`.
    ///
    /// ```text
    /// h ← h · η⁺ if g q > 0, h · η⁻ if g q < 0, within step_sizes; else h as it is
    /// p ← p − q if not g q < 0
    /// q ← h sign(g), 0 if g q < 0
    /// ```
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, Rprop};
    /// let mut x = Param::new(Tensor::from(1.0))?;
    /// let mut rprop = Rprop::optax(0.5).etas(0.5, 2.0);
    /// for expected in [1.0, 0.5, -0.5, -0.5, -0.5, 0.5] {      // q: 0.5, 1, 2, 0 where the sign changes, −1, −2
    ///     let grads = x.square().backward()?;
    ///     rprop.step(&mut x, &grads)?;
    ///     assert_eq!(x.item::<f32>()?, expected);
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> Rprop {
        Rprop::new(lr).with(|rule| rule.delayed = true)
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
    const STATE: &'static [&'static str] = &["step_size", "prev", "next_step"];
    const ALWAYS: usize = 1;

    fn uses(&self, slot: usize) -> bool {
        [true, !self.delayed, self.delayed][slot]
    }

    fn start(&self, slot: usize, parameter: &Tensor, lr: f64) -> Result<Tensor> {
        Ok(parameter.full_like([lr, 0.0, 0.0][slot]))
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
        let sizes = Sizes { etas: self.etas, limits: self.step_sizes };
        if self.delayed { turn.update(Delayed(sizes)) } else { turn.update(Formula(sizes)) }
    }
}

/// How step sizes change, and between which.
#[derive(Clone, Copy)]
struct Sizes {
    etas: [f64; 2],
    limits: [f64; 2],
}

impl Sizes {
    /// The step size after h, by the product of the signs of the last two gradients.
    #[inline(always)]
    fn after<T: Real>(self, h: T, along: T) -> T {
        let shrunk = T::select(along.lt(T::ZERO), T::of(self.etas[0]), T::ONE);
        let factor = T::select(along.gt(T::ZERO), T::of(self.etas[1]), shrunk);
        (h * factor).larger(T::of(self.limits[0])).smaller(T::of(self.limits[1]))
    }
}

#[derive(Clone, Copy)]
struct Formula(Sizes);

impl ElementRule<3> for Formula {
    const ALWAYS: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [h, q, next]: [T; 3]) -> (T, [T; 3]) {
        // Of signs: the product of small gradients would underflow.
        let along = g.sign() * q.sign();
        let h = self.0.after(h, along);
        let g = T::select(along.lt(T::ZERO), T::ZERO, g);
        (p - h * g.sign(), [h, g, next])
    }
}

#[derive(Clone, Copy)]
struct Delayed(Sizes);

impl ElementRule<3> for Delayed {
    const ALWAYS: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [h, prev, q]: [T; 3]) -> (T, [T; 3]) {
        let along = g.sign() * q.sign();
        // A first h outside of the limits stays until it grows or shrinks.
        let h = T::select(along.eq(T::ZERO), h, self.0.after(h, along));
        let [step, next] = [q, h * g.sign()].map(|step| T::select(along.lt(T::ZERO), T::ZERO, step));
        (p - step, [h, prev, next])
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
fn delayed_by_hand(s: &mut crate::cases::Scalar, g: f64, etas: [f64; 2], sizes: [f64; 2]) {
    let h = if s.t == 1.0 { 0.1 } else { s.b };
    let along = s.a * g;
    s.b = match along {
        along if along > 0.0 => (h * etas[1]).clamp(sizes[0], sizes[1]),
        along if along < 0.0 => (h * etas[0]).clamp(sizes[0], sizes[1]),
        _ => h,
    };
    let next = if g == 0.0 { 0.0 } else { s.b * g.signum() };
    [s.p, s.a] = if along < 0.0 { [s.p, 0.0] } else { [s.p - s.a, next] };
}

#[cfg(test)]
cases![
    plain(|| Rprop::new(0.1), |s, g| by_hand(s, g, [0.5, 1.2], [1e-6, 50.0])).keeps(&["step_size", "prev"]),
    plain(
        || Rprop::new(0.1).etas(0.25, 1.5).step_sizes(0.05, 0.2).weight_decay(0.5),
        |s, g| by_hand(s, g + 0.5 * s.p, [0.25, 1.5], [0.05, 0.2])
    )
    .keeps(&["step_size", "prev"]),
    plain(
        || Rprop::optax(0.1).etas(0.25, 1.5).step_sizes(0.12, 0.2),
        |s, g| delayed_by_hand(s, g, [0.25, 1.5], [0.12, 0.2])
    )
    .keeps(&["step_size", "next_step"])
    .moves_one_step_later(),
    refused(Rprop::new(0.1).etas(0.5, 0.9), "Rprop: etas[1] is 0.9, it must be finite and above 1"),
    refused(Rprop::new(0.1).etas(1.0, 1.2), "Rprop: etas[0] is 1.0, it must be between 0 and 1"),
    refused(Rprop::new(0.1).step_sizes(0.5, 0.25), "Rprop: the least step size 0.5 is above the largest, 0.25"),
];

#[cfg(test)]
mod tests {
    use crate::Rprop;
    use crate::cases::{SLOPES, TURNING, along, same};

    /// optax 0.2.8 in float64.
    #[test]
    fn optax_has_the_steps_of_its_form() {
        let sizes = || Rprop::optax(0.1).etas(0.25, 1.5).step_sizes(0.15, 0.3);
        same(&along(&mut Rprop::optax(0.1), &SLOPES), &[0.25584, -1.25584, -0.24416]);
        same(&along(&mut Rprop::optax(0.1), &TURNING), &[0.84, -1.9, 0.208]);
        same(&along(&mut sizes(), &SLOPES), &[-0.075, -0.925, -0.575]);
        same(&along(&mut sizes(), &TURNING), &[0.75, -1.9, 0.1]);
    }

    /// PyTorch 2.15 in float64.
    #[test]
    fn pytorch_has_the_same_steps() {
        let sizes = || Rprop::new(0.1).etas(0.25, 1.5).step_sizes(0.15, 0.3);
        same(&along(&mut Rprop::new(0.1), &SLOPES), &[0.007008, -1.007008, -0.492992]);
        same(&along(&mut Rprop::new(0.1), &TURNING), &[0.648, -1.69, -0.0224]);
        same(&along(&mut sizes(), &SLOPES), &[-0.575, -0.425, -1.075]);
        same(&along(&mut sizes(), &TURNING), &[0.25, -1.325, -0.55]);
    }
}
