//! The `Rule` trait: an optimizer's hyperparameters and formula.

use crate::range::Range;
use crate::turn::Turn;
use autograd_core::{Result, Tensor};
use std::fmt::Debug;

/// A function that is called for each hyperparameter, with its name, the number and its range.
pub type See<'a> = dyn FnMut(&'static str, &mut f64, Range) + 'a;

/// An optimizer's own part: its hyperparameters are the fields of the type, its formula is [`Rule::step`]. All that
/// optimizers have in common (learning rate, weight decay, `maximize`, groups, state) is in the
/// [`Driver`](crate::Driver).
///
/// A rule holds nothing that changes while training: whatever changes is state and numbers, which the driver saves.
///
/// This is all of SGD with momentum:
/// ```
/// use autograd_core::{Result, Tensor, module::Param, update::{ElementRule, Real}};
/// use wengert_optim::{Driver, Optimizer, Range, Rule, See, Turn};
///
/// #[derive(Clone, Debug)]
/// struct Heavy {
///     momentum: f64,
/// }
///
/// impl Rule for Heavy {
///     const NAME: &'static str = "Heavy";
///     const STATE: &'static [&'static str] = &["momentum_buffer"];
///
///     fn hyperparameters(&mut self, see: &mut See<'_>) {
///         see("momentum", &mut self.momentum, Range::AT_LEAST_0);
///     }
///
///     fn step(&self, turn: Turn<'_>) -> Result<()> {
///         let formula = Formula { lr: turn.lr, momentum: self.momentum };
///         turn.update(formula)
///     }
/// }
///
/// #[derive(Clone, Copy)]
/// struct Formula {
///     lr: f64,
///     momentum: f64,
/// }
///
/// impl ElementRule<1> for Formula {
///     #[inline(always)]
///     fn element<T: Real>(self, p: T, g: T, [b]: [T; 1]) -> (T, [T; 1]) {
///         let b = T::of(self.momentum) * b + g;
///         (p - T::of(self.lr) * b, [b])
///     }
/// }
///
/// let mut x = Param::new(Tensor::from(1.0))?;
/// let grads = x.square().backward()?;
/// let mut heavy = Driver::new(Heavy { momentum: 0.9 }, 0.1);
/// heavy.step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 0.8);
/// heavy.set("momentum", 0.5)?;
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Rule: Clone + Debug + Send + Sync + 'static {
    /// The optimizer's name in errors.
    const NAME: &'static str;

    /// The names of the state tensors that a parameter may have, in PyTorch's words; those that are always in use come
    /// first ([`Rule::ALWAYS`]).
    const STATE: &'static [&'static str] = &[];

    /// How many of the state tensors are always in use, whatever the hyperparameters are; by default all. A rule with a
    /// [`Rule::uses`] of its own says it, as its formula does
    /// ([`ElementRule::ALWAYS`](autograd_core::update::ElementRule::ALWAYS)).
    const ALWAYS: usize = Self::STATE.len();

    /// The names of the numbers that each parameter has, like NAdam's `mu_product`.
    const NUMBERS: &'static [&'static str] = &[];

    /// The names of the numbers that the optimizer has once, for all parameters; [`Rule::begin`] changes them.
    const SHARED: &'static [&'static str] = &[];

    /// The learning rates that the optimizer may be made with, besides being at least 0. A schedule may take the rate
    /// to 0 all the same.
    const START_LR: Range = Range::new(|_| true, "a number");

    /// Whether the rule needs the value of the loss ([`Parameters::loss`]). A step that does not know it is an error:
    /// [`Optimizer::step_with_loss`](crate::Optimizer::step_with_loss) and
    /// [`Optimizer::step_with`](crate::Optimizer::step_with) do.
    const NEEDS_LOSS: bool = false;

    /// Whether the rule keeps an estimate of the Hessian: [`Rule::estimate`] makes it.
    const ESTIMATES_HESSIAN: bool = false;

    /// Whether the weights to evaluate at are others than the parameters: [`Rule::evaluated`] says which.
    const EVALUATES: bool = false;

    /// Whether a proximal step and the cautious decay may follow the rule's own step. They move the parameter alone:
    /// not where its state has to go with it.
    const FOLLOWED: bool = true;

    /// Whether state tensor number `slot` is in use, as the first [`Rule::ALWAYS`] are. One that is not is neither made
    /// nor saved. One that is switched on while a parameter rests is made by the parameter's next step, and saved as a
    /// tensor of shape `[0]` until then.
    fn uses(&self, slot: usize) -> bool {
        let _ = slot;
        true
    }

    /// A number that decides the shapes of state tensors beside the parameter's, such as a rank: where it is another
    /// one, state is compared with the parameter once more.
    fn extent(&self) -> usize {
        0
    }

    /// State tensor number `slot` before the parameter's first step; zeros like the parameter by default.
    ///
    /// # Errors
    /// If the rule cannot work on such a parameter. This is asked for all parameters before any is changed.
    fn start(&self, slot: usize, parameter: &Tensor, lr: f64) -> Result<Tensor> {
        let _ = (slot, lr);
        Ok(parameter.zeros_like())
    }

    /// Number `number` of [`Rule::NUMBERS`] before the parameter's first step; 0 by default.
    fn start_number(&self, number: usize, lr: f64) -> f64 {
        let _ = (number, lr);
        0.0
    }

    /// Number `number` of [`Rule::SHARED`] before the first step; 0 by default.
    fn start_shared(&self, number: usize, lr: f64) -> f64 {
        let _ = (number, lr);
        0.0
    }

    /// Shows every hyperparameter that is a number, by the name of its setter; `betas[0]` where a setter takes several.
    /// By these names they are checked, read ([`Optimizer::get`](crate::Optimizer::get)) and changed
    /// ([`Optimizer::set`](crate::Optimizer::set)).
    fn hyperparameters(&mut self, see: &mut See<'_>) {
        let _ = see;
    }

    /// Whether hyperparameters fit each other; the driver has compared each with its range.
    ///
    /// # Errors
    /// If they do not.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The weights to evaluate at, of a parameter that has been updated, with its state; asked if [`Rule::EVALUATES`].
    /// By default the parameter.
    ///
    /// # Errors
    /// If they cannot be computed.
    fn evaluated(&self, parameter: &Tensor, state: &[Option<Tensor>]) -> Result<Tensor> {
        let _ = state;
        Ok(parameter.detach())
    }

    /// Called at the beginning of every step, with all parameters that have a gradient: for norms over the model, and
    /// rates that are found while training.
    ///
    /// # Errors
    /// Only what could not be checked beforehand: numbers and state may have been changed by now.
    fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
        let _ = all;
        Ok(())
    }

    /// Takes the gradient of the mean loss of `batch_size` samples, with targets drawn from the model's own outputs,
    /// into the state of one parameter, between two steps: for [`Rule::ESTIMATES_HESSIAN`].
    ///
    /// # Errors
    /// Only what could not be checked beforehand.
    fn estimate(&self, turn: Turn<'_>, batch_size: usize) -> Result<()> {
        let _ = (turn, batch_size);
        unreachable!("a rule that estimates the Hessian says how")
    }

    /// Changes one parameter and its state, mostly by [`Turn::update`].
    ///
    /// # Errors
    /// Only what could not be checked beforehand: earlier parameters have been changed by now.
    fn step(&self, turn: Turn<'_>) -> Result<()>;
}

