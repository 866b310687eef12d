//! SGD with Polyak's step size.

use super::penalty;
use crate::driver::Driver;
use crate::named::optimizer;
use crate::norms::{descent_norm, in_two_parts};
use crate::range::Range;
use crate::rule::{Parameters, Rule, See};
use crate::turn::Turn;
use autograd_core::Result;
use autograd_core::update::{ElementRule, Real};

/// SGD with Polyak's step size: each step is as long as it takes to come down to the least value of the loss, if that
/// were as steep all the way as it is here.
///
/// ```text
/// g ← g + λ p,  f ← f + λ/2 ‖p‖²         (weight_decay λ)
/// η = s · min(lr, (f − f*) / (‖g‖² + ε))
/// p ← p − η g                            (decoupled decay, if η > 0: p ← (1 − η·λ) p before)
///
/// sps_plus                               max(f − f*, 0) in place of f − f*
/// ```
///
/// f is the loss, so a step is [`Optimizer::step_with`](crate::Optimizer::step_with); ‖g‖ is the 2-norm over all
/// parameters that have a gradient. `lr ≥ 0`, the longest step, `f*` (`f_min`, 0), any lower bound of the loss, `ε ≥ 0`
/// (0), `s ≥ 0` (`scaling`, 1), `λ ≥ 0` (0). If all gradients are 0 and ε is, η is 0. State: none but the number
/// `polyak_step`, the quotient of the last step. η is the learning rate of all kinds of decay; groups may have longest
/// steps of their own.
///
/// A model that can fit all samples has f* = 0. Where the loss of a batch can fall below f*, the step goes upwards, as
/// far as that is away, whatever lr: see [`PolyakSgd::sps_plus`].
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
/// use wengert_optim::{Optimizer, PolyakSgd};
///
/// let mut x = Param::new(Tensor::from([4.0, 8.0]))?;
/// let mut sgd = PolyakSgd::new(1.0);
/// for expected in [[2.0, 4.0], [1.0, 2.0]] {                  // η = Σ x² / Σ (2 x)²
///     sgd.step_with(&mut x, |x| {
///         let loss = x.square().sum();
///         Ok((loss.item::<f32>()?.into(), loss.backward()?))
///     })?;
///     assert_eq!(x.to_vec::<f32>()?, expected);
/// }
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Loizou, Vaswani, Laradji, Lacoste-Julien, Stochastic Polyak Step-size for SGD, 2021 (SPS_max, with s its 1/c where
/// lr is no limit). Garrigos, Gower, Schaipp, Function Value Learning, 2023 (SPS₊).
///
/// # Differs from
/// * optax (`polyak_sgd`): there η is 0 wherever `‖g‖² + ε` is at most 2.2e-16, here only where it is 0. Its
///   `max_learning_rate`, which is 1, is `lr`. Its code multiplies g by s before it takes the norm, so the divisor is
///   `s² ‖g‖² + ε`, which is `PolyakSgd::new(s² lr).scaling(1 / s).eps(ε / s²)` here; the formula of its documentation
///   is the one above.
/// * PyTorch and Keras do not have it.
#[derive(Clone)]
pub struct PolyakSgd(Driver<PolyakRule>);
optimizer!(PolyakSgd, PolyakRule);

#[derive(Clone, Debug)]
struct PolyakRule {
    f_min: f64,
    eps: f64,
    scaling: f64,
    sps_plus: bool,
}

impl PolyakSgd {
    /// An optimizer with the default hyperparameters, and `lr` as its longest step; optax's is 1.
    pub fn new(lr: f64) -> PolyakSgd {
        PolyakSgd(Driver::new(PolyakRule { f_min: 0.0, eps: 0.0, scaling: 1.0, sps_plus: false }, lr))
    }

    /// f*: the least value of the loss, or a lower bound of it. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, PolyakSgd};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// PolyakSgd::new(1.0).f_min(48.0).scaling(0.5).eps(0.0).step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(x.item::<f32>()?, 7.5);                      // 8 − ½ · (64 − 48) / 16² · 16
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn f_min(self, f_min: f64) -> PolyakSgd {
        self.with(|rule| rule.f_min = f_min)
    }

    /// ε ≥ 0, which is added to the divisor to keep it from 0. Default 0.
    pub fn eps(self, eps: f64) -> PolyakSgd {
        self.with(|rule| rule.eps = eps)
    }

    /// s ≥ 0, by which every step is multiplied. Default 1.
    pub fn scaling(self, scaling: f64) -> PolyakSgd {
        self.with(|rule| rule.scaling = scaling)
    }

    /// Whether there is no step where the loss is below f*, in place of one upwards. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, PolyakSgd};
    /// for (sps_plus, expected) in [(false, 5.0), (true, 4.0)] {
    ///     let mut x = Param::new(Tensor::from(4.0))?;
    ///     PolyakSgd::new(1.0).f_min(24.0).sps_plus(sps_plus).step_with(&mut x, |x| {
    ///         let loss = x.square();
    ///         Ok((loss.item::<f32>()?.into(), loss.backward()?))
    ///     })?;
    ///     assert_eq!(x.item::<f32>()?, expected);             // 4 − (16 − 24) / 8² · 8
    /// }
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sps_plus(self, sps_plus: bool) -> PolyakSgd {
        self.with(|rule| rule.sps_plus = sps_plus)
    }
}

impl Rule for PolyakRule {
    const NAME: &'static str = "PolyakSgd";
    const SHARED: &'static [&'static str] = &["polyak_step"];
    const NEEDS_LOSS: bool = true;

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("f_min", &mut self.f_min, Range::FINITE);
        see("eps", &mut self.eps, Range::AT_LEAST_0);
        see("scaling", &mut self.scaling, Range::AT_LEAST_0);
    }

    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let Some(loss) = all.loss() else { unreachable!("the driver refuses a step without it") };
        let (mut gap, mut size) = (loss - self.f_min, self.eps);
        all.each(|_, turn| {
            gap += penalty(&turn)?;
            size += descent_norm(&turn)?.powi(2);
            Ok(())
        })?;
        if self.sps_plus && gap < 0.0 {
            gap = 0.0;
        }
        // Without ε and any gradient there is no way to go.
        all.shared()[0] = if size == 0.0 { 0.0 } else { gap / size };
        Ok(())
    }

    fn step(&self, mut turn: Turn<'_>) -> Result<()> {
        let step = turn.shared[0];
        // Not `min`: a loss that is not a number must be seen.
        let rate = self.scaling * if step > turn.lr { turn.lr } else { step };
        // Decays and penalties take their rate from here. They have no part in a step upwards.
        turn.lr = if rate < 0.0 { 0.0 } else { rate };
        let [first, second] = in_two_parts(rate.abs());
        turn.update(Along { rate: [first.copysign(rate), second] })
    }
}

