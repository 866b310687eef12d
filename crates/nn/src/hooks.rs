//! Hooks: functions that see what the layers of a model return, and may replace it.

use crate::layer::Layer;
use crate::observe::join;
use autograd_core::{Error, ErrorKind, NodeId, Result, Tensor};
use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::sync::Arc;
use wengert_derive::Module;

/// A call of a layer that has returned, as a hook sees it.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Hooked, LayerCall, Layer, ReLU, sequential};
/// let mut model = Hooked::new(sequential![ReLU]);
/// model.hook("see", "0", |call: &LayerCall<'_>| {
///     assert_eq!((call.place, call.kind, call.inputs.len()), ("0", "ReLU", 1));
///     Ok(None)
/// })?;
/// assert_eq!(model.forward(&Tensor::from(-1.0))?.item::<f32>()?, 0.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LayerCall<'a> {
    /// The place of the layer in the model, as in the names of its parameters; empty for the model itself.
    pub place: &'a str,
    /// The kind of the layer.
    pub kind: &'static str,
    /// Its inputs, where they are tensors.
    pub inputs: &'a [&'a Tensor],
    /// What it has returned, or what the hook before this one has put in its place.
    pub output: &'a Tensor,
    /// A place on the tape before all that it recorded, where a run is seen as a whole.
    pub(crate) began: Option<NodeId>,
}

type Function = dyn Fn(&LayerCall<'_>) -> Result<Option<Tensor>> + Send + Sync;

/// A function with its name, and the place of the calls that it sees; none for all.
#[derive(Clone)]
struct Hook {
    name: String,
    place: Option<String>,
    function: Arc<Function>,
}

/// A model with hooks: functions that see what layers of it return, and may return something else in its place. They
/// run in the order in which they were added.
///
/// It is a layer with the names, states and values of the model. A hook belongs to it alone: the model inside runs
/// without. A hook sees the calls that are made by [`Layer::call`], as those of [`Sequential`](crate::Sequential) are,
/// on the thread that runs the model. What it returns is differentiated like all else.
///
/// A [`Capture`](autograd_core::Capture) repeats the kernels that ran while it recorded, those of hooks too, without
/// calling the hooks.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use std::sync::{Arc, Mutex};
/// use wengert_nn::{Hooked, Layer, Linear, Tanh, sequential};
///
/// let mut rng = autograd_core::seeded(7);
/// let mut model = Hooked::new(sequential![Linear::new(2, 3, &mut rng)?, Tanh, Linear::new(3, 1, &mut rng)?]);
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&seen);
/// model.hook("features", "1", move |call| {
///     log.lock().expect("no panic").push(call.output.shape().to_vec());
///     Ok(None)
/// })?;
/// model.hook("ablate", "1", |call| Ok(Some(call.output * 0.0)))?;
/// let y = model.forward(&Tensor::from([[0.5, -1.0]]))?;
/// assert_eq!(*seen.lock().expect("no panic"), [[1, 3]]);
/// assert!(model.remove("ablate") && model.names() == ["features"]);
/// assert_ne!(model.forward(&Tensor::from([[0.5, -1.0]]))?.to_f64s(), y.to_f64s());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Module)]
pub struct Hooked<M> {
    #[module(flatten)]
    model: M,
    #[module(skip)]
    hooks: Vec<Hook>,
}

impl<M: Layer> Hooked<M> {
    /// The model, without hooks yet.
    pub fn new(model: M) -> Hooked<M> {
        Hooked { model, hooks: Vec::new() }
    }

