//! Several optimizers for the parts of one model.

mod names;
mod owners;
mod rates;
mod state;

use super::view::View;
use crate::driver::nothing_to_update;
use crate::optimizer::{Optimizer, StepReport, no_hessian, unknown};
use autograd_core::module::{Item, Module, Path, StateDict};
use autograd_core::{Description, Error, ErrorKind, Gradients, Result};
use owners::Owners;
use rates::Rate;
use std::borrow::Cow;
use std::fmt;

const NAME: &str = "Parts";
const REST: &str = "rest";

/// Several optimizers, each for its own parameters of one model: every parameter belongs to exactly one.
///
/// A step is one step of each whose parameters have gradients, and each sees those of its own parameters only: a
/// [`ClipNorm`](crate::ClipNorm) around the optimizer of a part limits the norm of the part. Whatever one of them
/// refuses is found before anything has changed. The learning rate is that of the first part, and those of the others
/// keep their ratio to it when [`set_lr`](Optimizer::set_lr) or a schedule changes it, under the name `lr` or that of
/// the first part. Hyperparameters of a part have its name before them: `matrices.momentum`, `rest.betas[0]`. State has
/// the same names before its keys.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adam, Optimizer, Parts, Sgd};
///
/// let mut model = vec![Param::new(Tensor::from([[8.0]]))?, Param::new(Tensor::from([8.0]))?];
/// let mut parts = Parts::new().part("matrices", |name| name == "0", Sgd::new(0.25)).rest(Adam::new(0.5));
/// let loss = model[0].square().sum().try_add(&model[1].square().sum())?;
/// parts.step(&mut model, &loss.backward()?)?;
/// assert_eq!((model[0].to_f64s(), model[1].to_f64s()), (vec![4.0], vec![7.5]));
///
/// parts.set_lr(0.5);
/// assert_eq!((parts.get("matrices.lr")?, parts.get("rest.lr")?), (0.5, 1.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Default)]
pub struct Parts {
    parts: Vec<Part>,
    owners: Owners,
}

/// The names that belong to a part; all that are left without it.
type Members = Box<dyn Fn(&str) -> bool + Send + Sync>;

struct Part {
    name: String,
    members: Option<Members>,
    optimizer: Box<dyn Optimizer>,
    rate: Rate,
}

impl Part {
    /// The gradients of its own parameters, if its optimizer looks at others; a list of them is not made in vain.
    fn own<'g>(&self, view: &dyn Module, grads: &'g Gradients) -> Result<Cow<'g, Gradients>> {
        if !self.optimizer.sees_all() {
            return Ok(Cow::Borrowed(grads));
        }
        let (mut own, mut outcome) = (Gradients::default(), Ok(()));
        view.visit(&Path::root(), &mut |_, item| {
            if let (Item::Param(param), Ok(())) = (item, &outcome)
                && let Some(gradient) = grads.get(param)
            {
                outcome = own.insert(param, gradient.clone());
            }
        });
        outcome.map(|()| Cow::Owned(own))
    }
}

impl Parts {
    /// No part yet.
    pub fn new() -> Parts {
        Parts::default()
    }

    /// The parameters whose name `members` accepts belong to this optimizer. `name` is one word; it stands before the
    /// names of hyperparameters and state.
    #[must_use]
    pub fn part(
        self,
        name: impl Into<String>,
        members: impl Fn(&str) -> bool + Send + Sync + 'static,
        optimizer: impl Optimizer + 'static,
    ) -> Parts {
        self.with(name.into(), Some(Box::new(members)), Box::new(optimizer))
    }

    /// The parameters that belong to no part belong to this optimizer, as a part called `rest`; there may be none.
    #[must_use]
    pub fn rest(self, optimizer: impl Optimizer + 'static) -> Parts {
        self.with(REST.into(), None, Box::new(optimizer))
    }

    fn with(mut self, name: String, members: Option<Members>, optimizer: Box<dyn Optimizer>) -> Parts {
        let lr = optimizer.lr();
        let at = self.parts.first().map_or(lr, |first| first.optimizer.lr());
        self.parts.push(Part { name, members, optimizer, rate: Rate::new(lr, at) });
        self.owners = Owners::default();
        self
    }