/// All parameters that have a gradient, for [`Rule::begin`].
///
/// # Examples
/// ```
/// use autograd_core::{Result, Tensor, module::Param, update::{ElementRule, Real}};
/// use wengert_optim::{Driver, Optimizer, Parameters, Rule, Turn};
///
/// /// p ← p − lr · g / ‖g‖, with the norm over all parameters.
/// #[derive(Clone, Copy, Debug)]
/// struct Normalised {
///     rate: f64,
/// }
///
/// impl Rule for Normalised {
///     const NAME: &'static str = "Normalised";
///     const SHARED: &'static [&'static str] = &["rate"];
///
///     fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
///         let mut squares = 0.0;
///         all.each(|_, turn| {
///             squares += turn.gradient.square().sum().to_f64s()[0];
///             Ok(())
///         })?;
///         all.shared()[0] = all.lr() / squares.sqrt();
///         Ok(())
///     }
///     fn step(&self, turn: Turn<'_>) -> Result<()> {
///         let rate = turn.shared[0];
///         turn.update(Normalised { rate })
///     }
/// }
///
/// impl ElementRule<0> for Normalised {
///     #[inline(always)]
///     fn element<T: Real>(self, p: T, g: T, state: [T; 0]) -> (T, [T; 0]) {
///         (p - T::of(self.rate) * g, state)
///     }
/// }
///
/// let mut model = vec![Param::new(Tensor::from(3.0))?, Param::new(Tensor::from(4.0))?];
/// let grads = (model[0].square() + model[1].square()).backward()?;  // 6 and 8
/// Driver::new(Normalised { rate: 0.0 }, 1.0).step(&mut model, &grads)?;
/// assert!((model[0].item::<f32>()? - 2.4).abs() < 1e-6);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub struct Parameters<'a, R>(&'a mut dyn EachTurn<R>);