#[derive(Clone, Copy)]
struct Along {
    /// To be multiplied with one after the other: that of tiny gradients may be too large for `F32`.
    rate: [f64; 2],
}

impl ElementRule<0> for Along {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        let [first, second] = self.rate.map(T::of);
        (p - first * g * second, [])
    }
}

#[cfg(test)]
use crate::cases::given;

/// In plain words.
#[cfg(test)]
fn by_hand(w: &mut crate::cases::Whole, g: &[f64], [lr, f_min, eps, scaling]: [f64; 4], plus: bool, decay: [f64; 2]) {
    let squares = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let gap = 1.25 - g[0] - f_min + 0.5 * decay[0] * squares(&w.p);
    let g: Vec<f64> = g.iter().zip(&w.p).map(|(g, p)| g + decay[0] * p).collect();
    let eta = scaling * lr.min(if plus { gap.max(0.0) } else { gap } / (squares(&g) + eps));
    for (p, g) in w.p.iter_mut().zip(&g) {
        *p = (1.0 - eta.max(0.0) * decay[1]) * *p - eta * g;
    }
}

#[cfg(test)]
cases![
    joint(|| given(PolyakSgd::new(0.2)), |w, g| by_hand(w, g, [0.2, 0.0, 0.0, 1.0], false, [0.0; 2]))
        .shares(&["polyak_step"]),
    joint(
        || given(PolyakSgd::new(0.1).f_min(0.5).eps(0.25)),
        |w, g| by_hand(w, g, [0.1, 0.5, 0.25, 1.0], false, [0.0; 2])
    )
    .shares(&["polyak_step"]),
    joint(
        || given(PolyakSgd::new(0.1).f_min(0.5).sps_plus(true).weight_decay(0.25)),
        |w, g| by_hand(w, g, [0.1, 0.5, 0.0, 1.0], true, [0.25, 0.0])
    )
    .shares(&["polyak_step"]),
    joint(
        || given(PolyakSgd::new(0.1).weight_decay(0.5).decoupled_weight_decay(true)),
        |w, g| by_hand(w, g, [0.1, 0.0, 0.0, 1.0], false, [0.0, 0.5])
    )
    .shares(&["polyak_step"]),
    refused(PolyakSgd::new(1.0).f_min(f64::NAN), "PolyakSgd: f_min is NaN, it must be finite"),
    refused(PolyakSgd::new(1.0).eps(-1.0), "PolyakSgd: eps is -1.0, it must be finite and at least 0"),
    refused(PolyakSgd::new(1.0).scaling(-1.0), "PolyakSgd: scaling is -1.0, it must be finite and at least 0"),
];

