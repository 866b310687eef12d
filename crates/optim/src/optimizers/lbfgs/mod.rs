//! L-BFGS.

mod history;
mod minimize;
mod vector;
mod wolfe;

use crate::driver::rate;
use crate::optimizer::{Objective, Optimizer, StepReport, unknown};
use crate::range::Range;
use crate::rule::See;
use autograd_core::module::{Module, StateDict, StateMismatch, StateProblem};
use autograd_core::{Description, Error, ErrorKind, Gradients, Result, Tensor};
use history::History;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use vector::{place, values};

pub use wolfe::LineSearch;

/// Limited-memory BFGS: a quasi-Newton method, which estimates the curvature from the last gradients, for losses
/// without randomness.
///
/// ```text
/// d = −H g            H ≈ the inverse Hessian, from the last history_size pairs  s = t d,  y = change of g on it
/// p ← p + t d         t = lr  (the first time: min(1, 1 / Σ|g|) · lr), or what the line search finds from there
/// ```
///
/// H is never formed: `H g` is the two-loop recursion, with `(sᵀy / yᵀy) · 1` in its middle. Pairs with `yᵀs ≤ 1e-10`
/// are left out. One step is up to `max_iter` (20) such iterations; it ends early where it has evaluated `max_eval`
/// times (`5/4 · max_iter`), `max |g| ≤ tolerance_grad` (1e-7), or the parameters, the loss or the slope `gᵀd` change
/// by no more than `tolerance_change` (1e-9).
///
/// `lr ≥ 0`, `history_size ≥ 1` (100), `max_iter ≥ 1`; line search: off. There are no groups, and no weight decay: add
/// a penalty to the loss. A parameter without a gradient has the gradient 0. State: the direction `d`, the gradient
/// `prev_flat_grad`, and the history `old_dirs` (y) and `old_stps` (s) of each parameter.
///
/// # Numerics
/// Inner products are gathered in `f64`, in an order that no number of threads changes.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Lbfgs, LineSearch, Optimizer};
///
/// let mut x = Param::new(Tensor::from([3.0, -2.0]))?;
/// let scale = Tensor::from([1.0, 100.0]);
/// let mut lbfgs = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe);
/// let (before, _) = lbfgs.step_with(&mut x, |x| {
///     let loss = x.square().try_mul(&scale)?.sum();
///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
/// })?;
/// assert_eq!(before, 409.0);
/// assert!(x.to_f64s().iter().all(|x| x.abs() < 1e-4));
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Nocedal, Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5. Liu, Nocedal, On the limited memory BFGS
/// method for large scale optimization, 1989.
///
/// # Differs from
/// * PyTorch: inner products are `f64` also of `F32` parameters; a step whose evaluation fails (also by a panic)
///   changes nothing. Nor does one in which the loss becomes NaN or infinite, which is an error without a line search.
///   Before PyTorch 2.10 a line search could evaluate 25 times, whatever was left of `max_eval`.
/// * optax: a step is one iteration without tolerances, by default with a line search; the first t is `min(1, 1 /
///   ‖g‖)`, 10 pairs are kept, all but those with `yᵀs = 0`. Keras does not have it.
#[derive(Clone, Debug)]
pub struct Lbfgs {
    lr: f64,
    max_iter: usize,
    max_eval: Option<usize>,
    tolerance_grad: f64,
    tolerance_change: f64,
    history_size: usize,
    line_search: LineSearch,
    maximize: bool,
    history: History,
}

impl Lbfgs {
    /// An optimizer with the default hyperparameters; PyTorch's `lr` is 1.
    pub fn new(lr: f64) -> Lbfgs {
        Lbfgs {
            lr,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search: LineSearch::Off,
            maximize: false,
            history: History::default(),
        }
    }

    /// The most iterations of one step, at least 1. Default 20.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Lbfgs, Optimizer};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let mut evaluations = 0;
    /// let mut lbfgs = Lbfgs::new(0.1).max_iter(3).max_eval(10).history_size(5);
    /// lbfgs.step_with(&mut x, |x| {
    ///     evaluations += 1;
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(evaluations, 3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_iter(mut self, max_iter: usize) -> Lbfgs {
        self.max_iter = max_iter;
        self
    }

    /// The number of evaluations that ends a step. Default `5/4 · max_iter`.
    pub fn max_eval(mut self, max_eval: usize) -> Lbfgs {
        self.max_eval = Some(max_eval);
        self
    }

    /// How many evaluations one step makes at most: by default a quarter more than iterations.
    fn evaluations(&self) -> usize {
        self.max_eval.unwrap_or(self.max_iter.saturating_add(self.max_iter / 4))
    }

    /// The largest element, at least 0, of a gradient that counts as 0. Default 1e-7.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Lbfgs, Optimizer};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let mut lbfgs = Lbfgs::new(0.1).tolerance_grad(100.0).tolerance_change(0.0);       // 16 counts as 0
    /// lbfgs.step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(x.item::<f32>()?, 8.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tolerance_grad(mut self, tolerance_grad: f64) -> Lbfgs {
        self.tolerance_grad = tolerance_grad;
        self
    }

