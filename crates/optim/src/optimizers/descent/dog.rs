//! DoG.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{descent_norm, in_two_parts, norm};
use crate::range::Range;
use crate::rule::{Parameters, Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, FoldRule, Real};
use autograd_core::{Result, Tensor};

/// DoG, distance over gradients: [`Sgd`](crate::Sgd) that finds its learning rate, from the distance it has come and
/// the sizes of the gradients on the way.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// r ← max(r, ‖p − p₀‖)                   p₀ the parameters before their first step
/// G ← G + ‖g‖²
/// η = lr · r / √(G + ε)
/// p ← p − η g                            (decoupled decay: p ← (1 − η·λ) p before)
///
/// reps_rel α                             r is at first α (1 + ‖p₀‖)
/// init_dist r₀                           r is at first r₀
/// init_eta η₀                            η = lr · η₀, until the parameters have moved
/// ```
///
/// Norms are 2-norms over all parameters that have a gradient. `lr ≥ 0`, which is 1 unless a schedule changes it, `α >
/// 0` (1e-6), `ε ≥ 0` (1e-8), `λ ≥ 0` (0). State: `x0` (p₀), and the numbers `rbar` (r) and `G`, which all parameters
/// share.
///
/// η does not fall by itself near a minimum. The authors evaluate at an average of the parameters, like that of
/// [`Ema`](crate::Ema).
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Dog, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(3.0))?;
/// let mut dog = Dog::new(1.0).reps_rel(0.25).eps(0.0);            // r = 0.25 (1 + 3)
/// for (slope, after) in [(3.0, 2.0), (4.0, 1.2)] {                // 3 · 1 / √9,  4 · 1 / √25
///     let grads = x.mul_scalar(slope).backward()?;
///     dog.step(&mut x, &grads)?;
///     assert!((x.item::<f64>()? - after).abs() < 1e-12);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Ivgi, Hinder, Carmon, DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule, 2023, formula (DoG).
///
/// # Differs from
/// * The authors' code: here all groups share r and G, and `lr` is a factor of η₀, too.
/// * optax (`contrib.dog`): α, r₀ and η₀ are its `init_step`: `"heuristic"`, `"distance"` and `"learning_rate"`. There
///   and in the authors' code η₀ is the rate of the first step alone, so after gradients of 0 in it nothing ever moves.
/// * PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct Dog(Driver<DogRule>);
optimizer!(Dog, DogRule);

#[derive(Clone, Debug)]
struct DogRule {
    start: Start,
    eps: f64,
}

/// Of what the first step is made.
#[derive(Clone, Debug)]
enum Start {
    RepsRel(f64),
    InitDist(f64),
    InitEta(f64),
}

/// The places of the shared numbers.
const FARTHEST: usize = 0;
const SQUARES: usize = 1;

impl Dog {
    /// An optimizer with the default hyperparameters; `lr` is meant to be 1.
    pub fn new(lr: f64) -> Dog {
        Dog(Driver::new(DogRule { start: Start::RepsRel(1e-6), eps: 1e-8 }, lr))
    }

    /// α > 0: the first r, in proportion to 1 + ‖p₀‖. Default 1e-6; the authors take 1e-4 for models with batch
    /// normalisation.
    pub fn reps_rel(self, reps_rel: f64) -> Dog {
        self.with(|rule| rule.start = Start::RepsRel(reps_rel))
    }

    /// r₀ > 0, the first r, in place of [`Dog::reps_rel`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Dog, Optimizer};
    /// let mut x = Param::new(Tensor::from([3.0, 4.0]))?;
    /// let grads = x.square().sum().backward()?;
    /// Dog::new(1.0).init_dist(2.5).eps(0.0).step(&mut x, &grads)?;    // as long as r₀, along the gradient
    /// assert_eq!(x.to_vec::<f32>()?, [1.5, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn init_dist(self, init_dist: f64) -> Dog {
        self.with(|rule| rule.start = Start::InitDist(init_dist))
    }

    /// η₀ > 0, the rate of the first step, in place of [`Dog::reps_rel`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Dog, Optimizer};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let grads = x.square().backward()?;
    /// Dog::new(1.0).init_eta(0.25).step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 4.0);                              // 8 − 0.25 · 16
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn init_eta(self, init_eta: f64) -> Dog {
        self.with(|rule| rule.start = Start::InitEta(init_eta))
    }

    /// ε ≥ 0, which is added to G to keep the divisor from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> Dog {
        self.with(|rule| rule.eps = eps)
    }
}

