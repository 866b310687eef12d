//! The blame for a NaN or an infinity: the operation that made it, not one that passes it on.
//!
//! A hunt searches what other threads compute, so the tests of this file take turns.

use crate::alone;
use autograd_core::{Backward, Result, Tensor, custom, detect_anomaly, grad};

const INF: f64 = f64::INFINITY;

fn leaf<const N: usize>(x: [f64; N]) -> Tensor {
    Tensor::from(x).requires_grad()
}

/// Runs of operations, and what is found in them; nothing in the empty ones.
#[test]
fn the_blame_is_where_it_belongs() {
    type Run = fn() -> Result<Tensor>;
    let runs: Vec<(&str, Run, &str)> = vec![
        (
            "a mask of −∞ through softmax",
            || {
                let scores = leaf([1.0, 2.0, 3.0]).try_add(&Tensor::from([0.0, -INF, 0.0]))?.softmax(0)?;
                grad(&scores.square().sum(), &[&scores]).map(|mut g| g.remove(0))
            },
            "",
        ),
        (
            "and all the way to the leaf",
            || {
                let x = leaf([1.0, 2.0, 3.0]);
                let y = x.try_add(&Tensor::from([0.0, -INF, 0.0]))?.softmax(0)?.square().sum();
                grad(&y, &[&x])?;
                y.backward().map(|_| y)
            },
            "",
        ),
        ("a mask added as a number", || Ok(leaf([1.0]).add_scalar(-INF).exp()), ""),
        (
            "masked out before it matters",
            || {
                let x = Tensor::from([1.0, f64::NAN]);
                x.eq(&x)?.where_cond(&x, &Tensor::from(0.0))
            },
            "",
        ),
        (
            "an operation that makes one",
            || Ok(leaf([1.0, 0.0]).log()),
            "forward of log made an infinity (first at element 1 of shape [2])",
        ),
        (
            "one that passes it on",
            || Ok(leaf([800.0]).exp().neg()),
            "forward of exp made an infinity (first at element 0 of shape [1])",
        ),
        (
            "NaN of infinities",
            || leaf([1.0, INF]).try_sub(&Tensor::from([0.0, INF])),
            "forward of sub made NaN of the infinity in input 0 (first at element 1 of shape [2])",
        ),
        (
            "a row that is masked whole",
            || Tensor::from([-INF, -INF]).softmax(0),
            "forward of softmax made NaN of the infinity in input 0 (first at element 0 of shape [2])",
        ),
        (
            "NaN in the data",
            || Tensor::from([1.0, 2.0]).try_mul(&Tensor::from([1.0, f64::NAN])),
            "forward of mul was given NaN in input 1 (first at element 1 of shape [2])",
        ),
        (
            "in an operation of the user's own",
            || custom("own", &[&leaf([0.0])], |x| Ok(x[0].powf(-1.0)), |_, _, _| Ok(vec![None])),
            "forward of powf made an infinity (first at element 0 of shape [1])",
        ),
        (
            "in its pull-back",
            || {
                let x = leaf([1.0]);
                let nan = |_: &Tensor, _: &[Tensor], _: &Tensor| Ok(vec![Some(Tensor::from([f64::NAN]))]);
                let y = custom("own", &[&x], |x| Ok(x[0].exp()), nan)?;
                y.sum().backward().map(|_| y)
            },
            "pull-back of own made NaN (first at element 0 of shape [1])",
        ),
        (
            "in a seed",
            || {
                let y = leaf([1.0]).exp();
                Backward::new().root(&y, &Tensor::from([f64::NAN])).run().map(|_| y)
            },
            "pull-back of exp was given NaN in the gradient of its result (first at element 0 of shape [1])",
        ),
        (
            "in the sum of two gradients",
            || {
                let x = leaf([1.0]);
                let y = x.mul_scalar(3e38).try_add(&x.mul_scalar(2e38))?;
                Backward::new().root(&y, &Tensor::from([1.0])).run().map(|_| x)
            },
            "forward of add made an infinity (first at element 0 of shape [1])",
        ),
        (
            "where forward is finite",
            || {
                let x = leaf([1e-5]);
                let y = x.mul_scalar(3e38).try_add(&x.mul_scalar(2e38))?.sum();
                y.backward().map(|_| y)
            },
            "the sum of the gradients for leaf [1] made an infinity (first at element 0 of shape [1])",
        ),
        (
            "in a recorded walk",
            || {
                let x = leaf([1e-5]);
                let y = x.mul_scalar(3e38).try_add(&x.mul_scalar(2e38))?.sum();
                grad(&y, &[&x]).map(|_| y)
            },
            "the sum of the gradients for leaf [1] made an infinity (first at element 0 of shape [1])",
        ),
        (
            "of parts",
            || {
                let x = leaf([1e-5, 1.0]);
                let y = x.narrow(0, 0, 1)?.mul_scalar(3e38).try_add(&x.narrow(0, 0, 1)?.mul_scalar(2e38))?.sum();
                y.backward().map(|_| y)
            },
            "the sum of the gradients for leaf [2] made an infinity (first at element 0 of shape [2])",
        ),
        (
            "of a broadcast input",
            || {
                let x = leaf([1e-5]);
                let y = x.try_mul(&Tensor::from([3e38, 2e38]))?;
                y.sum().backward().map(|_| y)
            },
            "the sum of the gradient of mul to the shape of its input 0 made an infinity (first at element 0 of shape [1])",
        ),
    ];
    for (name, run, text) in runs {
        let found = alone(|| detect_anomaly(run)).map_or_else(|e| e.to_string(), |_| String::new());
        assert_eq!(found, text, "{name}");
    }
}

#[test]
fn other_threads_are_searched_as_well() {
    let x = Tensor::from([-1.0]);
    let there = |x: &Tensor| {
        let x = x.clone();
        let thread = std::thread::Builder::new().name("worker".into()).spawn(move || x.log());
        thread.expect("a thread").join().expect("no panic")
    };
    let found = alone(|| detect_anomaly(|| Ok(there(&x)))).expect_err("a NaN").to_string();
    assert_eq!(found, "on thread worker: forward of log made NaN (first at element 0 of shape [1])");
    // A thread that hunts for itself answers for itself.
    let own = |x: &Tensor| {
        let x = x.clone();
        std::thread::spawn(move || detect_anomaly(|| Ok(x.log())).is_err()).join().expect("no panic")
    };
    assert!(alone(|| detect_anomaly(|| Ok(own(&x)))).expect("found there"));
}

#[test]
fn a_hunt_inside_another_keeps_what_it_finds() {
    let inner = || Ok(detect_anomaly(|| Ok(Tensor::from([-1.0]).log())).is_err());
    assert!(alone(|| detect_anomaly(inner)).expect("the outer one finds nothing"));
    let after = || {
        assert!(inner()?);
        Ok(Tensor::from([-1.0]).sqrt())
    };
    assert!(alone(|| detect_anomaly(after)).expect_err("NaN").to_string().starts_with("forward of sqrt made NaN"));
}

#[test]
fn vast_views_are_searched_without_being_packed() {
    let vast = Tensor::from([0.0, -INF]).expand(&[1 << 40, 2]).expect("a view");
    let found = || vast.narrow(1, 0, 1)?.narrow(0, 0, 2);
    assert_eq!(alone(|| detect_anomaly(found)).expect("finite").to_f64s(), [0.0, 0.0]);
}