    /// Adds a hook under a name of its own, for the layer at `place`, as in the names of its parameters; the empty
    /// place is the whole model. If it returns a tensor, that stands in the place of the layer's output.
    ///
    /// A part that the model does not run by [`Layer::call`] is never seen. Of a model that neither derives `Module`
    /// nor has a [`visit_modules`](autograd_core::module::Module::visit_modules) no parts are known: every place is
    /// taken.
    ///
    /// # Errors
    /// If there is a hook of this name, or the model has no part at this place, or a rule there that computes a
    /// parameter. An error of the hook is one of the layer.
    pub fn hook(
        &mut self,
        name: impl Into<String>,
        place: impl Into<String>,
        function: impl Fn(&LayerCall<'_>) -> Result<Option<Tensor>> + Send + Sync + 'static,
    ) -> Result<()> {
        let (name, place) = (name.into(), place.into());
        if self.hooks.iter().any(|hook| hook.name == name) {
            return Err(Error::new(
                ErrorKind::Argument,
                format!("hook: there is a hook called {name:?}; remove it first"),
            ));
        }
        // The rules that make a parameter are modules, and no layers: nothing calls them by their place.
        let is_layer = |place: &String| place.split('.').all(|part| part != "parametrizations");
        let places = self.model.named_modules().into_iter().map(|(place, _)| place);
        let mut places: Vec<String> = places.filter(is_layer).collect();
        // What is flattened into a layer has its place.
        places.dedup();
        // Without the derive, the modules inside a model cannot be seen.
        if !place.is_empty() && !places.is_empty() && !places.contains(&place) {
            let known: Vec<String> =
                places.iter().filter(|place| !place.is_empty()).map(|p| format!("{p:?}")).collect();
            let text = format!("hook: no layer of the model is called {place:?}; there are {}", known.join(", "));
            return Err(Error::new(ErrorKind::Argument, text));
        }
        self.hooks.push(Hook { name, place: Some(place), function: Arc::new(function) });
        Ok(())
    }

    /// Removes a hook; false if there is none of this name.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.hooks.len();
        self.hooks.retain(|hook| hook.name != name);
        self.hooks.len() < before
    }

    /// The names of the hooks, in the order in which they run.
    pub fn names(&self) -> Vec<&str> {
        self.hooks.iter().map(|hook| hook.name.as_str()).collect()
    }

    /// The model.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Hooked, ReLU, sequential};
    /// assert_eq!(Hooked::new(sequential![ReLU]).model().len(), 1);
    /// ```
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model without its hooks.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Hooked, ReLU, sequential};
    /// assert_eq!(Hooked::new(sequential![ReLU]).into_model().len(), 1);
    /// ```
    pub fn into_model(self) -> M {
        self.model
    }
}

impl<M: Layer> Layer for Hooked<M> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        run(&self.hooks, self.model.kind(), &[x], || self.model.forward(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let inputs: Vec<&Tensor> = all.iter().collect();
        run(&self.hooks, self.model.kind(), &inputs, || self.model.forward_all(all))
    }
}

impl<M: fmt::Debug> fmt::Debug for Hooked<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.hooks.iter().map(|hook| hook.name.as_str()).collect();
        f.debug_struct("Hooked").field("model", &self.model).field("hooks", &names).finish()
    }
}

/// Runs a model, and shows every call of a layer inside to a function, in the order in which they return.
pub(crate) fn see_calls<R>(see: impl Fn(&LayerCall<'_>) + Send + Sync + 'static, run: impl FnOnce() -> R) -> R {
    let function = move |call: &LayerCall<'_>| {
        see(call);
        Ok(None)
    };
    let _active = Active::begin(Arc::new([Hook { name: String::new(), place: None, function: Arc::new(function) }]));
    run()
}

/// The hooks of a model that is running, and the place of the layer that is running in it.
#[derive(Clone)]
struct Running {
    hooks: Arc<[Hook]>,
    place: String,
}

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// Hooks that see calls until this is dropped, also by a panic.
struct Active;

impl Active {
    fn begin(hooks: Arc<[Hook]>) -> Active {
        RUNNING.with_borrow_mut(|running| running.push(Running { hooks, place: String::new() }));
        COUNT.set(COUNT.get() + 1);
        Active
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        COUNT.set(COUNT.get() - 1);
        RUNNING.with_borrow_mut(Vec::pop);
    }
}