    /// The step that is ready.
    fn step_all(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        let Parts { parts, owners } = self;
        let mut all = StepReport::default();
        for (owner, part) in parts.iter_mut().enumerate() {
            let mut view = View { model: &mut *model, owners: owners.of_each(), owner };
            if owners.with_gradients()[owner] > 0 {
                let own = part.own(&view, grads)?;
                let report = part.optimizer.step_ready(&mut view, &own, loss);
                let report = report.map_err(|error| named(error, &part.name))?;
                all.updated += report.updated;
                all.missing.extend(report.missing);
                all.not_finite.extend(report.not_finite);
            } else {
                let open = view.named_parameters().into_iter().filter(|(_, param)| param.is_trainable());
                all.missing.extend(open.map(|(name, _)| name));
            }
        }
        Ok(all)
    }

    /// Calls `f` for each part, with its view of the model; the first error ends it.
    fn each<T>(
        &mut self,
        model: &mut dyn Module,
        mut f: impl FnMut(&mut dyn Optimizer, &mut dyn Module) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Parts { parts, owners } = self;
        let view = |(owner, part): (usize, &mut Part)| {
            let mut view = View { model: &mut *model, owners: owners.of_each(), owner };
            f(&mut *part.optimizer, &mut view).map_err(|error| error.context(format_args!("{NAME}: {}", part.name)))
        };
        parts.iter_mut().enumerate().map(view).collect()
    }
}

impl Optimizer for Parts {
    fn ready(&mut self, model: &dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<()> {
        self.check_parts()?;
        let Parts { parts, owners } = self;
        owners.bind(parts, model)?;
        owners.count(parts.len(), model, grads)?;
        if owners.with_gradients().iter().all(|count| *count == 0) {
            return Err(nothing_to_update(NAME, model, grads));
        }
        for (owner, part) in parts.iter_mut().enumerate().filter(|(owner, _)| owners.with_gradients()[*owner] > 0) {
            let view = View { model, owners: owners.of_each(), owner };
            let own = part.own(&view, grads)?;
            part.optimizer.ready(&view, &own, loss).map_err(|error| named(error, &part.name))?;
        }
        Ok(())
    }

    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        self.ready(&*model, grads, None)?;
        self.step_all(model, grads, None)
    }

    fn step_with_loss(&mut self, model: &mut dyn Module, grads: &Gradients, loss: f64) -> Result<StepReport> {
        self.ready(&*model, grads, Some(loss))?;
        self.step_all(model, grads, Some(loss))
    }

    fn step_ready(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        self.step_all(model, grads, loss)
    }

    fn sees_all(&self) -> bool {
        // Each part sees its own.
        false
    }

    fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.ready_for_hessian(&*model, grads, batch_size)?;
        let Parts { parts, owners } = self;
        for (owner, part) in parts.iter_mut().enumerate() {
            if part.optimizer.estimates_hessian() && owners.with_gradients()[owner] > 0 {
                let mut view = View { model: &mut *model, owners: owners.of_each(), owner };
                let own = part.own(&view, grads)?;
                let updated = part.optimizer.update_hessian(&mut view, &own, batch_size);
                updated.map_err(|error| named(error, &part.name))?;
            }
        }
        Ok(())
    }

    fn ready_for_hessian(&mut self, model: &dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        if !self.estimates_hessian() {
            return Err(no_hessian());
        }
        let Parts { parts, owners } = self;
        owners.bind(parts, model)?;
        owners.count(parts.len(), model, grads)?;
        if owners.with_gradients().iter().all(|count| *count == 0) {
            return Err(nothing_to_update(NAME, model, grads));
        }
        for (owner, part) in parts.iter_mut().enumerate() {
            if part.optimizer.estimates_hessian() && owners.with_gradients()[owner] > 0 {
                let view = View { model, owners: owners.of_each(), owner };
                let own = part.own(&view, grads)?;
                let ready = part.optimizer.ready_for_hessian(&view, &own, batch_size);
                ready.map_err(|error| named(error, &part.name))?;
            }
        }
        Ok(())
    }

    fn estimates_hessian(&self) -> bool {
        self.parts.iter().any(|part| part.optimizer.estimates_hessian())
    }

    fn eval(&mut self, model: &mut dyn Module) -> Result<()> {
        self.check_parts()?;
        let Parts { parts, owners } = self;
        owners.bind(parts, model)?;
        let outcome = self.each(model, |optimizer, view| optimizer.eval(view));
        if outcome.is_err() {
            // Those that have put other weights in take them out; the first error is the one to report.
            self.train(model)?;
        }
        outcome.map(drop)
    }

    fn train(&mut self, model: &mut dyn Module) -> Result<()> {
        let Parts { parts, owners } = self;
        owners.bind(parts, model)?;
        self.each(model, |optimizer, view| optimizer.train(view)).map(drop)
    }

    fn evaluates_once(&self) -> bool {
        self.parts.iter().all(|part| part.optimizer.evaluates_once())
    }

    fn upwards(&self) -> Option<String> {
        self.parts.iter().find_map(|part| part.optimizer.upwards())
    }

    fn check(&self) -> Result<()> {
        self.check_parts()?;
        self.parts.iter().try_for_each(|part| part.optimizer.check().map_err(|error| named(error, &part.name)))
    }

    fn lr(&self) -> f64 {
        self.parts.first().map_or(0.0, |part| part.optimizer.lr())
    }

    fn set_lr(&mut self, lr: f64) {
        for (i, part) in self.parts.iter_mut().enumerate() {
            part.optimizer.set_lr(if i == 0 { lr } else { part.rate.at(lr) });
        }
    }

    fn is_lr(&self, name: &str) -> bool {
        match self.find(name) {
            Ok(None) => true,
            Ok(Some((0, rest))) => self.parts[0].optimizer.is_lr(rest),
            Ok(Some(_)) | Err(_) => false,
        }
    }

    fn waits(&self, name: &str) -> bool {
        match self.find(name) {
            Ok(Some((1.., "lr"))) => self.lr() == 0.0,
            Ok(Some((at, rest))) => self.parts[at].optimizer.waits(rest),
            Ok(None) | Err(_) => false,
        }
    }

    fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        vec![("lr", self.lr())]
    }

    fn get(&self, name: &str) -> Result<f64> {
        match self.find(name)? {
            None => Ok(self.lr()),
            Some((at, rest)) => self.parts[at].optimizer.get(rest),
        }
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        match self.find(name).map_err(|error| error.context(NAME))? {
            None | Some((0, "lr")) => self.set_lr(value),
            Some((at, "lr")) => self.set_rate(at, value)?,
            Some((at, rest)) => {
                let part = &mut self.parts[at];
                part.optimizer.set(rest, value).map_err(|error| named(error, &part.name))?;
            }
        }
        Ok(())
    }

    fn describe(&self, parameters: &[String]) -> Description {
        let mut all = Description::new(NAME).option("lr", self.lr());
        for (at, part) in self.parts.iter().enumerate() {
            let own: Vec<String> =
                parameters.iter().filter(|name| owners::is_of(&self.parts, at, name)).cloned().collect();
            let description = part.optimizer.describe(&own).option("parameters", format_args!("{}", own.join(", ")));
            all = all.part(&part.name, &description);
        }
        all
    }

    fn state_dict(&self) -> StateDict {
        self.save()
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        self.load(state)
    }
}

/// An error of a part with its name.
fn named(error: Error, part: &str) -> Error {
    error.context(format_args!("{NAME}: {part}"))
}

fn refuse<T>(text: String) -> Result<T> {
    Err(Error::new(ErrorKind::Argument, format!("{NAME}: {text}")))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct(NAME);
        for part in &self.parts {
            all.field(&part.name, &format_args!("{}", part.optimizer.describe(&[])));
        }
        all.finish()
    }
}
