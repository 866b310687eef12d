//! How a layer tells which layers it is made of.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::{Shape, Tensor};
use std::fmt::Display;

/// Runs the layers inside a layer, and remembers, for a summary, what they are and what they return.
///
/// A layer made of others shows them by writing its computation once, in [`Layer::trace`], with [`Trace::layer`] in
/// place of their `forward`; its own `forward` is the silent trace. An error then also says in which of them it
/// happened.
///
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Linear, Module, Result, Trace, summary};
///
/// #[derive(Module)]
/// struct Mlp { hidden: Linear, output: Linear }
///
/// impl Layer for Mlp {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         self.trace(x, &mut Trace::silent())
///     }
///     fn trace(&self, x: &Tensor, trace: &mut Trace<'_>) -> Result<Tensor> {
///         let h = trace.layer("hidden", &self.hidden, x)?.relu();
///         trace.layer("output", &self.output, &h)
///     }
/// }
///
/// let mut rng = autograd_core::seeded(7);
/// let mlp = Mlp { hidden: Linear::new(4, 8, &mut rng)?, output: Linear::new(8, 3, &mut rng)? };
/// let rows = summary(&mlp, &[4])?.rows;
/// assert_eq!((rows[1].name.as_str(), rows[1].output.as_str()), ("output", "[N, 3]"));
/// let error = mlp.forward(&Tensor::from([1.0])).expect_err("one feature, not four");
/// assert!(error.to_string().starts_with("in hidden (Linear): linear: inner dimensions differ"));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct Trace<'a> {
    /// Nothing is remembered without it.
    steps: Option<&'a mut Vec<Step>>,
    /// Where the layer that is being traced hangs.
    path: String,
}

/// A row in the making: its output is a shape still.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) output: Option<Shape>,
    pub(super) parameters: usize,
}

impl Trace<'_> {
    /// A trace that remembers nothing.
    pub fn silent() -> Trace<'static> {
        Trace { steps: None, path: String::new() }
    }

    /// A trace of a whole model.
    pub(super) fn root(steps: &mut Vec<Step>) -> Trace<'_> {
        Trace { steps: Some(steps), path: String::new() }
    }

    /// The output of `layer`, the part called `name`, for the input `x`.
    ///
    /// # Errors
    /// As the layer's `forward`, with its place added.
    pub fn layer(&mut self, name: impl Display, layer: &(impl Layer + ?Sized), x: &Tensor) -> Result<Tensor> {
        let Some(steps) = self.steps.as_deref_mut() else {
            return layer.forward(x).map_err(|error| error.inside(name, &layer.kind()));
        };
        let path = join(&self.path, &name);
        let y = enter(steps, path, layer, x);
        y.map_err(|error| error.inside(name, &layer.kind()))
    }
}

/// Runs a layer and writes the steps of its parts, then, if it has no parts or parameters besides them, its own.
pub(super) fn enter(steps: &mut Vec<Step>, path: String, layer: &(impl Layer + ?Sized), x: &Tensor) -> Result<Tensor> {
    let first = steps.len();
    let y = layer.trace(x, &mut Trace { path: path.clone(), ..Trace::root(steps) })?;
    let whole = steps.len() > first;
    if !whole {
        steps.extend(groups(&path, layer));
    }
    let listed: usize = steps[first..].iter().map(|step| step.parameters).sum();
    let own = layer.num_parameters().saturating_sub(listed);
    if !whole || own > 0 {
        steps.push(Step { name: path, kind: layer.kind(), output: Some(y.shape().into()), parameters: own });
    }
    Ok(y)
}

/// The parts of a layer that does not tell them, as far as the names of its parameters show.
fn groups(path: &str, layer: &(impl Layer + ?Sized)) -> Vec<Step> {
    let mut groups: Vec<Step> = Vec::new();
    for (name, param) in layer.named_parameters() {
        let Some((group, _)) = name.rsplit_once('.') else { continue };
        let name = join(path, &group);
        match groups.last_mut().filter(|last| last.name == name) {
            Some(last) => last.parameters += param.numel(),
            None => groups.push(Step { name, kind: String::new(), output: None, parameters: param.numel() }),
        }
    }
    groups
}

fn join(path: &str, name: &impl Display) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}