/// The hooks that see calls, and where they are.
pub(crate) struct Around(Vec<Running>);

impl Around {
    pub(crate) fn now() -> Around {
        Around(if COUNT.get() == 0 { Vec::new() } else { RUNNING.with_borrow(Clone::clone) })
    }

    /// Runs `f` where these hooks see it, and no others.
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _others = Silence::begin();
        COUNT.set(self.0.len());
        RUNNING.set(self.0.clone());
        f()
    }
}

/// No hooks until this is dropped, also by a panic: a model that a hook runs is another model.
struct Silence(Vec<Running>, usize);

impl Silence {
    fn begin() -> Silence {
        Silence(RUNNING.take(), COUNT.take())
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        RUNNING.set(std::mem::take(&mut self.0));
        COUNT.set(self.1);
    }
}

/// Runs a model with hooks.
fn run(
    hooks: &[Hook],
    kind: &'static str,
    inputs: &[&Tensor],
    forward: impl FnOnce() -> Result<Tensor>,
) -> Result<Tensor> {
    let _active = Active::begin(hooks.into());
    let output = forward()?;
    let own = hooks.iter().filter(|hook| hook.place.as_deref() == Some("")).cloned().map(|hook| (hook, String::new()));
    shown(own.collect(), kind, (inputs, None), output)
}

/// The next place on the tape.
pub(crate) fn now() -> Option<NodeId> {
    Tensor::from(0.0).requires_grad().node_id()
}

/// Calls hooks with an output, one after another.
fn shown(
    hooks: Vec<(Hook, String)>,
    kind: &'static str,
    (inputs, began): (&[&Tensor], Option<NodeId>),
    mut output: Tensor,
) -> Result<Tensor> {
    for (hook, place) in hooks {
        let call = LayerCall { place: &place, kind, inputs, output: &output, began };
        let silence = Silence::begin();
        let changed = (hook.function)(&call);
        drop(silence);
        let changed = changed.map_err(|error| match hook.name.as_str() {
            "" => error,
            name => error.context(format_args!("hook {name:?}")),
        });
        output = changed?.unwrap_or(output);
    }
    Ok(output)
}

/// A layer that runs inside of models with hooks; dropped, also by a panic, they are back at the layer around it.
pub(crate) struct Entered {
    /// How long the places of the models were before.
    outer: Vec<usize>,
    began: Option<NodeId>,
}

/// Notes that the part called `name` of the layer that is running begins; none if no hook could see it.
pub(crate) fn enter(name: &dyn Display) -> Option<Entered> {
    if COUNT.get() == 0 {
        return None;
    }
    RUNNING.with_borrow_mut(|running| {
        let outer = running.iter().map(|model| model.place.len()).collect();
        running.iter_mut().for_each(|model| model.place = join(&model.place, name));
        let whole = running.iter().any(|model| model.hooks.iter().any(|hook| hook.place.is_none()));
        Some(Entered { outer, began: if whole { now() } else { None } })
    })
}

impl Entered {
    /// The output of the layer, as its hooks leave it: first those of the innermost model.
    pub(crate) fn leave(self, kind: &'static str, inputs: &[&Tensor], output: Tensor) -> Result<Tensor> {
        // Not while they are borrowed: a hook may run a model.
        let hooks = RUNNING.with_borrow(|running| {
            let all = running.iter().rev().flat_map(|model| model.hooks.iter().map(|hook| (hook, &model.place)));
            let here = all.filter(|(hook, place)| hook.place.as_ref().is_none_or(|own| own == *place));
            here.map(|(hook, place)| (hook.clone(), place.clone())).collect()
        });
        shown(hooks, kind, (inputs, self.began), output)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| {
            running.iter_mut().zip(&self.outer).for_each(|(model, outer)| model.place.truncate(*outer));
        });
    }
}
