//! What a profile says of known operations, and what it does not disturb.

use autograd_core::module::Param;
use autograd_core::profile::Pass::{Backward, Forward};
use autograd_core::profile::{Pass, Profile};
use autograd_core::update::{ElementRule, FoldRule, Real};
use autograd_core::{Capture, DType, Result, Tensor, custom, enable_grad, grad, profile};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Operation, pass, calls, bytes, flops.
type Line = (&'static str, Pass, u64, u64, u64);

/// The entries in an order that does not depend on the clock.
fn lines(profile: &Profile) -> Vec<Line> {
    let line = |e: &autograd_core::profile::Entry| (e.name, e.pass, e.calls, e.bytes, e.flops);
    let mut lines: Vec<Line> = profile.entries().iter().map(line).collect();
    lines.sort_by_key(|line| (line.1 == Backward, line.0));
    lines
}

fn seen<R>(f: impl FnOnce() -> Result<R>) -> Vec<Line> {
    let (result, profile) = profile(f);
    result.expect("it computes");
    lines(&profile)
}

fn ramp(shape: &[isize]) -> Tensor {
    let n: isize = shape.iter().product();
    Tensor::arange(0.0, n as f64, 1.0, DType::F32).and_then(|x| x.reshape(shape)).expect("a shape")
}

/// p ← p − m, m ← g
#[derive(Clone, Copy)]
struct Lagged;

impl ElementRule<1> for Lagged {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, [m]: [T; 1]) -> (T, [T; 1]) {
        (p - m, [g])
    }
}

/// Σ x y
#[derive(Clone, Copy)]
struct Dot;

