//! The run behind a diagnosis, which finds causes.

use super::doctor::Doctor;
use super::table::{Ailment, Diagnosis, ParameterRow, UnitsRow};
use crate::hooks::{LayerCall, now, see_calls};
use crate::kinds::{CHANNEL_NORMS, CONV_LSTMS, CONVOLUTIONS, DEPTHWISE, LAST_NORMS, RECURRENT};
use crate::layer::Layer;
use crate::summary::Unchanged;
use autograd_core::module::Module;
use autograd_core::{Cut, Gradients, NodeId, Result, Tensor, detect_anomaly, watch_cuts};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Layers whose output is 0 where nothing is learned.
const RECTIFIERS: [&str; 5] = ["ReLU", "ReLU6", "Threshold", "SquaredReLU", "SparsePlus"];

/// Layers whose units are the last dim of their output, beside recurrent ones.
const LAST: [&str; 5] = ["Linear", "Bilinear", "EinsumDense", "Embedding", "Recurrent"];

/// Where the units of an output are: in its last dim, or else in dim 1.
#[derive(Clone, Copy)]
struct Units {
    last: bool,
    /// The size of the last dim.
    size: Option<usize>,
}

impl Units {
    /// Those of a call, after the call before. What is known of the layer at a place comes before what its kind says:
    /// one that computes a parameter is called by a name of its own.
    fn of(call: &LayerCall<'_>, before: Option<Units>, known: &HashMap<String, Option<bool>>) -> Units {
        let size = call.output.shape().last().copied();
        let last = known.get(call.place).copied().unwrap_or_else(|| last(call.kind, false));
        // A rectifier, a dropout, a layer made of others.
        let stay = || before.is_some_and(|before| before.last && before.size == size);
        Units { last: last.unwrap_or_else(stay), size }
    }
}

/// Whether a layer of this kind gives its units in the last dim; none if it leaves them where they are. A norm must
/// have a vector of factors: with others it goes over more than the last dim.
fn last(kind: &str, is_vector: bool) -> Option<bool> {
    let of_channels = [&CONVOLUTIONS[..], &DEPTHWISE[..], &CHANNEL_NORMS[..], &CONV_LSTMS[..]];
    if kind == "Permute" || of_channels.iter().any(|kinds| kinds.contains(&kind)) {
        return Some(false);
    }
    let of_last = LAST.contains(&kind) || RECURRENT.contains(&kind) || is_vector && LAST_NORMS.contains(&kind);
    of_last.then_some(true)
}

/// What [`last`] says of the layers of a model, of the innermost one where several have one place.
fn known(model: &(impl Layer + ?Sized)) -> HashMap<String, Option<bool>> {
    let of_part = |part: &dyn Module| {
        let is_vector = part.parameters().iter().any(|param| param.rank() == 1);
        last(part.kind(), is_vector)
    };
    model.named_modules().into_iter().map(|(place, part)| (place, of_part(part))).collect()
}

/// A layer that has returned.
struct Seen {
    place: String,
    kind: &'static str,
    at: Units,
    /// Places on the tape before and after all that it recorded.
    ends: Option<[NodeId; 2]>,
    units: Option<(usize, Vec<usize>)>,
}

