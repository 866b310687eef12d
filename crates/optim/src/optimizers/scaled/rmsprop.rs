//! RMSprop.

use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// RMSprop: each gradient is divided by the root of the average of its square.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// s ← α s + (1 − α) g²                   (centered: a ← α a + (1 − α) g, and s − a² in place of s below)
/// b ← μ b + g / (√s + ε)                 (momentum μ; without momentum b = g / (√s + ε))
/// p ← p − lr · b
/// ```
///
/// With `eps_inside` the divisor is `√(s + ε)`. With `lr_inside` the learning rate is in the momentum:
/// `b ← μ b + lr · g / (√s + ε)`, `p ← p − b`.
///
/// `lr ≥ 0`, `0 ≤ α ≤ 1` (0.99), `ε ≥ 0` (1e-8), `μ ≥ 0` (0), `λ ≥ 0` (0). State: `square_avg` (s), `momentum_buffer`
/// (b) with momentum, `grad_avg` (a) if centered.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, RmsProp};
///
/// let mut x = Param::new(Tensor::from([1.0, 1000.0]))?;
/// let grads = x.square().sum().backward()?;
/// RmsProp::new(0.5).alpha(0.75).step(&mut x, &grads)?;        // s = g² / 4: the first step is 2 lr, for any gradient
/// assert_eq!(x.to_vec::<f32>()?, [0.0, 999.0]);
///
/// let rmsprop = RmsProp::new(0.5).momentum(0.9).eps(1e-6).centered(true);
/// assert_eq!((rmsprop.get("momentum")?, rmsprop.get("eps")?), (0.9, 1e-6));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Tieleman, Hinton, Lecture 6.5 — RMSprop, Coursera: Neural Networks for Machine Learning, 2012. Graves, Generating
/// Sequences With Recurrent Neural Networks, 2013, equations 38 to 41 (centered, momentum).
///
/// # Differs from
/// * PyTorch: s − a² that rounding takes below 0 counts as 0; there it becomes NaN.
/// * Keras: [`RmsProp::keras`] has ε inside the root and the learning rate inside the momentum; its α is 0.9, its ε
///   1e-7, its weight decay decoupled.
/// * The paper of Graves: as in Keras.
#[derive(Clone)]
pub struct RmsProp(Driver<RmsPropRule>);
optimizer!(RmsProp, RmsPropRule);

#[derive(Clone, Debug)]
struct RmsPropRule {
    alpha: f64,
    eps: f64,
    momentum: f64,
    centered: bool,
    eps_inside: bool,
    lr_inside: bool,
}

impl RmsProp {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> RmsProp {
        let (alpha, eps, momentum) = (0.99, 1e-8, 0.0);
        let rule = RmsPropRule { alpha, eps, momentum, centered: false, eps_inside: false, lr_inside: false };
        RmsProp(Driver::new(rule, lr))
    }

    /// Keras' form: ε inside the root, 1e-7; the learning rate inside the momentum; α is 0.9; weight decay is
    /// decoupled.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;                                        // 1
    /// RmsProp::keras(0.5).alpha(0.75).eps(0.75).step(&mut x, &grads)?;        // √(0.25 + 0.75) = 1
    /// assert_eq!(x.item::<f32>()?, 3.5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn keras(lr: f64) -> RmsProp {
        let keras = RmsProp::new(lr).alpha(0.9).eps(1e-7).eps_inside(true).lr_inside(true);
        keras.decoupled_weight_decay(true)
    }

    /// α, `0 ≤ α ≤ 1`: how much of the past the averages keep. Default 0.99.
    pub fn alpha(self, alpha: f64) -> RmsProp {
        self.with(|rule| rule.alpha = alpha)
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 1e-8.
    pub fn eps(self, eps: f64) -> RmsProp {
        self.with(|rule| rule.eps = eps)
    }

    /// μ ≥ 0: how much of the past directions is kept. Default 0: nothing.
    pub fn momentum(self, momentum: f64) -> RmsProp {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Whether to divide by the root of the variance of g instead of the average of g². Default false.
    pub fn centered(self, centered: bool) -> RmsProp {
        self.with(|rule| rule.centered = centered)
    }

    /// Whether ε is added to s and not to its root. Default false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// assert!(RmsProp::new(0.5).eps_inside(true).describe(&[]).to_string().contains("eps_inside: true"));
    /// ```
    pub fn eps_inside(self, inside: bool) -> RmsProp {
        self.with(|rule| rule.eps_inside = inside)
    }

    /// Whether the learning rate is inside of the momentum, where a change of it counts for later steps only. Default
    /// false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// assert!(RmsProp::new(0.5).lr_inside(true).describe(&[]).to_string().contains("lr_inside: true"));
    /// ```
    pub fn lr_inside(self, inside: bool) -> RmsProp {
        self.with(|rule| rule.lr_inside = inside)
    }
}

impl Rule for RmsPropRule {
    const NAME: &'static str = "RMSprop";
    const STATE: &'static [&'static str] = &["square_avg", "momentum_buffer", "grad_avg"];

    fn uses(&self, slot: usize) -> bool {
        [true, self.momentum != 0.0, self.centered][slot]
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("alpha", &mut self.alpha, Range::FRACTION);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("momentum", &mut self.momentum, Range::AT_LEAST_0);
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let RmsPropRule { alpha, eps, momentum, centered, .. } = *self;
        let (eps_inside, eps) = if self.eps_inside { (eps, 0.0) } else { (0.0, eps) };
        let (lr_inside, lr) = if self.lr_inside { (turn.lr, 1.0) } else { (1.0, turn.lr) };
        let formula = Formula { lr, lr_inside, alpha, gain: 1.0 - alpha, eps, eps_inside, momentum, centered };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    lr_inside: f64,
    alpha: f64,
    gain: f64,
    eps: f64,
    eps_inside: f64,
    momentum: f64,
    centered: bool,
}

impl ElementRule<3> for Formula {
    const ALWAYS: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [s, b, a]: [T; 3]) -> (T, [T; 3]) {
        let s = T::of(self.alpha) * s + T::of(self.gain) * (g * g);
        let a = if self.centered { a + T::of(self.gain) * (g - a) } else { T::ZERO };
        // Where g² overflows, a² may as well, and the difference is no number.
        let spread = T::select(s.eq(T::INFINITY), s, s - a * a);
        let u = g / ((T::ZERO.larger(spread) + T::of(self.eps_inside)).sqrt() + T::of(self.eps));
        // Without momentum the b before is 0.
        let b = T::of(self.momentum) * b + T::of(self.lr_inside) * u;
        (p - T::of(self.lr) * b, [s, b, a])
    }
}

