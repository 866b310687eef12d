//! Calls of layers inside layers: a recording of those of one thread, and the hooks that see them.
//!
//! A recording belongs to the thread that started it. Without one, a call costs a look at a thread-local variable.

use crate::hooks;
use autograd_core::module::{Module, Param};
use autograd_core::{Result, Shape, Tensor, profile};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Display;

/// One layer that ran.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its place, as in the names of its parameters.
    pub(crate) name: String,
    /// Its kind; empty if it was not called as a part.
    pub(crate) kind: &'static str,
    /// The shape of its output; none if it was not called as a part.
    pub(crate) output: Option<Shape>,
    /// How many numbers its parameters have, without those of steps before.
    pub(crate) parameters: usize,
    /// Their bytes.
    pub(crate) bytes: usize,
    /// Multiplications with an addition, without those of its parts that are steps.
    pub(crate) multiply_adds: u64,
}

/// The steps of a thread since its recording began.
#[derive(Debug, Default)]
struct Recording {
    steps: Vec<Step>,
    /// The place of the layer that is running.
    place: String,
    /// The addresses of the parameters that belong to a step: the model is borrowed, so they stay where they are.
    counted: HashSet<usize>,
    /// The multiplications of recordings inside this one, which belong to none of its steps.
    elsewhere: u64,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

/// Uses the recording of this thread, if there is one. Where thread-locals are gone already there is none.
fn recording<R>(use_it: impl FnOnce(&mut Recording) -> R) -> Option<R> {
    RECORDING.try_with(|slot| slot.borrow_mut().as_mut().map(use_it)).ok().flatten()
}

fn replace(new: Option<Recording>) -> Option<Recording> {
    RECORDING.try_with(|slot| slot.replace(new)).ok().flatten()
}

/// Puts back the recording around this one, also after a panic.
struct Around(Option<Recording>);

impl Drop for Around {
    fn drop(&mut self) {
        replace(self.0.take());
    }
}

/// Runs a model by `forward` and returns the steps of its parts and its own. A recording around this one sees none of
/// them.
pub(crate) fn record(model: &(impl Module + ?Sized), forward: impl FnOnce() -> Result<Tensor>) -> Result<Vec<Step>> {
    let around = Around(replace(Some(Recording::default())));
    let (y, profile) = profile(|| step(model, forward));
    let own = replace(None);
    drop(around);
    recording(|outer| outer.elsewhere += profile.multiply_adds());
    drop(y?);
    Ok(own.map_or_else(Vec::new, |recording| recording.steps))
}

/// The output that `forward` computes of `inputs` by `layer`, the part called `name` of the layer that calls it.
pub(crate) fn call(
    layer: &(impl Module + ?Sized),
    name: impl Display,
    inputs: &[&Tensor],
    forward: impl FnOnce() -> Result<Tensor>,
) -> Result<Tensor> {
    let hooked = hooks::enter(&name);
    let entered = recording(|recording| {
        let outer = recording.place.len();
        recording.place = join(&recording.place, &name);
        outer
    });
    let y = match entered {
        Some(outer) => {
            let _left = Entered(outer);
            step(layer, forward)
        }
        None => forward(),
    };
    let y = match hooked {
        Some(hooked) => y.and_then(|y| hooked.leave(layer.kind(), inputs, y)),
        None => y,
    };
    y.map_err(|error| error.inside(name, layer.kind()))
}

/// Runs a part without a recording: one whose steps would have other parameters than the model's, or shapes that are
/// not those outside.
pub(crate) fn unseen<R>(run: impl FnOnce() -> R) -> R {
    let _around = Around(replace(None));
    run()
}

/// The place is the outer layer's again afterwards, also after an error or a panic.
struct Entered(usize);

impl Drop for Entered {
    fn drop(&mut self) {
        recording(|recording| recording.place.truncate(self.0));
    }
}

/// Runs a layer, whose parts record their steps, and then records its own, unless it consists of recorded parts only
/// and returns what has the shape of the last.
fn step(layer: &(impl Module + ?Sized), forward: impl FnOnce() -> Result<Tensor>) -> Result<Tensor> {
    let before = recording(|recording| (recording.steps.len(), recording.elsewhere));
    let Some((before, elsewhere)) = before else { return forward() };
    let (y, profile) = profile(forward);
    let (y, work) = (y?, profile.multiply_adds());
    // Not while the recording is borrowed: both are code of the layer, which may use it.
    let (kind, params) = (layer.kind(), layer.named_parameters());
    recording(|recording| {
        let work = work.saturating_sub(recording.elsewhere - elsewhere);
        recording.leave(before, kind, &params, work, &y);
    });
    Ok(y)
}

impl Recording {
    /// Records the end of a layer that began when there were `before` steps.
    fn leave(&mut self, before: usize, kind: &'static str, params: &[(String, &Param)], work: u64, y: &Tensor) {
        let parts = self.steps.len() > before;
        let multiply_adds = work.saturating_sub(self.steps[before..].iter().map(|step| step.multiply_adds).sum());
        let (mut own, mut own_bytes) = (0, 0);
        // Parts that ran without `Layer::call`, as far as the names of their parameters show them.
        let mut silent: Vec<Step> = Vec::new();
        for (name, param) in params {
            if !self.counted.insert(address(param)) {
                continue;
            }
            let Some((group, _)) = name.rsplit_once('.') else {
                (own, own_bytes) = (own + param.numel(), own_bytes + bytes(param));
                continue;
            };
            let name = join(&self.place, &group);
            match silent.last_mut().filter(|last| last.name == name) {
                Some(last) => {
                    last.parameters += param.numel();
                    last.bytes += bytes(param);
                }
                None => silent.push(Step {
                    name,
                    kind: "",
                    output: None,
                    parameters: param.numel(),
                    bytes: bytes(param),
                    multiply_adds: 0,
                }),
            }
        }
        // Used again, its parameters count no more, but it has a row as it had before.
        let again = self.steps[..before].iter().any(|s| s.name == self.place && s.kind == kind && s.output.is_some());
        // Without a row of its own, the output of its last part would be taken for its own.
        let other = self.steps.last().and_then(|last| last.output.as_deref()).is_some_and(|shape| *shape != *y.shape());
        let whole = !parts || own > 0 || multiply_adds > 0 || !silent.is_empty() || again || other;
        self.steps.extend(silent);
        if whole {
            let (name, output) = (self.place.clone(), Some(y.shape().into()));
            self.steps.push(Step { name, kind, output, parameters: own, bytes: own_bytes, multiply_adds });
        }
    }
}

fn bytes(param: &Param) -> usize {
    param.numel() * param.dtype().size()
}

fn address(param: &Param) -> usize {
    std::ptr::from_ref(param).addr()
}

pub(crate) fn join(place: &str, name: &dyn Display) -> String {
    if place.is_empty() { name.to_string() } else { format!("{place}.{name}") }
}
