//! The `Optimizer` trait, which hides the formula.

use crate::forward::step_along;
use autograd_core::module::{Module, StateDict};
use autograd_core::{Description, Error, ErrorKind, Gradients, Result};

/// Changes a model's parameters against their gradients.
///
/// Code that takes any optimizer takes `&mut dyn Optimizer`.
///
/// # Hyperparameters by name
/// A hyperparameter that is a number has the name of its setter; one of several that a setter takes has its index
/// behind it: `lr`, `weight_decay`, `momentum`, `betas[0]`. A schedule can drive any of them:
///
/// ```
/// use wengert_optim::schedule::{LinearLR, Schedule};
/// use wengert_optim::{Optimizer, Sgd};
///
/// let mut sgd = Sgd::new(0.1).momentum(0.8);
/// let (schedule, base) = (LinearLR::new().start_factor(0.5).total_iters(4), sgd.get("momentum")?);
/// sgd.set("momentum", schedule.rate(base, 2))?;
/// assert!((sgd.get("momentum")? - 0.6).abs() < 1e-15);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// One of a group has the group's prefix before it: `encoder.lr` is that of the parameters below `encoder`, if
/// `group("encoder", ..)` made them a group. What is set so stands after the group's own change; of `lr` the ratio to
/// the optimizer's is kept, so a schedule of both sets `lr` first.
///
/// ```
/// use wengert_optim::{AdamW, Optimizer};
/// let mut adamw = AdamW::new(0.5).group("encoder", |group| group.scale_lr(0.5));
/// adamw.set("encoder.weight_decay", 0.25)?;
/// assert_eq!((adamw.get("encoder.lr")?, adamw.get("encoder.weight_decay")?), (0.25, 0.25));
/// adamw.set("encoder.lr", 0.125)?;
/// adamw.set_lr(1.0);
/// assert_eq!((adamw.get("lr")?, adamw.get("encoder.lr")?), (1.0, 0.25));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Optimizer: Send + Sync {
    /// Changes every trainable parameter that has a gradient, once.
    ///
    /// A trainable parameter without a gradient stays as it is, with its state and its step count, and is reported.
    /// Frozen parameters are passed over.
    ///
    /// # Errors
    /// If no trainable parameter has a gradient, as with the gradients of another model or of the one this was cloned
    /// from. If a hyperparameter is outside its range, a gradient or a loaded state does not fit its parameter, a
    /// group is
    /// empty, or the optimizer evaluates more than once in a step; then nothing is changed.
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport>;

    /// [`Optimizer::step`] for an optimizer that needs the value of the loss, like [`PolyakSgd`](crate::PolyakSgd):
    /// `loss` is that of which the gradients are. By default it is not looked at.
    ///
    /// ```
    /// use autograd_core::{Tensor, module::Param};
    /// use wengert_optim::{Optimizer, PolyakSgd};
    ///
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let grads = x.square().backward()?;
    /// PolyakSgd::new(1.0).step_with_loss(&mut x, &grads, 64.0)?;
    /// assert_eq!(x.item::<f32>()?, 4.0);                          // 8 − 64 / 16² · 16
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Optimizer::step`].
    fn step_with_loss(&mut self, model: &mut dyn Module, grads: &Gradients, loss: f64) -> Result<StepReport> {
        let _ = loss;
        self.step(model, grads)
    }

    /// Whether [`Optimizer::step`], or [`Optimizer::step_with_loss`] if there is one, can be made: everything that it
    /// refuses before it changes anything. What makes the steps of several optimizers as one, like
    /// [`Parts`](crate::Parts), asks all of them first. By default [`Optimizer::check`].
    ///
    /// # Errors
    /// Those of the step.
    fn ready(&mut self, model: &dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<()> {
        let _ = (model, grads, loss);
        self.check()
    }

    /// [`Optimizer::step_with`] for an objective behind `dyn`. By default it is one evaluation and one step.
    ///
    /// # Errors
    /// Those of the evaluation, and those of [`Optimizer::step_with_loss`].
    fn step_on(&mut self, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        let (loss, grads) = objective.evaluate()?;
        let report = self.step_with_loss(objective.model(), &grads, loss)?;
        Ok((loss, report))
    }

    /// One step of an optimizer that may evaluate the loss and its gradients more than once, as [`Lbfgs`](crate::Lbfgs)
    /// does; the others evaluate once. Returns the loss of the first evaluation.
    ///
    /// ```
    /// use autograd_core::{Tensor, module::Param};
    /// use wengert_optim::{Optimizer, Sgd};
    ///
    /// let mut x = Param::new(Tensor::from(1.0))?;
    /// let (loss, _) = Sgd::new(0.25).step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!((loss, x.item::<f32>()?), (1.0, 0.5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `evaluate`, and those of [`Optimizer::step`].
    fn step_with<M: Module>(
        &mut self,
        model: &mut M,
        evaluate: impl FnMut(&mut M) -> Result<(f64, Gradients)>,
    ) -> Result<(f64, StepReport)>
    where
        Self: Sized,
    {
        self.step_on(&mut Evaluated(model, evaluate))
    }

    /// The step that [`Optimizer::ready`] has just been asked for, with the same arguments: what was looked at is not
    /// looked at again, so a change of gradients that draws random numbers draws them once.
    #[doc(hidden)]
    fn step_ready(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        step_along(self, model, grads, loss)
    }

    /// Whether it looks at gradients of what is no parameter of its model; by default it may.
    #[doc(hidden)]
    fn sees_all(&self) -> bool {
        true
    }

    /// Whether it steps along the gradients of every evaluation, so that a loss that is no number must end the run.
    /// L-BFGS says no, with and without a line search: it looks at each loss itself. [`Optimizer::tries_points`] is
    /// about gradients that a wrapper looks at.
    #[doc(hidden)]
    fn follows_all(&self) -> bool {
        false
    }

    /// Whether it evaluates at points that it only tries, where a wrapper lets gradients that are no numbers pass.
    /// L-BFGS does with a line search only. Without one it neither tries points nor follows all
    /// ([`Optimizer::follows_all`]), which is why these are two questions. What evaluates once has no such points, so
    /// its answer is not looked at.
    #[doc(hidden)]
    fn tries_points(&self) -> bool {
        !self.follows_all()
    }

    /// Takes the gradient of the mean loss of `batch_size` samples whose targets were drawn from the model's own
    /// outputs into an estimate of the Hessian: [`SophiaG::update_hessian`](crate::SophiaG::update_hessian). A
    /// `Trainer` does it between steps.
    ///
    /// # Errors
    /// If the optimizer keeps no such estimate, as by default, or the gradients do not fit; then nothing is changed.
    fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        let _ = (model, grads, batch_size);
        Err(no_hessian())
    }

    /// The error that [`Optimizer::update_hessian`] would have, before it changes anything.
    #[doc(hidden)]
    fn ready_for_hessian(&mut self, model: &dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        let _ = (model, grads, batch_size);
        if self.estimates_hessian() { Ok(()) } else { Err(no_hessian()) }
    }

    /// Whether it keeps an estimate of the Hessian.
    #[doc(hidden)]
    fn estimates_hessian(&self) -> bool {
        false
    }

    /// Whether a step evaluates the loss once, so that [`Optimizer::step`] can be made.
    #[doc(hidden)]
    fn evaluates_once(&self) -> bool {
        true
    }

    /// What follows the gradient upwards, a group of parameters or the whole; none if nothing does.
    #[doc(hidden)]
    fn upwards(&self) -> Option<String> {
        let description = self.describe(&[]);
        // That of a part has the part's name before it.
        let named = |name: &str| name == "maximize" || name.ends_with(".maximize");
        let is_up = description.options().any(|(name, value)| named(name) && value == "true");
        is_up.then(|| description.kind().to_string())
    }

    /// Puts the weights to evaluate at into the model, where they are others than those that are trained: an average of
    /// [`Ema`](crate::Ema), the x of [`ScheduleFreeSgd`](crate::ScheduleFreeSgd). [`Optimizer::train`] puts the weights
    /// to train back, to the bit; until then a step is an error. A second call changes nothing. By default the two are
    /// one, and this does nothing.
    ///
    /// ```
    /// use autograd_core::{Tensor, module::Param};
    /// use wengert_optim::{Ema, Optimizer, Sgd};
    ///
    /// let mut x = Param::new(Tensor::from(8.0))?;
    /// let mut ema = Ema::new(Sgd::new(0.25), 0.5);
    /// for expected in [4.0, 2.0] {
    ///     let grads = x.square().backward()?;
    ///     ema.step(&mut x, &grads)?;
    ///     assert_eq!(x.item::<f32>()?, expected);
    /// }
    /// ema.eval(&mut x)?;
    /// assert_eq!(x.item::<f32>()?, 3.0);
    /// ema.train(&mut x)?;
    /// assert_eq!(x.item::<f32>()?, 2.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// If what the optimizer has kept does not fit the model; then nothing is changed.
    fn eval(&mut self, model: &mut dyn Module) -> Result<()> {
        let _ = model;
        Ok(())
    }

    /// Puts the weights to train back that [`Optimizer::eval`] has replaced; does nothing otherwise. A parameter that
    /// was changed meanwhile, by a checkpoint that was loaded, stays as it is.
    ///
    /// # Errors
    /// None for the model that `eval` was called with.
    fn train(&mut self, model: &mut dyn Module) -> Result<()> {
        let _ = model;
        Ok(())
    }

    /// Whether every hyperparameter, also those of groups, is in its range. [`Optimizer::step`] asks this first.
    ///
    /// # Errors
    /// The first one that is not, with name, value and range.
    fn check(&self) -> Result<()>;

    /// The learning rate.
    fn lr(&self) -> f64;

    /// Changes the learning rate, as a schedule does between steps; groups keep their ratio to it.
    fn set_lr(&mut self, lr: f64);

    /// Whether this is a name of the learning rate: `lr`, or that of the first of several [`Parts`](crate::Parts).
    #[doc(hidden)]
    fn is_lr(&self, name: &str) -> bool {
        name == "lr"
    }

    /// Whether this is the name of a learning rate of a group or a part, a ratio to one that is 0 now: it is 0, too,
    /// and can be set when that has risen.
    #[doc(hidden)]
    fn waits(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// All hyperparameters that are numbers, by name; `lr` is the first.
    fn hyperparameters(&self) -> Vec<(&'static str, f64)>;

    /// The hyperparameter of this name.
    ///
    /// # Errors
    /// If there is none.
    fn get(&self, name: &str) -> Result<f64> {
        let all = self.hyperparameters();
        match all.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(*value),
            None => Err(unknown(name, &all)),
        }
    }

    /// Changes the hyperparameter of this name; groups that set it themselves keep theirs, and their ratio to `lr`.
    /// The number is compared with its range by the next step.
    ///
    /// # Errors
    /// If there is none of this name.
    fn set(&mut self, name: &str, value: f64) -> Result<()>;

    /// Its kind and options, also those that groups give to the parameters of these names: a run goes on from a
    /// checkpoint only with the same. By default the name of the type, and [`Optimizer::hyperparameters`].
    fn describe(&self, parameters: &[String]) -> Description {
        let _ = parameters;
        let all = self.hyperparameters().into_iter();
        all.fold(Description::of::<Self>(), |description, (name, value)| description.option(name, value))
    }

    /// Everything that changes while training: the learning rate as `lr`, and for each parameter that was updated its
    /// step count and its state as `<parameter>.step`, `<parameter>.exp_avg` and so on, with PyTorch's names. The
    /// values are shared, not copied. State that was switched on while its parameter rested, like that of a momentum,
    /// has the shape `[0]`: the parameter's next step makes it.
    fn state_dict(&self) -> StateDict;

    /// Replaces what [`Optimizer::state_dict`] returns; the run goes on bit for bit. Hyperparameters other than `lr`
    /// are those of `self`: whatever sets one while training sets it again.
    ///
    /// # Errors
    /// If a key is missing or left over (one report of all), or a number is not one that it can be: then nothing is
    /// changed. Shapes are compared with the model by the next [`Optimizer::step`].
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()>;
}