impl FoldRule for Dot {
    #[inline(always)]
    fn element(self, x: f64, y: f64) -> f64 {
        x * y
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

#[test]
fn calls_bytes_and_flops_of_known_operations_are_exact() -> Result<()> {
    let (x, row, v) = (ramp(&[2, 3]), ramp(&[3]), ramp(&[6]));
    let (w, b) = (ramp(&[4, 3]), ramp(&[4]));
    let index = Tensor::from([[2, 2, 0], [1, 1, 1]]);
    let (many, few) = (ramp(&[5, 3, 4]), ramp(&[1, 2, 3]));
    type Case<'a> = (&'a str, Box<dyn FnOnce() -> Result<Tensor> + 'a>, Line);
    let cases: Vec<Case<'_>> = vec![
        ("an operand read, a result written", Box::new(|| Ok(v.exp())), ("exp", Forward, 1, 48, 6)),
        ("a broadcast operand, once", Box::new(|| x.try_add(&row)), ("add", Forward, 1, 4 * (6 + 3 + 6), 6)),
        (
            "what expand repeats, once",
            Box::new(|| x.try_add(&row.expand(&[2, 3])?)),
            ("add", Forward, 1, 4 * (6 + 3 + 6), 6),
        ),
        ("f64", Box::new(|| Ok(v.to_dtype(DType::F64).exp().detach())), ("exp", Forward, 1, 96, 6)),
        ("integers", Box::new(|| index.try_add(&index)), ("add", Forward, 1, 8 * 18, 6)),
        ("a mask", Box::new(|| v.gt(&v)), ("gt", Forward, 1, 4 * 12 + 6, 6)),
        ("a sum counts what it reads", Box::new(|| Ok(x.sum())), ("sum", Forward, 1, 4 * 7, 6)),
        ("a sum of rows", Box::new(|| x.sum_dim(1)), ("sum", Forward, 1, 4 * 8, 6)),
        ("a mean divides in place", Box::new(|| x.mean()), ("mean", Forward, 2, 4 * 7 + 8, 7)),
        ("a product", Box::new(|| x.matmul(&w.t()?)), ("matmul", Forward, 1, 4 * (6 + 12 + 8), 2 * 2 * 3 * 4)),
        ("a scalar product", Box::new(|| v.matmul(&v)), ("matmul", Forward, 1, 4 * 13, 12)),
        (
            "products with one matrix",
            Box::new(|| few.expand(&[5, 2, 3])?.matmul(&w.t()?)),
            ("matmul", Forward, 1, 4 * (6 + 12 + 40), 5 * 48),
        ),
        ("products", Box::new(|| few.matmul(&many)), ("matmul", Forward, 1, 4 * (6 + 60 + 40), 5 * 48)),
        ("an affine map", Box::new(|| x.linear(&w, Some(&b))), ("linear", Forward, 1, 4 * (6 + 12 + 4 + 8), 48)),
        ("a softmax", Box::new(|| x.softmax(1)), ("softmax", Forward, 1, 48, 6)),
        ("a mask drawn", Box::new(|| v.dropout_seeded(0.5, 7)), ("dropout", Forward, 1, 48, 6)),
        ("parts joined", Box::new(|| Tensor::cat(&[&b, &row], 0)), ("cat", Forward, 1, 28 + 28, 0)),
        (
            "elements picked by indices, which are looked at",
            Box::new(|| ramp(&[2, 4]).gather(1, &index)),
            ("gather", Forward, 2, 48 + (24 + 48 + 24), 0),
        ),
        ("a cast", Box::new(|| Ok(v.to_dtype(DType::F64))), ("cast", Forward, 1, 24 + 48, 0)),
        ("a copy of a view", Box::new(|| Ok(x.t()?.contiguous())), ("contiguous", Forward, 1, 48, 0)),
        ("numbers made", Box::new(|| Tensor::full(&[2, 3], 0.5, DType::F32)), ("full", Forward, 1, 24, 0)),
        ("numbers given", Box::new(|| Tensor::from_vec(vec![1.0f64; 3], &[3])), ("from_vec", Forward, 1, 24, 0)),
        (
            "an update of a parameter and one state",
            Box::new(|| {
                let (mut p, mut m) = (row.clone(), row.clone());
                p.update(&row, [Some(&mut m)], Lagged).map(|()| p)
            }),
            ("update", Forward, 1, 12 * (1 + 2 * 2), 6),
        ),
        ("a fold", Box::new(|| v.fold(&v, Dot).map(Tensor::from)), ("fold", Forward, 1, 48, 6)),
    ];
    for (what, f, expected) in cases {
        let lines = seen(f);
        assert!(lines.contains(&expected), "{what}: {lines:?} has no {expected:?}");
    }
    // The picked logarithms are none of the matrix' elements.
    let target = Tensor::from([2, 0]);
    let cross_entropy = ("cross_entropy", Forward, 3, 16 + (24 + 16) + (8 + 8 + 16 + 8), 6 + 2);
    assert_eq!(seen(|| x.cross_entropy(&target)), [cross_entropy]);
    Ok(())
}

#[test]
fn views_run_no_kernel() {
    let x = ramp(&[2, 3]);
    assert_eq!(seen(|| x.t()?.reshape(&[3, 2, 1])?.narrow(0, 1, 2)?.expand(&[2, 2, 4])), []);
}

#[test]
fn forward_and_backward_are_told_apart() -> Result<()> {
    let (x, w) = (ramp(&[2, 3]), ramp(&[4, 3]).requires_grad());
    let forward = vec![("linear", Forward, 1, 104, 48), ("sum", Forward, 1, 36, 8)];
    assert_eq!(seen(|| x.linear(&w, None).map(|y| y.sum())), forward);
    let y = x.linear(&w, None)?.sum();
    // Only the gradient of w is wanted: one product of a gradient that is one number, repeated, and x.
    let expected = ("linear", Backward, 1, 4 * (1 + 6 + 12), 48);
    for walk in [&|| y.backward_keep().map(drop) as Result<()>, &|| y.backward().map(drop)] as [&dyn Fn() -> _; 2] {
        let lines = seen(walk);
        assert!(lines.contains(&expected) && lines.iter().all(|line| line.1 == Backward), "{lines:?}");
    }
    // A walk that is recorded is one, too; what is computed after it is not.
    let x = ramp(&[3]).requires_grad();
    let lines = seen(|| Ok(grad(&x.exp().sum(), &[&x])?[0].tanh()));
    let passes = |name| lines.iter().filter(|line| line.0 == name).map(|line| line.1).collect::<Vec<_>>();
    assert_eq!((passes("exp"), passes("tanh")), (vec![Forward], vec![Forward]));
    assert!(lines.iter().any(|line| line.1 == Backward), "{lines:?}");
    Ok(())
}

#[test]
fn a_pull_back_is_backward_whatever_it_runs_and_however_it_ends() -> Result<()> {
    let x = ramp(&[3]).requires_grad();
    let y = |end: fn() -> Result<()>| {
        custom(
            "mine",
            &[&x],
            |x| Ok(x[0].square()),
            move |gy, _, _| {
                drop(enable_grad(|| gy.sin()));
                end()?;
                Ok(vec![Some(gy.clone())])
            },
        )
    };
    let nice = y(|| Ok(()))?.sum();
    let failing = y(|| Err(autograd_core::Error::user("no")))?.sum();
    let panicking = y(|| panic!("in a pull-back"))?.sum();
    let (ends, profile) = profile(|| {
        let nice = nice.backward().is_ok();
        let failing = failing.backward().is_err();
        let panicking = catch_unwind(AssertUnwindSafe(|| panicking.backward())).is_err();
        drop(x.detach().cos());
        [nice, failing, panicking]
    });
    assert_eq!(ends, [true; 3]);
    let lines = lines(&profile);
    assert!(lines.contains(&("sin", Backward, 3, 3 * (4 + 12), 9)), "{lines:?}");
    assert!(lines.contains(&("cos", Forward, 1, 24, 3)), "{lines:?}");
    Ok(())
}

#[test]
fn a_profile_inside_another_is_seen_by_both() {
    let x = ramp(&[6]);
    let (inner, outer) = profile(|| {
        drop(x.exp());
        let ((), inner) = profile(|| drop(x.sin()));
        drop(x.exp());
        inner
    });
    let (exp, sin) = (("exp", Forward, 2, 96, 12), ("sin", Forward, 1, 48, 6));
    assert_eq!((lines(&inner), lines(&outer)), (vec![sin], vec![exp, sin]));
    assert!(inner.entries()[0].time == outer.entries().iter().find(|e| e.name == "sin").expect("seen").time);
    assert!(outer.time() >= inner.time());
}

#[test]
fn after_a_panic_the_thread_is_as_it_was() {
    let x = ramp(&[6]);
    let ((), outer) = profile(|| {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            profile(|| {
                drop(x.exp());
                panic!("in a profile");
            })
        }));
        assert!(outcome.is_err());
        drop(x.sin());
    });
    let expected = [("exp", Forward, 1, 48, 6), ("sin", Forward, 1, 48, 6)];
    assert_eq!(lines(&outer), expected);
    drop(x.exp());
    assert_eq!(lines(&profile(|| x.sin()).1), expected[1..]);
}

