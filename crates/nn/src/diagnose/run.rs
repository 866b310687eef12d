//! The run behind a diagnosis, which finds causes.

use super::doctor::Doctor;
use super::table::{Ailment, Diagnosis, ParameterRow, UnitsRow};
use crate::hooks::{LayerCall, now, see_calls};
use crate::layer::Layer;
use crate::summary::Unchanged;
use autograd_core::{Cut, Gradients, NodeId, Result, Tensor, detect_anomaly, watch_cuts};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Layers whose output is 0 where nothing is learned.
const RECTIFIERS: [&str; 5] = ["ReLU", "ReLU6", "Threshold", "SquaredReLU", "SparsePlus"];

/// A layer that has returned.
struct Seen {
    place: String,
    kind: &'static str,
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
    let log = Arc::clone(&seen);
    let see = move |call: &LayerCall<'_>| {
        let units = RECTIFIERS.contains(&call.kind).then(|| units(call.output));
        let ends = call.began.zip(now()).map(|(began, ended)| [began, ended]);
        let seen = Seen { place: call.place.into(), kind: call.kind, ends, units };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
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

/// The channels of an output, and those of them that are 0 in the whole batch.
fn units(output: &Tensor) -> (usize, Vec<usize>) {
    let (shape, values) = (output.shape(), output.to_f64s());
    let dim = if shape.len() > 1 { 1 } else { 0 };
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
