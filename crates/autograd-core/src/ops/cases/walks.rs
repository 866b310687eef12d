//! What every walk through a case keeps to: results are values of their own, every wanted input gets a gradient, and a
//! walk that fails says so from then on.

use super::Case;
use super::suite::{Property, case_seed};
use crate::profile::{Pass, Profile, profile};
use crate::tape::{Backward, Cut, Gradients, Pull, Pullback, graph, no_grad, record_custom, watch_cuts};
use crate::tensor::Tensor;
use crate::{Error, ErrorKind, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const PROPERTIES: [Property; 6] = [
    ("a result is a value of its own", results_are_values_of_their_own),
    ("a history ends where the operation says it", histories_end_where_it_is_said),
    ("every wanted input gets a gradient of its shape", every_wanted_input_gets_a_gradient),
    ("so does every input without elements", every_empty_input_gets_a_gradient),
    ("a profile tells its kernels from those of the operation", profiles_tell_walks_apart),
    ("a walk that fails leaves what can be left, and says why", failed_walks_say_why),
];

fn tracked(x: &[Tensor]) -> Vec<Tensor> {
    x.iter().map(Tensor::requires_grad).collect()
}

fn results_are_values_of_their_own(case: &Case) {
    let x = tracked(&case.sample(13));
    assert!(!no_grad(|| case.call(&x)).is_tracked(), "tracked without recording");
    let y = case.call(&x);
    if !y.is_tracked() {
        return;
    }
    assert!(x.iter().all(|x| x.node_id() != y.node_id()), "the result stands in the place of an input");
    let seed = case_seed(&y);
    let grads = Backward::new().root(&y, &seed).also(&y).run().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(grads.get(&y).map(Tensor::to_f64s), Some(seed.to_f64s()), "gradient of the result itself");
}

/// Only an operation of which a result is not tracked ends the history of what that was computed from, and in its name.
fn histories_end_where_it_is_said(case: &Case) {
    let x = tracked(&case.sample(12));
    let (y, cuts) = watch_cuts(|| case.call(&x));
    let history = graph(&y);
    let goes_on = |value: &Tensor| history.nodes.iter().any(|node| Some(node.id) == value.node_id());
    let is_wrong = |cut: &&Cut| match y.is_tracked() {
        true => cut.op != case.operation() && goes_on(&cut.value),
        false => ["detach", "no_grad"].contains(&cut.op),
    };
    let wrong = cuts.iter().find(is_wrong);
    assert!(wrong.is_none(), "a history does not end here, or under another name: {wrong:?}");
    let ends = |x: &Tensor| x.node_id().is_none_or(|id| cuts.iter().any(|cut| cut.behind().contains(&id)));
    let silent = x.iter().position(|x| !ends(x)).filter(|_| case.ends_history && !y.is_tracked());
    assert!(silent.is_none(), "the history of input {silent:?} ends here, and nothing says so: {cuts:?}");
}

fn profiles_tell_walks_apart(case: &Case) {
    let x = tracked(&case.sample(15));
    let in_pass = |profile: &Profile, pass| {
        let other = profile.entries().iter().find(|entry| entry.pass != pass || entry.calls == 0);
        assert_eq!(other, None, "all is {pass}");
    };
    let (y, forward) = profile(|| case.call(&x));
    // What puts parts together is reached by a walk alone.
    if case.op != "assemble" {
        in_pass(&forward, Pass::Forward);
    }
    if y.is_tracked() {
        let targets: Vec<&Tensor> = x.iter().collect();
        let seed = case_seed(&y);
        let (recorded, of_recorded) = profile(|| crate::grad_with(&[(&y, &seed)], &targets));
        let (fused, of_fused) = profile(|| y.backward_with(&seed));
        assert!(recorded.is_ok() && fused.is_ok());
        in_pass(&of_recorded, Pass::Backward);
        in_pass(&of_fused, Pass::Backward);
    }
}

/// Both kinds of walk give every float input a gradient of its shape and dtype.
fn complete(x: &[Tensor], y: &Tensor) {
    let seed = case_seed(y);
    let targets: Vec<&Tensor> = x.iter().collect();
    let recorded = crate::grad_with(&[(y, &seed)], &targets).unwrap_or_else(|e| panic!("recorded: {e}"));
    let fused = y.backward_with(&seed).unwrap_or_else(|e| panic!("fused: {e}"));
    for (i, (x, recorded)) in x.iter().zip(&recorded).enumerate().filter(|(_, (x, _))| x.is_tracked()) {
        for (walk, gradient) in [("fused", fused.get(x)), ("recorded", recorded.as_ref())] {
            let gradient = gradient.unwrap_or_else(|| panic!("{walk}: no gradient for input {i}, {:?}", x.shape()));
            assert!(gradient.is_like(x), "{walk}: input {i} is {:?}, its gradient {:?}", x.shape(), gradient.shape());
        }
    }
}

fn every_wanted_input_gets_a_gradient(case: &Case) {
    let x = tracked(&case.sample(14));
    let y = case.call(&x);
    if y.is_tracked() {
        complete(&x, &y);
    }
}

/// The inputs with 0 in the place of one size, in all of them and in each alone, where the operation takes that.
fn every_empty_input_gets_a_gradient(case: &Case) {
    let sample = case.sample(15);
    let mut sizes: Vec<usize> = sample.iter().flat_map(|x| x.shape().to_vec()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let emptied =
        |x: &Tensor, size: usize| -> Vec<usize> { x.shape().iter().map(|s| if *s == size { 0 } else { *s }).collect() };
    for size in sizes {
        for only in (0..sample.len()).map(Some).chain([None]) {
            let inputs = case.inputs.iter().zip(&sample).enumerate();
            let inputs = inputs.map(|(i, (input, x))| match only {
                Some(only) if only != i => input.clone(),
                _ => input.of_shape(&emptied(x, size)),
            });
            let empty = Case { inputs: inputs.collect(), ..case.clone() };
            let x = tracked(&empty.sample(15));
            let Ok(y) = (case.call)(&x) else { continue };
            if y.is_tracked() {
                let what = || x.iter().map(|x| format!("{:?}", x.shape())).collect::<Vec<_>>().join(", ");
                let checked = catch_unwind(AssertUnwindSafe(|| complete(&x, &y)));
                assert!(checked.is_ok(), "of the shapes {}", what());
            }
        }
    }
}

/// The identity, whose pull-back fails until it is told not to.
struct Fails(Arc<AtomicBool>);

impl Pullback for Fails {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || match self.0.load(Ordering::Relaxed) {
            true => Err(Error::new(ErrorKind::User, "not yet")),
            false => Ok(gy.clone()),
        })
    }
}