#[cfg(test)]
mod tests {
    use super::given;
    use crate::cases::golden;
    use crate::{Guard, Optimizer, Parts, PolyakSgd, Sam, Sgd};
    use autograd_core::Tensor;
    use autograd_core::module::Param;

    #[test]
    fn steps_are_those_of_optax() {
        // optax 0.2.8, float64.
        let expected = [-0.09756097560975607, 0.0, 0.0975609756097561, -0.6981707317073171];
        golden(given(PolyakSgd::new(0.5)), expected);
        let sgd = || PolyakSgd::new(0.2).f_min(0.5).eps(0.25);
        let expected = [-0.3292929292929292, -0.11363636363636359, 0.102020202020202, -0.4878787878787878];
        golden(given(sgd()), expected);
        golden(given(sgd().sps_plus(true)), [-0.6, -0.15, 0.3, -0.7]);
    }

    #[test]
    fn decays_and_penalties_have_no_part_in_a_step_upwards() {
        let sgd = || PolyakSgd::new(1.0).f_min(24.0);
        for mut sgd in
            [sgd().proximal_l2(8.0), sgd().proximal_l1(8.0), sgd().weight_decay(8.0).decoupled_weight_decay(true)]
        {
            let mut x = Param::new(Tensor::scalar(4.0)).expect("floats");
            let step = sgd.step_with(&mut x, |x| Ok((x.square().item()?, x.square().backward()?)));
            step.expect("valid");
            // 4 − (16 − 24) / 8² · 8
            assert_eq!(x.to_f64s(), [5.0]);
        }
    }

    #[test]
    fn a_step_that_does_not_know_the_loss_is_refused() {
        let mut x = Param::new(Tensor::scalar(8.0)).expect("floats");
        let grads = x.square().backward().expect("tracked");
        let text = "PolyakSgd: a step needs the value of the loss: call step_with_loss or step_with instead of step";
        let optimizers: [(Box<dyn Optimizer>, &str); 3] = [
            (Box::new(PolyakSgd::new(1.0)), ""),
            (Box::new(Guard::skip(PolyakSgd::new(1.0))), ""),
            (Box::new(Parts::new().rest(PolyakSgd::new(1.0))), "Parts: rest: "),
        ];
        for (mut optimizer, place) in optimizers {
            let error = optimizer.step(&mut x, &grads).expect_err("no loss");
            assert_eq!(error.to_string(), format!("{place}{text}"));
        }
        assert_eq!(x.to_f64s(), [8.0]);
    }

    #[test]
    fn parts_get_the_loss_of_all_and_sam_hands_on_that_of_the_highest_point() {
        let mut model = [8.0, 2.0].map(|x| Param::new(Tensor::scalar(x)).expect("floats")).to_vec();
        let mut parts = Parts::new().part("first", |name| name == "0", PolyakSgd::new(1.0)).rest(Sgd::new(0.25));
        let step = parts.step_with(&mut model, |model| {
            let loss = model[0].square().try_add(&model[1].square())?;
            Ok((loss.item()?, loss.backward()?))
        });
        assert_eq!(step.expect("a step").0, 68.0);
        let after: Vec<f64> = model.iter().flat_map(|param| param.to_f64s()).collect();
        assert_eq!(after, [8.0 - 68.0 / 16.0, 1.0]);

        let mut x = Param::new(Tensor::scalar(3.0)).expect("floats");
        let step = Sam::new(PolyakSgd::new(1.0), 1.0).step_with(&mut x, |x| {
            let loss = x.square();
            Ok((loss.item()?, loss.backward()?))
        });
        assert_eq!(step.expect("a step").0, 9.0);
        assert!((x.to_f64s()[0] - 1.0).abs() < 1e-9); // 3 − 16 / 8² · 8
    }

    #[test]
    fn wrappers_hand_the_loss_on_and_one_that_is_no_number_is_seen() {
        let mut x = Param::new(Tensor::scalar(8.0)).expect("floats");
        let mut guard = Guard::skip(PolyakSgd::new(1.0));
        for (loss, after) in [(Some(64.0), 4.0), (None, f64::NAN)] {
            let step = guard.step_with(&mut x, |x| Ok((loss.unwrap_or(f64::NAN), x.square().backward()?)));
            step.expect("a step");
            assert!(x.to_f64s()[0] == after || after.is_nan() && x.to_f64s()[0].is_nan());
        }
    }
}
