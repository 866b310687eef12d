//! Parameters and the trees they belong to.
//!
//! A [`Module`] is a named tree whose leaves are [`Param`]s (trained), [`Buffer`]s (saved, not trained), [`Stream`]s
//! (of randomness) and [`Mode`]s (training or evaluating). `#[derive(Module)]` writes the traversal and the
//! description; all else (naming, counting, saving, loading, freezing) is provided, written once over it.

mod aside;
mod below;
mod buffer;
mod containers;
mod file;
mod leaves;
mod load;
mod mode;
mod near;
mod operators;
mod param;
mod path;
mod plain;
mod safetensors;
mod state;
mod stream;
mod substitute;
mod tie;
mod update;
mod whole;

pub use below::is_below;
pub use buffer::Buffer;
pub use load::{LoadOptions, LoadReport};
pub use mode::Mode;
pub use param::{Param, ValueMut};
pub use path::Path;
pub use state::{StateDict, StateMismatch, StateProblem, ties};
pub use stream::{Stream, restore_streams, stream_positions};
pub use whole::{try_directory, write_whole};

use crate::description::Description;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::DType;
use leaves::{look, touch};
use std::collections::HashSet;

/// A leaf of a module tree.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{Buffer, Item, Module, Path}};
/// let mut leaves = Vec::new();
/// vec![Buffer::new(Tensor::from(1.0))].visit(&Path::root(), &mut |path, item| {
///     leaves.push((path.to_string(), matches!(item, Item::Buffer(_))));
/// });
/// assert_eq!(leaves, [("0".to_string(), true)]);
/// ```
#[derive(Debug)]
pub enum Item<'m> {
    /// A trained tensor.
    Param(&'m Param),
    /// Another place of a parameter that is tied; see [`Param::tie`].
    Tied(&'m Param),
    /// A saved tensor that is not trained.
    Buffer(&'m Buffer),
    /// A source of randomness.
    Stream(&'m Stream),
    /// Whether the layer is training.
    Mode(&'m Mode),
}

/// A leaf of a module tree, for changing.
///
/// # Examples
/// ```
/// use autograd_core::module::{ItemMut, Mode, Module, Path};
/// let mut modes = vec![Mode::default(), Mode::default()];
/// modes.visit_mut(&Path::root(), &mut |path, item| {
///     let ItemMut::Mode(mode) = item else { return };
///     mode.set(path.to_string() == "1");
/// });
/// assert_eq!((modes[0].is_training(), modes[1].is_training()), (false, true));
/// ```
#[derive(Debug)]
pub enum ItemMut<'m> {
    /// A trained tensor.
    Param(&'m mut Param),
    /// Another place of a parameter that is tied; see [`Param::tie`].
    Tied(&'m mut Param),
    /// A saved tensor that is not trained.
    Buffer(&'m mut Buffer),
    /// A source of randomness.
    Stream(&'m mut Stream),
    /// Whether the layer is training.
    Mode(&'m mut Mode),
}

/// A named tree of parameters. Derive it: `#[derive(Module)]`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::{Module, Param}};
/// let mut model = vec![Param::new(Tensor::from([1.0, 2.0]))?, Param::new(Tensor::from(3.0))?];
/// assert_eq!((model.num_parameters(), model.named_parameters()[1].0.as_str()), (3, "1"));
/// assert_eq!((model.freeze("0")?, model.parameters()[0].is_trainable()), (1, false));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a module nor a plain value",
    label = "not a module",
    note = "modules are `Param`, `Buffer`, `Stream`, `Mode`, what derives `Module`, and `Option`, `Vec`, array, tuple or `Box` of such",
    note = "plain values are numbers, `bool`, `char`, `String`, `&'static str` and `DType`, and the same of such",
    note = "a tensor is a `Param` if it is trained and a `Buffer` if it is saved",
    note = "mark a field with `#[module(option)]` if it decides what the module computes and has a `Debug`",
    note = "mark a field that decides nothing of what the module computes with `#[module(skip)]`"
)]
pub trait Module {
    /// The name of its type, for errors and summaries: `"Linear"`. The derive writes it; without the derive it is
    /// `"module"`.
    fn kind(&self) -> &'static str {
        "module"
    }

    /// What it is, besides its tensors: its kind and its plain values, and those of its parts by name. The model of a
    /// run that goes on from a checkpoint must be described as that of the first run was.
    ///
    /// The derive writes it; it says of a type where it stands, so that two types of one name differ. Without the
    /// derive it is the name of the type, and neither plain values nor parts are seen. Then write it as `visit`:
    /// ```
    /// # use autograd_core::module::{Item, ItemMut, Module, Param, Path};
    /// use autograd_core::{Description, Tensor};
    ///
    /// struct Scaled<M> { inner: M, by: f64 }
    ///
    /// impl<M: Module> Module for Scaled<M> {
    ///     fn describe(&self) -> Description {
    ///         Description::of::<Self>().part("inner", &self.inner.describe()).option("by", self.by)
    ///     }
    ///     // kind, visit, visit_mut
    /// #   fn visit<'m>(&'m self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, Item<'m>)) {}
    /// #   fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {}
    /// }
    ///
    /// let description = Scaled { inner: Param::new(Tensor::from(1.0))?, by: 0.5 }.describe();
    /// assert_eq!(description.options().collect::<Vec<_>>(), [("by", "0.5")]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    fn describe(&self) -> Description {
        Description::of::<Self>()
    }

    /// Calls `f` with every leaf and its path, in the order of declaration.
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>));

    /// Like [`Module::visit`], but the leaves can be changed.
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>));

    /// Calls `f` with this module and every module below it, and its path, a whole before its parts. What has no leaves
    /// of its own, like a list, is passed over for what is in it.
    ///
    /// The derive writes it. Without the derive no module is seen; then write it as `visit`, after `f(path, self)`.
    fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
        let _ = (path, f);
    }

    /// Like [`Module::visit_modules`], but the modules can be changed.
    fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
        let _ = (path, f);
    }

    /// This module and all modules below it by their paths, a whole before its parts; the path of the whole is empty.
    fn named_modules(&self) -> Vec<(String, &dyn Module)> {
        let mut all = Vec::new();
        self.visit_modules(&Path::root(), &mut |path, module| all.push((path.to_string(), module)));
        all
    }

    /// A clone tied to nothing that is cloned before or after it: for a part with a [tied](Param::tie) parameter.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::{Module, Param}};
    /// let mut model = vec![vec![Param::new(Tensor::from(1.0))?]];
    /// model.push(vec![model[0][0].tie()]);
    /// let part = model[1].clone_apart();
    /// let mut copy = model.clone();
    /// copy[0][0].set(Tensor::from(2.0))?;
    /// assert_eq!((copy[1][0].to_f64()?, part[0].to_f64()?), (2.0, 1.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    fn clone_apart(&self) -> Self
    where
        Self: Clone + Sized,
    {
        tie::end_run();
        let clone = self.clone();
        tie::end_run();
        clone
    }

    /// Calls `f` with this module and every module below it, and its path, a whole before its parts, until one fails.
    ///
    /// # Errors
    /// The first of `f`, with the place of the module.
    ///
    /// # Differs from
    /// PyTorch, which calls it with the parts first.
    fn apply(&mut self, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module) -> Result<()>) -> Result<()> {
        let mut outcome = Ok(());
        self.visit_modules_mut(&Path::root(), &mut |path, module| {
            if outcome.is_ok() {
                outcome = f(path, module).map_err(|error| match path.to_string() {
                    place if place.is_empty() => error,
                    place => error.inside(place, module.kind()),
                });
            }
        });
        outcome
    }

    /// The parameters with their names, in the order of declaration. A parameter that is tied is listed once, where the
    /// original is.
    fn named_parameters(&self) -> Vec<(String, &Param)> {
        leaves::parameters(&look(self))
    }

    /// The parameters, in the order of declaration.
    fn parameters(&self) -> Vec<&Param> {
        leaves::without_names(self.named_parameters())
    }

    /// The count of numbers in all parameters together.
    fn num_parameters(&self) -> usize {
        leaves::numel(&self.parameters())
    }

    /// Parameters and buffers by name, in the order of declaration; the values are shared, not copied. A parameter that
    /// is tied has all its names. Where two have one name both are there, see [`check_names`].
    fn state_dict(&self) -> StateDict {
        leaves::state(&look(self))
    }

    /// Replaces every parameter and buffer by the tensor of its name. What is tied stays tied; its tensor needs to be
    /// there under the name of the original only.
    ///
    /// # Errors
    /// If a name is missing or left over, a shape or dtype differs, or the tensors of a tied parameter differ: one
    /// report of everything, and nothing is changed.
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        state::load(self, state)
    }

    /// Like [`Module::load_state_dict`], with options: what does not fit may be left out, and reported.
    ///
    /// # Errors
    /// As for [`Module::load_state_dict`], of what the options do not allow; then nothing is changed.
    fn load_state_dict_with(&mut self, state: &StateDict, options: LoadOptions) -> Result<LoadReport> {
        load::load_with(self, state, options)
    }

    /// A clone of this module with other tensors in the place of its parameters and buffers: run it, and gradients flow
    /// to the tensors, and through them to whatever they were computed from. Parameters without a tensor of their name
    /// stay the module's own: gradients flow to these. The module itself stays as it is in every respect; buffers and
    /// random streams begin as the module's stand.
    ///
    /// A parameter that is tied takes the tensor of any of its names.
    ///
    /// # Errors
    /// If a name is unknown, a shape or dtype differs, or a tied parameter is given two tensors: one report of
    /// everything.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::module::{Module, Param, StateDict};
    /// use autograd_core::{Tensor, grad};
    ///
    /// let model = vec![Param::new(Tensor::from([1.0, 2.0]))?];
    /// let loss = |model: &Vec<Param>| model[0].square().sum();
    /// let gradient = &grad(&loss(&model), &[&model[0]])?[0];
    /// let fast: StateDict = [("0".to_string(), &model[0] - 0.25 * gradient)].into_iter().collect();
    /// let after = loss(&model.with_parameters(&fast)?);
    /// assert_eq!(after.item::<f32>()?, 1.25);
    /// // d/dx of (x − ¼ 2x)² is ½ x.
    /// assert_eq!(grad(&after, &[&model[0]])?[0].to_vec::<f32>()?, [0.5, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    fn with_parameters(&self, values: &StateDict) -> Result<Self>
    where
        Self: Sized + Clone,
    {
        substitute::substitute(self, values)
    }

    /// Like [`Module::with_parameters`], but the clone's buffers and random streams are the module's own: what it draws
    /// the module has drawn, and what it sets the module has. It is for a part that a module runs with values it has
    /// computed, as a parametrisation does; a layer that is run twice draws twice.
    ///
    /// # Errors
    /// As for [`Module::with_parameters`].
    ///
    /// # Examples
    /// ```
    /// use autograd_core::module::{Module, StateDict, Stream};
    ///
    /// let layer = vec![Stream::at(7, 0)];
    /// let first = layer.stand_in(&StateDict::new())?[0].draw();
    /// let second = layer.stand_in(&StateDict::new())?[0].draw();
    /// assert!(first != second && layer[0].position() == (7, 2));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    fn stand_in(&self, values: &StateDict) -> Result<Self>
    where
        Self: Sized + Clone,
    {
        substitute::stand_in(self, values)
    }

    /// Makes layers behave as in training: dropout drops, batch statistics are used. What [`Module::hold_eval`] holds
    /// stays as it is.
    fn train(&mut self) {
        below::set_mode(&mut touch(self), true);
    }

    /// Makes layers behave as in use: nothing is random. The next [`Module::train`] ends it, also that of a training
    /// run; [`Module::hold_eval`] lasts.
    fn eval(&mut self) {
        below::set_mode(&mut touch(self), false);
    }

    /// Holds every layer whose name is `prefix` or lies below it (all, if it is empty) in evaluation, whatever
    /// [`Module::train`] says, until [`Module::release_eval`]; returns how many layers with a mode were found. It is
    /// for parts that are used and not trained, like those that [`Module::freeze`] freezes.
    ///
    /// # Errors
    /// If `prefix` names none; the text has the names that are near it.
    fn hold_eval(&mut self, prefix: &str) -> Result<usize> {
        below::set_held(&mut touch(self), "hold_eval", prefix, true)
    }

    /// Ends [`Module::hold_eval`]; returns how many layers with a mode were found.
    ///
    /// # Errors
    /// If `prefix` names none; the text has the names that are near it.
    fn release_eval(&mut self, prefix: &str) -> Result<usize> {
        below::set_held(&mut touch(self), "release_eval", prefix, false)
    }

    /// Stops training of every parameter whose name is `prefix` or lies below it (all, if it is empty); returns how
    /// many. In a prefix, `?` stands for any letter of a name, `*` for any letters, and `**` for any names:
    /// `encoder.*.bias`, `**.bias`.
    ///
    /// # Errors
    /// If `prefix` names none; the text has the names that are near it.
    fn freeze(&mut self, prefix: &str) -> Result<usize> {
        below::set_trainable(&mut touch(self), "freeze", prefix, false)
    }

    /// Resumes training of what [`Module::freeze`] stopped; returns how many parameters were found.
    ///
    /// # Errors
    /// As for [`Module::freeze`].
    fn unfreeze(&mut self, prefix: &str) -> Result<usize> {
        below::set_trainable(&mut touch(self), "unfreeze", prefix, true)
    }

    /// Converts every parameter and float buffer.
    ///
    /// # Errors
    /// If `dtype` is not a float type: the parameters would be rounded, and could not be trained any more.
    fn to_dtype(&mut self, dtype: DType) -> Result<()> {
        leaves::set_dtype(&mut touch(self), dtype)
    }
}

/// Whether all names of a module are its own: no two parameters or buffers, and no two streams have one name. Two parts
/// that are flattened into one place may have: such a model can run, but cannot be saved, loaded or trained.
///
/// # Errors
/// The first name that occurs twice.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, module::{Param, check_names}};
/// assert!(check_names(&vec![Param::new(Tensor::from(1.0))?; 2]).is_ok());        // 0 and 1
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn check_names(module: &(impl Module + ?Sized)) -> Result<()> {
    let (mut tensors, mut streams) = (HashSet::new(), HashSet::new());
    let mut outcome = Ok(());
    module.visit(&Path::root(), &mut |path, item| {
        let (names, what) = match item {
            Item::Param(_) | Item::Tied(_) | Item::Buffer(_) => (&mut tensors, "parameters or buffers"),
            Item::Stream(_) => (&mut streams, "streams"),
            Item::Mode(_) => return,
        };
        if outcome.is_ok() && !names.insert(path.to_string()) {
            let text = format!("two {what} of the model are called \"{path}\"; names must be unique");
            outcome = Err(Error::new(ErrorKind::State, text));
        }
    });
    outcome
}
