//! What one optimizer is: hyperparameters and a formula.

use crate::error::{Error, Result};
use autograd_core::Tensor;
use autograd_core::update::{ElementRule, Real};
use std::fmt::Debug;

/// An optimizer's own part: its hyperparameters are the fields of the type, its formula is [`Rule::step`]. All that
/// optimizers have in common (learning rate, weight decay, `maximize`, groups, state) is in the
/// [`Driver`](crate::Driver).
///
/// This is all of SGD without momentum:
/// ```
/// use autograd_core::{Tensor, module::Param, update::{ElementRule, Real}};
/// use wengert_optim::{Driver, Optimizer, Result, Rule, Turn};
///
/// #[derive(Clone, Debug)]
/// struct Plain;
///
/// impl Rule for Plain {
///     const NAME: &'static str = "Plain";
///     fn step(&self, turn: Turn<'_>) -> Result<()> {
///         let lr = turn.lr;
///         turn.update(Formula { lr })
///     }
/// }
///
/// #[derive(Clone, Copy)]
/// struct Formula {
///     lr: f64,
/// }
///
/// impl ElementRule<0> for Formula {
///     #[inline(always)]
///     fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
///         (p - T::of(self.lr) * g, [])
///     }
/// }
///
/// let mut x = Param::new(Tensor::from(1.0));
/// let grads = x.square().backward()?;
/// Driver::of(Plain, 0.1).step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 0.8);
/// # Ok::<(), wengert_optim::Error>(())
/// ```
pub trait Rule: Clone + Debug + Send + Sync + 'static {
    /// The optimizer's name in errors.
    const NAME: &'static str;

    /// The names of the state tensors that each parameter has, in PyTorch's words.
    fn slots(&self) -> &'static [&'static str] {
        &[]
    }

    /// State tensor number `slot` before the parameter's first step: zeros like the parameter, unless said otherwise.
    ///
    /// # Errors
    /// If the rule cannot work on such a parameter. This is asked for all parameters before any is changed.
    fn start(&self, slot: usize, parameter: &Tensor, lr: f64) -> Result<Tensor> {
        let _ = (slot, lr);
        Ok(parameter.zeros_like())
    }

    /// Whether the hyperparameters are in their ranges; the driver checks its own.
    ///
    /// # Errors
    /// The first one that is not.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Changes one parameter and its state, mostly by [`Turn::update`].
    ///
    /// # Errors
    /// None that could have been found earlier: parameters before this one are changed already.
    fn step(&self, turn: Turn<'_>) -> Result<()>;
}

/// One parameter's turn in a step: the tensors, and the numbers that hold for all of their elements.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The parameter.
    pub parameter: &'a mut Tensor,
    /// Its gradient, of the same shape and dtype.
    pub gradient: &'a Tensor,
    /// Its state, one tensor for each of the rule's slots.
    pub state: &'a mut [Tensor],
    /// The learning rate of the parameter's group.
    pub lr: f64,
    /// Which step of this parameter it is: 1 at the first.
    pub t: u64,
    /// The factor of the weight decay, 0 for none.
    pub weight_decay: f64,
    /// Whether the decay is applied to the parameter itself rather than added to the gradient.
    pub decoupled: bool,
    /// Whether to follow the gradient upwards.
    pub maximize: bool,
    pub(crate) name: &'static str,
}

impl Turn<'_> {
    /// Applies a formula to every element, in one pass over memory. The formula finds `maximize` and weight decay done:
    /// its g is the gradient to descend along, its p is decayed.
    ///
    /// # Errors
    /// If the formula takes another number of state tensors than the rule has.
    pub fn update<const S: usize>(self, formula: impl ElementRule<S>) -> Result<()> {
        let expected = self.state.len();
        let state: &mut [Tensor; S] =
            self.state.try_into().map_err(|_| Error::SlotCount { optimizer: self.name, got: S, expected })?;
        let l2 = if self.decoupled { 0.0 } else { self.weight_decay };
        let shrink = if self.decoupled { 1.0 - self.lr * self.weight_decay } else { 1.0 };
        let sign = if self.maximize { -1.0 } else { 1.0 };
        let whole = Decayed { formula, sign, l2, shrink };
        Ok(self.parameter.update(self.gradient, state.each_mut(), whole)?)
    }
}

/// A formula after `maximize` and weight decay.
#[derive(Clone, Copy)]
struct Decayed<F> {
    formula: F,
    sign: f64,
    l2: f64,
    shrink: f64,
}

impl<const S: usize, F: ElementRule<S>> ElementRule<S> for Decayed<F> {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, state: [T; S]) -> (T, [T; S]) {
        let g = T::of(self.sign) * g;
        // Not 0 · p: that would be NaN where a parameter is infinite.
        let g = if self.l2 == 0.0 { g } else { g + T::of(self.l2) * p };
        self.formula.element(p * T::of(self.shrink), g, state)
    }
}