/// The refusal of an estimate of the Hessian.
#[cold]
pub(crate) fn no_hessian() -> Error {
    Error::new(ErrorKind::Argument, "update_hessian: the optimizer keeps no estimate of the Hessian")
}

/// The refusal of a name that no hyperparameter has.
pub(crate) fn unknown(name: &str, all: &[(&'static str, f64)]) -> Error {
    let known: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    Error::new(ErrorKind::Argument, format!("no hyperparameter is called {name:?}, there are {}", known.join(", ")))
}

/// A loss that can be evaluated again, with the model it belongs to.
///
/// # Examples
/// ```
/// use autograd_core::{Gradients, Result, Tensor, module::{Module, Param}};
/// use wengert_optim::{Objective, Optimizer, Sgd};
///
/// /// x²
/// struct Square(Param);
///
/// impl Objective for Square {
///     fn model(&mut self) -> &mut dyn Module {
///         &mut self.0
///     }
///     fn evaluate(&mut self) -> Result<(f64, Gradients)> {
///         let loss = self.0.square();
///         Ok((loss.item::<f32>()?.into(), loss.backward()?))
///     }
/// }
///
/// let mut square = Square(Param::new(Tensor::from(3.0))?);
/// assert_eq!(Sgd::new(0.25).step_on(&mut square)?.0, 9.0);
/// assert_eq!(square.0.item::<f32>()?, 1.5);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub trait Objective {
    /// The model.
    fn model(&mut self) -> &mut dyn Module;

    /// The loss and its gradients at the model's present parameters.
    ///
    /// # Errors
    /// If the model or the loss fails.
    fn evaluate(&mut self) -> Result<(f64, Gradients)>;
}

struct Evaluated<'m, M, F>(&'m mut M, F);

impl<M: Module, F: FnMut(&mut M) -> Result<(f64, Gradients)>> Objective for Evaluated<'_, M, F> {
    fn model(&mut self) -> &mut dyn Module {
        self.0
    }
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        (self.1)(self.0)
    }
}

/// The outcome of a step.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Sgd, StepReport};
/// let mut model = vec![Param::new(Tensor::from(1.0))?, Param::new(Tensor::from(2.0))?];
/// let grads = model[0].square().backward()?;                         // the other takes no part
/// let report = Sgd::new(0.1).step(&mut model, &grads)?;
/// assert_eq!(report, StepReport { updated: 1, missing: vec!["1".into()], ..StepReport::default() });
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// The number of parameters that were changed.
    pub updated: usize,
    /// Names of trainable parameters that had no gradient and stayed as they are.
    pub missing: Vec<String>,
    /// Names of parameters whose gradients are not finite: with [`Guard::skip`](crate::Guard::skip) nothing was changed
    /// because of them. Nothing else looks.
    pub not_finite: Vec<String>,
}