#[test]
fn other_threads_are_not_seen_and_bits_are_the_same() -> Result<()> {
    let (x, w) = (ramp(&[40, 30]).mul_scalar(1e-3), ramp(&[20, 30]).mul_scalar(1e-3).requires_grad());
    let step = || -> Result<Vec<f32>> {
        let y = x.linear(&w, None)?.tanh().log_softmax(1)?.dropout_seeded(0.2, 3)?.mean()?;
        y.backward()?.get(&w).expect("a leaf").to_vec()
    };
    let (watched, profile) = profile(|| {
        std::thread::scope(|scope| scope.spawn(|| drop(x.sin())).join().expect("it computes"));
        step()
    });
    assert_eq!(watched?, step()?);
    assert!(profile.entries().iter().all(|entry| entry.name != "sin"));
    Ok(())
}

#[test]
fn a_replay_is_seen_as_the_run_that_was_recorded() -> Result<()> {
    let (x, other) = (ramp(&[6]), ramp(&[6]).mul_scalar(-0.5));
    let mut capture = Capture::new(|_: &Vec<Param>, [x]: [&Tensor; 1]| Ok(x.exp()));
    for x in [&x, &other] {
        let (y, profile) = profile(|| capture.run(&Vec::new(), [x]).map(|y| y.to_vec::<f32>()));
        assert_eq!(y??, x.exp().to_vec::<f32>()?);
        assert_eq!(lines(&profile), [("exp", Forward, 1, 48, 6)]);
    }
    assert_eq!((capture.stats().replays, capture.stats().flops), (1, 6));

    // A walk; what the program knows from its first run on is not run again.
    let model = Param::new(x.detach())?;
    let mut step = Capture::new(|w: &Param, [x]: [&Tensor; 1]| (x * w).tanh().sum().backward());
    let (recorded, replayed) =
        (profile(|| step.run(&model, [&x]).map(drop)), profile(|| step.run(&model, [&x]).map(drop)));
    recorded.0.and(replayed.0)?;
    let (recorded, replayed) = (lines(&recorded.1), lines(&replayed.1));
    assert!(replayed.iter().any(|(name, pass, ..)| (*name, *pass) == ("tanh", Backward)), "{replayed:?}");
    assert!(replayed.iter().all(|line| line.0 == "output" || recorded.contains(line)), "{recorded:?} {replayed:?}");
    Ok(())
}