impl Rule for DogRule {
    const NAME: &'static str = "DoG";
    const STATE: &'static [&'static str] = &["x0"];
    const SHARED: &'static [&'static str] = &["rbar", "G"];

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(parameter.detach())
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        match &mut self.start {
            Start::RepsRel(alpha) => see("reps_rel", alpha, Range::POSITIVE),
            Start::InitDist(distance) => see("init_dist", distance, Range::POSITIVE),
            Start::InitEta(rate) => see("init_eta", rate, Range::POSITIVE),
        }
        see("eps", &mut self.eps, Range::AT_LEAST_0);
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        // r is 0 in the first step, and as long as nothing has moved.
        if all.shared()[FARTHEST] == 0.0 {
            all.shared()[FARTHEST] = match self.start {
                Start::RepsRel(alpha) => alpha * (1.0 + start_norm(all)?),
                Start::InitDist(distance) => distance,
                Start::InitEta(_) => 0.0,
            };
        }
        let (way, slope) = squares(all)?;
        let shared = all.shared();
        // Not `max`: a distance that is not a number must be seen.
        let way = way.sqrt();
        shared[FARTHEST] = if way <= shared[FARTHEST] { shared[FARTHEST] } else { way };
        shared[SQUARES] += slope;
        Ok(())
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let size = (turn.shared[SQUARES] + self.eps).sqrt();
        let eta = match self.start {
            Start::InitEta(rate) if turn.shared[FARTHEST] == 0.0 => rate,
            // Without ε and any gradient there is no way to go.
            _ if size == 0.0 => 0.0,
            _ => turn.shared[FARTHEST] / size,
        };
        // The driver's decay takes its rate from here.
        turn.lr *= eta;
        let rate = in_two_parts(turn.lr);
        turn.update(Along { rate })
    }
}

/// ‖p₀‖ over all parameters.
fn start_norm(all: &mut Parameters<'_, DogRule>) -> Result<f64> {
    let mut squares = 0.0;
    all.each(|_, turn| {
        squares += norm(turn.state.iter().flatten(), 2.0)?.powi(2);
        Ok(())
    })?;
    Ok(squares.sqrt())
}

/// `Σ (p − p₀)²` and `Σ g²` over all parameters, of a rule whose only state is p₀.
pub(super) fn squares<R: Rule>(all: &mut Parameters<'_, R>) -> Result<(f64, f64)> {
    let (mut way, mut slope) = (0.0, 0.0);
    all.each(|_, turn| {
        let [Some(start)] = &*turn.state else { unreachable!("the start is always in use") };
        way += start.fold(turn.parameter, SquaredDistance)?;
        slope += descent_norm(&turn)?.powi(2);
        Ok(())
    })?;
    Ok((way, slope))
}

#[derive(Clone, Copy)]
struct SquaredDistance;

impl FoldRule for SquaredDistance {
    #[inline(always)]
    fn element(self, x: f64, y: f64) -> f64 {
        (x - y) * (x - y)
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// A step along the gradient, with p₀ as it is.
#[derive(Clone, Copy)]
pub(super) struct Along {
    pub(super) rate: [f64; 2],
}

impl ElementRule<1> for Along {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, start: [T; 1]) -> (T, [T; 1]) {
        (p - T::of(self.rate[1]) * (T::of(self.rate[0]) * g), start)
    }
}

/// In plain words; p₀ stands in a, r and G in b.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], first: impl Fn(f64) -> f64, [eps, l2, decay]: [f64; 3]) {
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let g: Vec<f64> = g.iter().zip(&w.p).map(|(g, p)| g + l2 * p).collect();
    if w.t == 1.0 {
        (w.a, w.b) = (w.p.clone(), vec![first(norm(&w.p)), 0.0]);
    }
    let way: Vec<f64> = w.p.iter().zip(&w.a).map(|(p, start)| p - start).collect();
    w.b[0] = w.b[0].max(norm(&way));
    w.b[1] += norm(&g).powi(2);
    // Without a first r, η₀ is 1.
    let rate = 0.05 * if w.b[0] == 0.0 { 1.0 } else { w.b[0] / (w.b[1] + eps).sqrt() };
    for (p, g) in w.p.iter_mut().zip(&g) {
        *p = (1.0 - rate * decay) * *p - rate * g;
    }
}

