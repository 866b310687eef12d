//! Walks that fail: for each kind of failure, what it leaves of the graph, and what the next walk says.

use crate::alone;
use autograd_core::{
    Backward, BoxError, DType, Error, ErrorKind, Gradients, Result, Tensor, custom, detect_anomaly, grad,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Gives = fn(&Tensor) -> Result<Vec<Option<Tensor>>>;

/// Pull-backs that cannot be right, and how the errors of their walks begin.
fn failures() -> Vec<(&'static str, Gives, &'static str)> {
    vec![
        (
            "an error of the user's",
            |_| Err(Error::user(BoxError::from("out of order"))),
            "pull-back of bad: out of order",
        ),
        (
            "shapes that do not fit inside",
            |gy| Ok(vec![Some(gy.try_add(&Tensor::from([1.0; 7]))?)]),
            "pull-back of bad: add: shapes [3] and [7] do not broadcast",
        ),
        ("a gradient of another shape", |_| Ok(vec![Some(Tensor::from([1.0; 7]))]), "bad: the gradient for input 0 is"),
        ("of another dtype", |gy| Ok(vec![Some(gy.to_dtype(DType::F64))]), "bad: the gradient for input 0 is F64"),
        ("too many", |gy| Ok(vec![Some(gy.clone()), None]), "bad: its pull-back returned 2 gradients for 1 inputs"),
        ("none", |_| Ok(vec![]), "bad: its pull-back returned 0 gradients for 1 inputs"),
        ("a panic", |_| panic!("on purpose"), "a pull-back panicked"),
    ]
}

/// `x → exp → bad → tanh → sum`, where the pull-back of `bad` fails as long as the flag stands.
fn chain(x: &Tensor, gives: Gives, failing: &Arc<AtomicBool>) -> (Tensor, Tensor) {
    let failing = Arc::clone(failing);
    let pull = move |gy: &Tensor, _: &[Tensor], _: &Tensor| match failing.load(Ordering::Relaxed) {
        true => gives(gy),
        false => Ok(vec![Some(gy.clone())]),
    };
    let bad = custom("bad", &[&x.exp()], |x| Ok(x[0].detach()), pull).expect("forward is fine");
    let y = bad.tanh().sum();
    (bad, y)
}

/// The outcome of a walk, with a panic as an error.
fn outcome(walk: impl FnOnce() -> Result<Gradients>) -> Result<Gradients> {
    catch_unwind(AssertUnwindSafe(walk)).unwrap_or_else(|_| Err(Error::new(ErrorKind::User, "a pull-back panicked")))
}

#[test]
fn every_failure_leaves_what_the_walk_has_not_passed() {
    let x = Tensor::from([0.1, 0.2, 0.3]).requires_grad();
    let flag = |on| Arc::new(AtomicBool::new(on));
    let want = chain(&x, |_| Ok(vec![]), &flag(false)).1.backward().expect("nothing fails");
    let of_x = |grads: &Gradients| grads.get(&x).map(Tensor::to_f64s);
    for (name, gives, text) in failures() {
        let mut accumulated = want.clone();
        for keep in [true, false] {
            let failing = flag(true);
            let (bad, y) = chain(&x, gives, &failing);
            let walk = || if keep { y.backward_keep() } else { y.backward() };
            let error = outcome(|| accumulated.accumulate(walk()?).map(|()| Gradients::default()));
            let error = error.expect_err(name).to_string();
            assert!(error.starts_with(text), "{name}: {error}");
            assert_eq!(of_x(&accumulated), of_x(&want), "{name}: what was accumulated before has changed");

            failing.store(false, Ordering::Relaxed);
            let second = outcome(walk);
            if keep {
                assert_eq!(of_x(&second.expect(name)), of_x(&want), "{name}: the graph is not whole");
                continue;
            }
            let second = second.expect_err("what was passed is freed").to_string();
            let why =
                format!("backward: the saved values of sum were freed by an earlier backward, which failed: {text}");
            assert!(second.starts_with(&why), "{name}: {second}");
            // A panic takes the pull-back it comes from along; an error leaves it.
            if text != "a pull-back panicked" {
                let ones = bad.ones_like();
                let below = bad.backward_with(&ones).expect("whole from the failure downwards");
                assert_eq!(of_x(&below), Some(x.exp().to_f64s()), "{name}");
            }
        }
        let failing = flag(true);
        let (_, y) = chain(&x, gives, &failing);
        let recorded = || grad(&y, &[&x]).map(|_| Gradients::default());
        assert!(outcome(recorded).is_err(), "{name}");
        failing.store(false, Ordering::Relaxed);
        assert_eq!(of_x(&y.backward().expect(name)), of_x(&want), "{name}: after a recorded walk");
    }
}

#[test]
fn what_cannot_start_changes_nothing() {
    let x = Tensor::from([0.1, 0.2, 0.3]).requires_grad();
    let (y, untracked) = (x.exp(), x.detach());
    let good = y.ones_like();
    let bad = [Tensor::from([1.0; 2]), good.to_dtype(DType::F64)];
    for seed in &bad {
        assert!(y.backward_with(seed).is_err());
        assert!(Backward::new().root(&y, &good).root(&y, seed).run().is_err(), "the second root does not fit");
    }
    assert!(y.backward().is_err() && Backward::new().root(&y, &good).root(&untracked, &good).run().is_err());
    assert_eq!(y.backward_with(&good).expect("whole").get(&x).map(Tensor::to_f64s), Some(y.to_f64s()));
}

#[test]
fn a_walk_into_what_is_freed_names_that() {
    let x = Tensor::from(0.5).requires_grad();
    let trunk = x.exp();
    let (first, second) = (trunk.sin(), trunk.cos());
    assert_eq!(first.backward().expect("whole").len(), 1);
    let freed =
        "backward: the saved values of exp were freed by an earlier backward; the first one must be backward_keep";
    assert_eq!(second.backward().expect_err("the trunk is freed").to_string(), freed);
    let again = second.backward().expect_err("the head is, too").to_string();
    let why = "backward: the saved values of cos were freed by an earlier backward, which failed: ";
    assert_eq!(again, format!("{why}{freed}"));
    // The trunk was not freed by the walk that failed there.
    assert_eq!(trunk.backward().expect_err("the trunk is freed").to_string(), freed);
}

#[test]
fn a_hunt_stops_the_walk_where_it_finds() {
    let x = Tensor::from([0.0, 4.0]).requires_grad();
    let h = x.sqrt();
    let y = h.mul_scalar(2.0).sum();
    let made = "pull-back of sqrt made an infinity (first at element 0 of shape [2])";
    alone(|| {
        assert_eq!(detect_anomaly(|| y.backward()).expect_err("1 / 0").to_string(), made);
        let again = y.backward().expect_err("it was passed").to_string();
        assert!(again.ends_with(&format!("which failed: {made}")), "{again}");
        let grads = h.backward_with(&h.ones_like()).expect("whole from there on");
        assert_eq!(grads.get(&x).map(Tensor::to_f64s), Some(vec![f64::INFINITY, 0.25]));
    });
}
