//! RMSprop.

use crate::blend::Average;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Turn;
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// RMSprop: each gradient is divided by the root of the average of its square.
///
/// ```text
/// g ← g + λ p                            (weight_decay λ)
/// s ← α s + (1 − α) g²                   (centered: a ← α a + (1 − α) g, and s − a² in place of s below)
/// b ← μ b + g / (√s + ε)                 (momentum μ; without momentum b = g / (√s + ε))
/// p ← p − lr · b                         (nesterov: μ b + g / (√s + ε) in place of b)
/// ```
///
/// With `eps_inside` the divisor is `√(s + ε)`. With `lr_inside` the learning rate is in the momentum: `b ← μ b + lr ·
/// g / (√s + ε)`, `p ← p − b`. With `bias_correction` s and a are divided by `1 − αᵗ` where they are used, t = 1, 2, ..
///
/// `lr ≥ 0`, `0 ≤ α ≤ 1` (0.99), `ε ≥ 0` (1e-8), `μ ≥ 0` (0), `λ ≥ 0` (0), s from `initial_scale ≥ 0` (0). State:
/// `square_avg` (s), `momentum_buffer` (b) with momentum, `grad_avg` (a) if centered. t counts the steps of each
/// parameter.
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
/// * PyTorch, Keras, optax: s − a² that rounding takes below 0 counts as 0; there the root may become NaN.
/// * Keras: [`RmsProp::keras`] has ε inside the root and the learning rate inside the momentum; its α is 0.9, its ε
///   1e-7, its weight decay decoupled.
/// * optax: [`RmsProp::optax`] has ε inside the root, the learning rate inside the momentum, and α (`decay`) 0.9. It
///   has no weight decay. TensorFlow 1 has that form, too, with an `initial_scale` of 1.
/// * The paper of Graves: as in Keras.
#[derive(Clone)]
pub struct RmsProp(Driver<RmsPropRule>);
optimizer!(RmsProp, RmsPropRule);

#[derive(Clone, Debug, Default)]
struct RmsPropRule {
    alpha: f64,
    eps: f64,
    momentum: f64,
    centered: bool,
    eps_inside: bool,
    lr_inside: bool,
    initial_scale: f64,
    nesterov: bool,
    bias_correction: bool,
}

impl RmsProp {
    /// An optimizer with the default hyperparameters.
    pub fn new(lr: f64) -> RmsProp {
        let rule = RmsPropRule { alpha: 0.99, eps: 1e-8, ..RmsPropRule::default() };
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

    /// optax's form: ε inside the root; the learning rate inside the momentum; α is 0.9.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;                                        // 1
    /// RmsProp::optax(0.5).alpha(0.75).eps(3.75).step(&mut x, &grads)?;        // √(0.25 + 3.75) = 2
    /// assert_eq!(x.item::<f32>()?, 3.75);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn optax(lr: f64) -> RmsProp {
        RmsProp::new(lr).alpha(0.9).eps_inside(true).lr_inside(true)
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

    /// The s ≥ 0 before the first step. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;                                        // 1
    /// RmsProp::new(0.5).alpha(0.75).eps(0.0).initial_scale(5.0).step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 3.75);                                     // √(0.75 · 5 + 0.25) = 2
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn initial_scale(self, initial_scale: f64) -> RmsProp {
        self.with(|rule| rule.initial_scale = initial_scale)
    }

    /// Whether the momentum is Nesterov's. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;
    /// RmsProp::new(0.5).alpha(0.75).eps(0.0).momentum(0.5).nesterov(true).step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 2.5);                                      // 0.5 (0.5 · 2 + 2)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nesterov(self, nesterov: bool) -> RmsProp {
        self.with(|rule| rule.nesterov = nesterov)
    }

    /// Whether s and a are divided by `1 − αᵗ`, which makes up for their start at 0. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, RmsProp};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// let grads = x.sum().backward()?;
    /// RmsProp::new(0.5).alpha(0.75).eps(0.0).bias_correction(true).step(&mut x, &grads)?;
    /// assert_eq!(x.item::<f32>()?, 3.5);                                      // s is 0.25, and counts as 1
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bias_correction(self, bias_correction: bool) -> RmsProp {
        self.with(|rule| rule.bias_correction = bias_correction)
    }
}