/// A first rate of `lr`: the root of the suite's first G and ε.
#[cfg(test)]
fn first() -> f64 {
    (9.4375f64 + 0.1).sqrt()
}

/// The same in proportion to 1 + ‖p₀‖ of the suite.
#[cfg(test)]
fn example() -> Dog {
    Dog::new(0.05).reps_rel(first() / (1.0 + 4.375f64.sqrt())).eps(0.1)
}

#[cfg(test)]
const SHARES: [&str; 2] = ["rbar", "G"];

#[cfg(test)]
cases![
    joint(example, |w, g| by_hand(w, g, |p| first() / (1.0 + 4.375f64.sqrt()) * (1.0 + p), [0.1, 0.0, 0.0]))
        .keeps(&["x0"])
        .shares(&SHARES),
    joint(|| Dog::new(0.05).init_dist(first()).eps(0.1), |w, g| by_hand(w, g, |_| first(), [0.1, 0.0, 0.0]))
        .keeps(&["x0"])
        .shares(&SHARES),
    joint(|| Dog::new(0.05).init_eta(1.0).eps(0.0), |w, g| by_hand(w, g, |_| 0.0, [0.0; 3]))
        .keeps(&["x0"])
        .shares(&SHARES),
    joint(|| Dog::new(0.05).init_eta(1.0).eps(0.1).weight_decay(0.5), |w, g| by_hand(w, g, |_| 0.0, [0.1, 0.5, 0.0]))
        .keeps(&["x0"])
        .shares(&SHARES),
    joint(
        || Dog::new(0.05).init_dist(first()).eps(0.1).weight_decay(0.5).decoupled_weight_decay(true),
        |w, g| by_hand(w, g, |_| first(), [0.1, 0.0, 0.5])
    )
    .keeps(&["x0"])
    .shares(&SHARES),
    refused(Dog::new(1.0).reps_rel(0.0), "DoG: reps_rel is 0.0, it must be finite and positive"),
    refused(Dog::new(1.0).init_dist(-1.0), "DoG: init_dist is -1.0, it must be finite and positive"),
    refused(Dog::new(1.0).init_eta(0.0), "DoG: init_eta is 0.0, it must be finite and positive"),
    refused(Dog::new(1.0).eps(-1.0), "DoG: eps is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::Dog;
    use crate::cases::{SLOPES, along, same};

    #[test]
    fn steps_are_those_of_optax() {
        // optax.contrib 0.2.8, float64, dog(), dog(0.5, ("heuristic", 0.01), weight_decay=0.25),
        // dog(0.5, ("distance", 0.25), eps=0.1) and dog(0.5, ("learning_rate", 0.1), eps=0.1).
        let rows = [
            (Dog::new(1.0), [0.9999878586130793, -1.9999867481008893, 0.49998780510537416]),
            (
                Dog::new(0.5).reps_rel(0.01).weight_decay(0.25),
                [0.9667246223751231, -1.9562483379208533, 0.47355713701415897],
            ),
            (Dog::new(0.5).init_dist(0.25).eps(0.1), [0.7488291999851476, -1.7115296855754394, 0.28475026801409886]),
            (Dog::new(0.5).init_eta(0.1).eps(0.1), [0.8239774623312468, -1.7876160021856804, 0.3554290911785672]),
        ];
        for (mut dog, expected) in rows {
            same(&along(&mut dog, &SLOPES), &expected);
        }
    }
}