/// The driver's sight of all parameters.
pub(crate) trait EachTurn<R> {
    fn lr(&self) -> f64;
    fn loss(&self) -> Option<f64>;
    fn shared(&mut self) -> &mut [f64];
    fn each(&mut self, see: &mut dyn FnMut(&R, Turn<'_>) -> Result<()>) -> Result<()>;
}

impl<'a, R> Parameters<'a, R> {
    pub(crate) fn new(all: &'a mut dyn EachTurn<R>) -> Self {
        Parameters(all)
    }

    /// The learning rate of the optimizer.
    pub fn lr(&self) -> f64 {
        self.0.lr()
    }

    /// The loss of which the gradients are, negated by `maximize`; none where the step does not know it, which cannot
    /// be with [`Rule::NEEDS_LOSS`].
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Result, Tensor, module::Param};
    /// use wengert_optim::{Driver, Optimizer, Parameters, Rule, Turn};
    ///
    /// /// p ← p − lr · f g
    /// #[derive(Clone, Debug)]
    /// struct Falling;
    ///
    /// impl Rule for Falling {
    ///     const NAME: &'static str = "Falling";
    ///     const SHARED: &'static [&'static str] = &["loss"];
    ///     const NEEDS_LOSS: bool = true;
    ///
    ///     fn begin(&self, all: &mut Parameters<'_, Self>) -> Result<()> {
    ///         all.shared()[0] = all.loss().expect("it is needed");
    ///         Ok(())
    ///     }
    ///     fn step(&self, turn: Turn<'_>) -> Result<()> {
    ///         let (g, rate) = (turn.descent()?, turn.lr * turn.shared[0]);
    ///         turn.subtract(rate, &g)
    ///     }
    /// }
    ///
    /// let (mut x, mut falling) = (Param::new(Tensor::from(2.0))?, Driver::new(Falling, 0.0625));
    /// falling.step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(x.item::<f32>()?, 1.0);                              // 2 − 0.0625 · 4 · 4
    /// let grads = x.square().backward()?;
    /// let error = falling.step(&mut x, &grads).unwrap_err();
    /// assert_eq!(error.to_string(), "Falling: a step needs the value of the loss: call step_with_loss or step_with instead of step");
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn loss(&self) -> Option<f64> {
        self.0.loss()
    }

    /// The optimizer's numbers, one for each of [`Rule::SHARED`].
    pub fn shared(&mut self) -> &mut [f64] {
        self.0.shared()
    }

    /// Calls `see` for each parameter, in the order of the model, with the rule of its group and the turn it will have.
    ///
    /// # Errors
    /// The first one of `see`.
    pub fn each(&mut self, mut see: impl FnMut(&R, Turn<'_>) -> Result<()>) -> Result<()> {
        self.0.each(&mut see)
    }
}

impl<R> std::fmt::Debug for Parameters<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parameters").field("lr", &self.lr()).finish_non_exhaustive()
    }
}
