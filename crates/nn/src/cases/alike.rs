//! Layers that are described alike compute alike: what a description leaves out decides nothing.

use super::layer::{Build, Case};
use super::{Outcome, equal, randn};
use autograd_core::module::{Module, restore_streams, stream_positions};
use autograd_core::{DType, Description, Tensor, seeded};
use std::cell::RefCell;

/// A layer of a case that this thread has seen.
struct Seen {
    description: Description,
    build: Build,
    inputs: Vec<Tensor>,
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Compares the case with those before it in its file, and keeps it for those after it. Functions are left out: their
/// descriptions cannot say what they compute.
pub(super) fn compared(case: Case) -> Outcome {
    let mut inputs: Vec<Tensor> = case.shapes().map(|shape| randn(shape, DType::F32, 3)).collect();
    inputs.extend(case.inputs_with_values());
    let (kind, build) = case.into_build();
    if kind == "Lambda" {
        return Ok(());
    }
    let layer = build(&mut seeded(1))?;
    let new = Seen { description: layer.describe(), build, inputs };
    SEEN.with_borrow_mut(|seen| {
        let outcome = seen.iter().filter(|old| old.description == new.description).try_for_each(|old| same(old, &new));
        seen.push(new);
        outcome
    })
}

/// The outputs and errors of both for the inputs of both, with the same state.
fn same(old: &Seen, new: &Seen) -> Outcome {
    for x in old.inputs.iter().chain(&new.inputs) {
        let (a, mut b) = ((old.build)(&mut seeded(1))?, (new.build)(&mut seeded(2))?);
        if b.load_state_dict(&a.state_dict()).is_err() {
            // Other shapes: nothing can be mistaken.
            continue;
        }
        equal(restore_streams(&mut b, &stream_positions(&a)), Vec::new())?;
        let result = |y: crate::Result<Tensor>| y.map(|y| bits(&y)).map_err(|e| e.to_string());
        let (a, b) = (result(a.forward(x)), result(b.forward(x)));
        if a != b {
            return Err(format!("another is described as {} too, and gives {b:?}, not {a:?}", new.description).into());
        }
    }
    Ok(())
}

fn bits(y: &Tensor) -> Vec<u64> {
    y.to_f64s().into_iter().map(f64::to_bits).collect()
}