impl Rule for RmsPropRule {
    const NAME: &'static str = "RMSprop";
    const STATE: &'static [&'static str] = &["square_avg", "momentum_buffer", "grad_avg"];
    const ALWAYS: usize = 1;

    fn uses(&self, slot: usize) -> bool {
        [true, self.momentum != 0.0, self.centered][slot]
    }

    fn start(&self, slot: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Ok(if slot == 0 { parameter.full_like(self.initial_scale) } else { parameter.zeros_like() })
    }

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("alpha", &mut self.alpha, Range::FRACTION);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("momentum", &mut self.momentum, Range::AT_LEAST_0);
        see("initial_scale", &mut self.initial_scale, Range::AT_LEAST_0);
    }

    fn check(&self) -> Result<()> {
        if self.alpha < 1.0 || !self.bias_correction {
            return Ok(());
        }
        let text = format!("RMSprop: alpha is {:?}, it must be below 1 for the bias correction", self.alpha);
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn step(&self, turn: Turn<'_>) -> Result<()> {
        let RmsPropRule { alpha, eps, momentum, centered, nesterov, .. } = *self;
        let (eps_inside, eps) = if self.eps_inside { (eps, 0.0) } else { (0.0, eps) };
        let (lr_inside, lr) = if self.lr_inside { (turn.lr, 1.0) } else { (1.0, turn.lr) };
        let correction = if self.bias_correction { 1.0 / (1.0 - alpha.powf(turn.t as f64)) } else { 1.0 };
        let gain = 1.0 - alpha;
        let centre = Average::keeping(alpha);
        let formula =
            Formula { lr, lr_inside, alpha, gain, centre, correction, eps, eps_inside, momentum, centered, nesterov };
        turn.update(formula)
    }
}

#[derive(Clone, Copy)]
struct Formula {
    lr: f64,
    lr_inside: f64,
    alpha: f64,
    gain: f64,
    centre: Average,
    correction: f64,
    eps: f64,
    eps_inside: f64,
    momentum: f64,
    centered: bool,
    nesterov: bool,
}

impl ElementRule<3> for Formula {
    const ALWAYS: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [s, b, a]: [T; 3]) -> (T, [T; 3]) {
        let s = T::of(self.alpha) * s + T::of(self.gain) * (g * g);
        let a = if self.centered { self.centre.next(a, g) } else { T::ZERO };
        let correction = T::of(self.correction);
        let (square, mean) = (correction * s, correction * a);
        // Where g² overflows, a² may as well, and the difference is no number.
        let spread = T::select(square.eq(T::INFINITY), square, square - mean * mean);
        let u = g / ((T::ZERO.larger(spread) + T::of(self.eps_inside)).sqrt() + T::of(self.eps));
        // Without momentum the b before is 0.
        let u = T::of(self.lr_inside) * u;
        let b = T::of(self.momentum) * b + u;
        let step = if self.nesterov { T::of(self.momentum) * b + u } else { b };
        (p - T::of(self.lr) * step, [s, b, a])
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
    plain(
        || quarter().initial_scale(2.0).momentum(0.5).nesterov(true),
        |s, g| {
            s.a = 0.75 * if s.t == 1.0 { 2.0 } else { s.a } + 0.25 * g * g;
            let u = g / (s.a.sqrt() + 0.01);
            s.c = 0.5 * s.c + u;
            s.p -= 0.05 * (0.5 * s.c + u);
        }
    )
    .keeps(&["square_avg", "momentum_buffer"]),
    plain(
        || RmsProp::optax(0.05).alpha(0.75).eps(0.01).centered(true).bias_correction(true),
        |s, g| {
            s.a = 0.75 * s.a + 0.25 * g * g;
            s.b = 0.75 * s.b + 0.25 * g;
            let correction = 1.0 - 0.75f64.powf(s.t);
            s.p -= 0.05 * g / ((s.a / correction - (s.b / correction).powi(2)).max(0.0) + 0.01).sqrt();
        }
    )
    .keeps(&["square_avg", "grad_avg"]),
    refused(RmsProp::new(0.1).alpha(-0.1), "RMSprop: alpha is -0.1, it must be in [0, 1]"),
    refused(RmsProp::new(0.1).eps(-1.0), "RMSprop: eps is -1.0, it must be finite and at least 0"),
    refused(RmsProp::new(0.1).momentum(f64::NAN), "RMSprop: momentum is NaN, it must be finite and at least 0"),
    refused(RmsProp::new(0.1).initial_scale(-1.0), "RMSprop: initial_scale is -1.0, it must be finite and at least 0"),
    refused(
        RmsProp::new(0.1).alpha(1.0).bias_correction(true),
        "RMSprop: alpha is 1.0, it must be below 1 for the bias correction"
    ),
];

#[cfg(test)]
mod tests {
    use crate::cases::golden;
    use crate::{Optimizer, RmsProp};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn optax_has_the_same_steps() {
        let defaults = [-0.9775886563779443, -0.28262949249648806, 0.6406710892802895, -0.9312940802868163];
        golden(RmsProp::optax(0.05), defaults);
        let optax = || RmsProp::optax(0.05).alpha(0.75).eps(0.01).momentum(0.5);
        let from_one = [-1.0268780116025793, -0.20377591565800524, 0.5745338259925615, -0.8961678455800426];
        golden(optax().initial_scale(1.0).nesterov(true), from_one);
        let beside = [-1.0414403660495366, -0.21420721821053507, 0.5956458161383653, -0.889311167730525];
        golden(optax().eps_inside(false).bias_correction(true), beside);
        let centered = [0.08808819080270539, -0.5992092039690312, 1.0049433512241543, -2.0713947220885043];
        golden(optax().centered(true).nesterov(true).bias_correction(true), centered);
    }

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