    /// The largest change, at least 0, of loss or parameters that counts as none. Default 1e-9.
    pub fn tolerance_change(mut self, tolerance_change: f64) -> Lbfgs {
        self.tolerance_change = tolerance_change;
        self
    }

    /// The number of pairs that are kept, at least 1. Default 100.
    pub fn history_size(mut self, history_size: usize) -> Lbfgs {
        self.history_size = history_size;
        self
    }

    /// The way the length of a step is found. Default [`LineSearch::Off`].
    pub fn line_search(mut self, line_search: LineSearch) -> Lbfgs {
        self.line_search = line_search;
        self
    }

    /// Whether to follow the gradient upwards: loss and gradient are negated before anything else. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Lbfgs, LineSearch, Optimizer};
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe).maximize(true).step_with(&mut x, |x| {
    ///     let loss = x.square().neg();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert!(x.item::<f32>()?.abs() < 1e-3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn maximize(mut self, maximize: bool) -> Lbfgs {
        self.maximize = maximize;
        self
    }

    /// What is minimised, of a loss, and the loss, of what is minimised.
    fn turned(&self, loss: f64) -> f64 {
        if self.maximize { -loss } else { loss }
    }

    fn each(&mut self, see: &mut See<'_>) {
        see("lr", &mut self.lr, Range::AT_LEAST_0);
        see("tolerance_grad", &mut self.tolerance_grad, Range::AT_LEAST_0);
        see("tolerance_change", &mut self.tolerance_change, Range::AT_LEAST_0);
    }
}

impl Optimizer for Lbfgs {
    /// Always an error: one step needs several evaluations.
    fn ready(&mut self, _: &dyn Module, _: &Gradients, _: Option<f64>) -> Result<()> {
        let text = "LBFGS: one step evaluates the loss several times: call step_with instead of step";
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        self.ready(model, grads, None).map(|()| StepReport::default())
    }

    fn step_on(&mut self, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        self.check()?;
        let (start, history) = (values(objective.model()), self.history.clone());
        let outcome = catch_unwind(AssertUnwindSafe(|| self.minimize(objective)));
        if !matches!(outcome, Ok(Ok(_))) {
            self.history = history;
            place(objective.model(), &start)?;
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn evaluates_once(&self) -> bool {
        false
    }

    fn tries_points(&self) -> bool {
        self.line_search != LineSearch::Off
    }

    fn sees_all(&self) -> bool {
        false
    }

    fn check(&self) -> Result<()> {
        let mut outcome = Ok(());
        self.clone().each(&mut |name, value, range| {
            if outcome.is_ok() {
                outcome = range.check("LBFGS", name, *value);
            }
        });
        outcome?;
        for (name, value) in [("max_iter", self.max_iter), ("history_size", self.history_size)] {
            if value == 0 {
                return Err(Error::argument("LBFGS", name, value, "at least 1"));
            }
        }
        Ok(())
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        let mut all = Vec::new();
        self.clone().each(&mut |name, value, _| all.push((name, *value)));
        all
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let mut found = false;
        self.each(&mut |known, number, _| {
            if known == name {
                (*number, found) = (value, true);
            }
        });
        if found { Ok(()) } else { Err(unknown(name, &self.hyperparameters()).context("LBFGS")) }
    }

    fn describe(&self, _: &[String]) -> Description {
        Description::from_debug(&Lbfgs { history: History::default(), ..self.clone() })
    }

    fn state_dict(&self) -> StateDict {
        let mut state = StateDict::new();
        state.insert("lr", Tensor::scalar(self.lr));
        self.history.save(&mut state);
        state
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let Some(lr) = state.get("lr") else {
            return Err(StateMismatch { problems: vec![StateProblem::Missing("lr".into())] }.into());
        };
        let (lr, history) = (rate("LBFGS", lr)?, History::load(state, &["lr"])?);
        (self.lr, self.history) = (lr, history);
        Ok(())
    }
}

#[cfg(test)]
cases![
    refused(Lbfgs::new(-1.0), "LBFGS: lr is -1.0, it must be finite and at least 0"),
    refused(Lbfgs::new(1.0).max_iter(0), "LBFGS: max_iter is 0, it must be at least 1"),
    refused(Lbfgs::new(1.0).history_size(0), "LBFGS: history_size is 0, it must be at least 1"),
    refused(Lbfgs::new(1.0).tolerance_grad(f64::NAN), "LBFGS: tolerance_grad is NaN, it must be finite and at least 0"),
];