pub(super) fn run(
    doctor: Doctor,
    model: &(impl Layer + ?Sized),
    inputs: &[Tensor],
    loss: &dyn Fn(&Tensor) -> Result<Tensor>,
) -> Result<Diagnosis> {
    let _unchanged = Unchanged::of(model);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, known) = (Arc::clone(&seen), known(model));
    let see = move |call: &LayerCall<'_>| {
        let ends = call.began.zip(now()).map(|(began, ended)| [began, ended]);
        let mut seen = log.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Units::of(call, seen.last().map(|before: &Seen| before.at), &known);
        let units = RECTIFIERS.contains(&call.kind).then(|| units(call.output, at.last));
        seen.push(Seen { place: call.place.into(), kind: call.kind, at, ends, units });
    };
    let (value, cuts) = {
        // A second run draws the same, from the same buffers.
        let _again = Unchanged::of(model);
        watch_cuts(|| see_calls(see, || loss(&model.forward_all(inputs)?)))
    };
    let value = value?;
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let grads = if value.is_tracked() { value.backward()? } else { Gradients::default() };
    let mut diagnosis = doctor.look(model, &grads);
    let origins = Origins::of(cuts, &seen);
    for (row, param) in diagnosis.parameters.iter_mut().zip(model.parameters()) {
        row.cause = match row.ailment {
            Some(Ailment::Missing) => Some(origins.cause(param)),
            _ => row.cause.take(),
        };
    }
    if diagnosis.parameters.iter().any(|row| row.ailment == Some(Ailment::NotFinite)) {
        let cause = first_anomaly(model, inputs, loss);
        let bad = |row: &&mut ParameterRow| row.ailment == Some(Ailment::NotFinite);
        diagnosis.parameters.iter_mut().filter(bad).for_each(|row| row.cause.clone_from(&cause));
    }
    diagnosis.units = seen
        .into_iter()
        .filter_map(|Seen { place, kind, units, .. }| {
            let (units, dead) = units?;
            Some(UnitsRow { name: place, kind: kind.into(), units, dead })
        })
        .collect();
    Ok(diagnosis)
}

/// The units of an output, and those of them that are 0 in the whole batch.
fn units(output: &Tensor, last: bool) -> (usize, Vec<usize>) {
    let (shape, values) = (output.shape(), output.to_f64s());
    let rank = shape.len();
    let dim = if last { rank.saturating_sub(1) } else { usize::from(rank > 1) };
    let count = shape.get(dim).copied().unwrap_or(1);
    let after: usize = shape.iter().skip(dim + 1).product();
    let mut alive = vec![false; count];
    for (at, x) in values.iter().enumerate() {
        // NaN is something else than 0.
        alive[at / after % count] |= *x != 0.0;
    }
    (count, alive.iter().enumerate().filter(|(_, alive)| !**alive).map(|(at, _)| at).collect())
}

/// What the first operation that made a NaN or an infinity says.
fn first_anomaly(
    model: &(impl Layer + ?Sized),
    inputs: &[Tensor],
    loss: &dyn Fn(&Tensor) -> Result<Tensor>,
) -> Option<String> {
    let _unchanged = Unchanged::of(model);
    let found = detect_anomaly(|| loss(&model.forward_all(inputs)?)?.backward());
    found.err().map(|error| error.to_string())
}

/// The places where histories end, with the layers they are in.
struct Origins<'a> {
    cuts: Vec<(Cut, HashSet<NodeId>, Option<&'a Seen>)>,
}

impl<'a> Origins<'a> {
    fn of(cuts: Vec<Cut>, seen: &'a [Seen]) -> Origins<'a> {
        // Layers return from inside to outside: the first that began before a cut and ended after it is the innermost.
        let is_around = |layer: &Seen, cut: &Cut| layer.ends.is_some_and(|[from, to]| from < cut.at && cut.at <= to);
        let around = |cut: &Cut| seen.iter().find(|layer| is_around(layer, cut));
        let cuts = cuts.into_iter().map(|cut| {
            let (behind, layer) = (cut.behind(), around(&cut));
            (cut, behind, layer)
        });
        Origins { cuts: cuts.collect() }
    }

    /// Why the loss was not computed from a parameter.
    fn cause(&self, param: &Tensor) -> String {
        let id = param.node_id();
        // The last: a layer that takes numbers off the tape for itself, such as statistics, goes on with the value.
        let found = self.cuts.iter().rev().find(|(_, behind, _)| id.is_some_and(|id| behind.contains(&id)));
        match found {
            Some((cut, _, layer)) => {
                let layer = match layer {
                    Some(layer) => format!("{} ({})", layer.place, layer.kind),
                    None => "the model or the loss".into(),
                };
                format!("{} in {layer} cut a value of shape {:?} off", cut.op, cut.value.shape())
            }
            None => "the loss is not computed from it, or only through numbers read from a tensor".into(),
        }
    }
}