#[cfg(test)]
fn by_hand(s: &mut crate::cases::Scalar, g: f64, momentum: f64, centered: bool) {
    s.a = 0.75 * s.a + 0.25 * g * g;
    s.b = 0.75 * s.b + 0.25 * g;
    let spread = if centered { s.a - s.b * s.b } else { s.a };
    s.c = momentum * s.c + g / (spread.max(0.0).sqrt() + 0.01);
    s.p -= 0.05 * s.c;
}

#[cfg(test)]
fn as_in_keras(s: &mut crate::cases::Scalar, g: f64, momentum: f64, centered: bool) {
    s.p -= 0.05 * 0.5 * s.p;
    s.a = 0.75 * s.a + 0.25 * g * g;
    s.b = 0.75 * s.b + 0.25 * g;
    let spread = if centered { s.a - s.b * s.b } else { s.a };
    s.c = momentum * s.c + 0.05 * g / (spread + 0.01).sqrt();
    s.p -= s.c;
}

#[cfg(test)]
fn keras() -> RmsProp {
    RmsProp::keras(0.05).alpha(0.75).eps(0.01).weight_decay(0.5)
}

#[cfg(test)]
fn quarter() -> RmsProp {
    RmsProp::new(0.05).alpha(0.75).eps(0.01)
}

#[cfg(test)]
cases![
    plain(quarter, |s, g| by_hand(s, g, 0.0, false)).keeps(&["square_avg"]),
    plain(|| quarter().momentum(0.5), |s, g| by_hand(s, g, 0.5, false)).keeps(&["square_avg", "momentum_buffer"]),
    plain(|| quarter().centered(true), |s, g| by_hand(s, g, 0.0, true)).keeps(&["square_avg", "grad_avg"]),
    plain(|| quarter().centered(true).momentum(0.5), |s, g| by_hand(s, g, 0.5, true)).keeps(&[
        "square_avg",
        "momentum_buffer",
        "grad_avg"
    ]),
    plain(|| quarter().weight_decay(0.5), |s, g| by_hand(s, g + 0.5 * s.p, 0.0, false)).keeps(&["square_avg"]),
    plain(keras, |s, g| as_in_keras(s, g, 0.0, false)).keeps(&["square_avg"]),
    plain(|| keras().centered(true).momentum(0.5), |s, g| as_in_keras(s, g, 0.5, true)).keeps(&[
        "square_avg",
        "momentum_buffer",
        "grad_avg"
    ]),
    refused(RmsProp::new(0.1).alpha(-0.1), "RMSprop: alpha is -0.1, it must be in [0, 1]"),
    refused(RmsProp::new(0.1).eps(-1.0), "RMSprop: eps is -1.0, it must be finite and at least 0"),
    refused(RmsProp::new(0.1).momentum(f64::NAN), "RMSprop: momentum is NaN, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use crate::{Optimizer, RmsProp};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn squares_that_overflow_take_no_step() {
        for rmsprop in [RmsProp::new(0.1), RmsProp::keras(0.1)] {
            let mut rmsprop = rmsprop.centered(true).momentum(0.5);
            let mut x = Param::new(Tensor::from(0.5)).expect("a float");
            for g in [1e30, 1e20, -1e38] {
                let grads = x.mul_scalar(g).backward().expect("tracked");
                rmsprop.step(&mut x, &grads).expect("valid");
                assert_eq!(x.to_f64s(), [0.5]);
            }
        }
    }
}