#[test]
fn a_profile_in_a_captured_function_hides_nothing_from_the_capture() -> Result<()> {
    let (x, other) = (ramp(&[6]), ramp(&[6]).mul_scalar(-0.5));
    let mut profiles = Vec::new();
    let mut capture = Capture::new(|_: &Vec<Param>, [x]: [&Tensor; 1]| {
        let (y, profile) = profile(|| x.exp());
        profiles.push(profile);
        Ok(y.sin())
    });
    for x in [&x, &other] {
        assert_eq!(capture.run(&Vec::new(), [x])?.to_vec::<f32>()?, x.exp().sin().to_vec::<f32>()?);
    }
    assert_eq!((capture.stats().records, capture.stats().replays), (1, 1));
    drop(capture);
    assert_eq!(profiles.iter().map(lines).collect::<Vec<_>>(), [[("exp", Forward, 1, 48, 6)]]);
    Ok(())
}

#[test]
fn a_trace_is_json_and_has_every_kernel() -> Result<()> {
    let (x, w) = (ramp(&[2, 3]), ramp(&[4, 3]).requires_grad());
    let (outcome, profile) = profile(|| x.linear(&w, None)?.relu().sum().backward());
    assert!(outcome?.get(&w).is_some());
    let trace: Value = serde_json::from_str(&profile.trace()).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("a list");
    let sum = |of: fn(&Value) -> Option<f64>| events.iter().map(|e| of(e).expect("a number")).sum::<f64>();
    let total = |of: fn(&autograd_core::profile::Entry) -> f64| profile.entries().iter().map(of).sum::<f64>();
    assert_eq!(events.len() as f64, total(|e| e.calls as f64));
    assert_eq!(trace["otherData"]["kernels"].as_f64(), Some(events.len() as f64));
    assert_eq!(sum(|e| e["args"]["bytes"].as_f64()), total(|e| e.bytes as f64));
    assert_eq!(sum(|e| e["args"]["flops"].as_f64()), total(|e| e.flops as f64));
    assert!((sum(|e| e["dur"].as_f64()) - total(|e| e.time.as_secs_f64()) * 1e6).abs() < 1e-3);
    for pass in [Forward, Backward] {
        let calls = profile.entries().iter().filter(|e| e.pass == pass).map(|e| e.calls).sum::<u64>();
        let of_pass = events.iter().filter(|e| e["cat"] == pass.to_string());
        assert!(calls > 0 && of_pass.count() as u64 == calls);
    }
    let ends = |e: &Value| e["ts"].as_f64().zip(e["dur"].as_f64()).map(|(ts, dur)| (ts, ts + dur)).expect("numbers");
    assert!(events.iter().map(ends).is_sorted_by(|a, b| a.1 <= b.0 + 1e-6), "kernels of a thread do not overlap");
    let [first, .., last] = &events[..] else { panic!("several kernels") };
    assert_eq!(
        (&first["name"], &first["ph"], &first["args"]["shape"]),
        (&"linear".into(), &"X".into(), &[2, 4][..].into())
    );
    assert_eq!((&first["pid"], &first["tid"]), (&std::process::id().into(), &1.into()));
    assert_eq!((&last["name"], &last["args"]["shape"]), (&"linear".into(), &[4, 3][..].into()));
    Ok(())
}

#[test]
fn a_trace_that_cannot_be_written_names_its_file() {
    let ((), profile) = profile(|| ());
    let error = profile.write_trace("no/such/folder/trace.json").expect_err("there is no folder");
    assert_eq!(error.kind(), autograd_core::ErrorKind::Io);
    assert!(error.to_string().starts_with("no/such/folder/trace.json: "), "{error}");
    let empty: Value = serde_json::from_str(&profile.trace()).expect("JSON");
    assert_eq!(empty["traceEvents"], Value::Array(Vec::new()));
}