fn failed_walks_say_why(case: &Case) {
    let leaves = tracked(&case.sample(16));
    let failing = Arc::new(AtomicBool::new(true));
    let fails = |x: &Tensor| record_custom("fails", x.detach(), &[x], |_| Fails(Arc::clone(&failing)));
    let x: Vec<Tensor> = leaves.iter().map(|x| if x.is_tracked() { fails(x) } else { x.clone() }).collect();
    let y = case.call(&x);
    if !y.is_tracked() {
        return;
    }
    let seed = case_seed(&y);
    let gradients = |grads: Gradients| leaves.iter().map(|x| grads.get(x).map(Tensor::to_f64s)).collect::<Vec<_>>();
    // Walks that keep lose nothing.
    let kept = || Backward::new().root(&y, &seed).keep().run();
    assert_eq!(kept().expect_err("it fails").to_string(), "not yet");
    assert!(crate::grad_with(&[(&y, &seed)], &leaves.iter().collect::<Vec<_>>()).is_err());
    failing.store(false, Ordering::Relaxed);
    let want = gradients(kept().unwrap_or_else(|e| panic!("after a failure: {e}")));
    // One that frees leaves what it has not passed, and names the failure where it has.
    failing.store(true, Ordering::Relaxed);
    assert_eq!(y.backward_with(&seed).expect_err("it fails").to_string(), "not yet");
    failing.store(false, Ordering::Relaxed);
    let again = y.backward_with(&seed).expect_err("the operation was passed").to_string();
    assert!(
        again.starts_with("backward: the saved values of ") && again.ends_with(", which failed: not yet"),
        "{again}"
    );
    for (x, leaf) in x.iter().zip(&leaves).filter(|(_, leaf)| leaf.is_tracked()) {
        let below = x.backward_with(&case_seed(x)).unwrap_or_else(|e| panic!("below the failure: {e}"));
        assert_eq!(below.get(leaf).map(Tensor::to_f64s), Some(case_seed(x).to_f64s()));
    }
    let fresh = tracked(&case.sample(16));
    let grads = case.call(&fresh).backward_with(&seed).expect("nothing fails");
    assert_eq!(fresh.iter().map(|x| grads.get(x).map(Tensor::to_f64s)).collect::<Vec<_>>(), want);
}
