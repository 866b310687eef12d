//! Errors and panics of a captured function, and what is left after them.

use super::model::{Net, bits, floats, labels};
use autograd_core::module::{Param, Stream, stream_positions};
use autograd_core::{Capture, Error, ErrorKind, Result, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn scores(net: &Net, [x, y]: [&Tensor; 2]) -> Result<Tensor> {
    let x = x.dropout_seeded(0.3, net.streams[0].draw())?;
    net.mean.set(x.mean_dim(0)?);
    let rows = net.forward(&x)?.cross_entropy(y).map_err(|error| error.context("in the head"))?;
    rows.mean()?.dropout_seeded(0.3, net.streams[1].draw())
}

#[test]
fn a_label_out_of_range_is_the_error_of_the_run_and_leaves_what_it_leaves() -> Result<()> {
    let (mut capture, net, eager) = (Capture::new(scores), Net::new(6), Net::new(6));
    let good = labels(5, 3, 1);
    for (k, labels) in [&good, &Tensor::from([0, 1, 3, 0, 0]), &good, &Tensor::from([0, -1, 1, 0, 0]), &good, &good]
        .into_iter()
        .enumerate()
    {
        let x = floats(&[5, 6], k as u64);
        let run = scores(&eager, [&x, labels]).map(bits);
        let replayed = capture.run(&net, [&x, labels]).map(|y| bits(y.clone()));
        match (run, replayed) {
            (Ok(run), Ok(replayed)) => assert_eq!(replayed, run),
            (run, replayed) => {
                let (run, replayed) = (run.expect_err("a run fails"), replayed.expect_err("a replay fails"));
                assert_eq!((replayed.to_string(), replayed.kind()), (run.to_string(), ErrorKind::Index));
                assert!(run.to_string().starts_with("in the head: "), "{run}");
            }
        }
        assert_eq!(stream_positions(&net), stream_positions(&eager));
        assert_eq!(bits(net.mean.get()), bits(eager.mean.get()));
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

/// Whether this thread is left alone: it can do what no captured function can.
fn is_left_alone() {
    let mut fresh = Capture::new(|_: &bool, [x]: [&Tensor; 1]| Ok(x.exp()));
    let x = Tensor::from([1.0, 2.0]);
    assert_eq!(x.sum().item::<f32>().expect("one"), 3.0);
    assert_eq!(bits(fresh.run(&true, [&x]).expect("a run").clone()), bits(x.exp()));
    // What is computed here is no part of another recording, nor taken for its own.
    assert_eq!(fresh.stats().records, 1);
    assert_eq!(fresh.stats().kernels, 1);
}

#[test]
fn an_error_of_the_function_is_its_own_and_the_next_call_works() -> Result<()> {
    let mut calls = 0;
    let mut capture = Capture::new(|streams: &Vec<Stream>, [x]: [&Tensor; 1]| {
        calls += 1;
        let seed = streams[0].draw();
        if calls < 3 {
            // The seed is not used by then.
            return Err(Error::new(ErrorKind::User, format!("call {calls}")));
        }
        x.dropout_seeded(0.5, seed)
    });
    let streams = vec![Stream::at(1, 0)];
    let x = floats(&[20], 1);
    for call in 1..3 {
        assert_eq!(capture.run(&streams, [&x]).map(|_| ()).expect_err("an error").to_string(), format!("call {call}"));
        is_left_alone();
    }
    for drawn in 2..5 {
        let expected = x.dropout_seeded(0.5, Stream::at(1, drawn).draw())?;
        assert_eq!(bits(capture.run(&streams, [&x])?.clone()), bits(expected));
    }
    Ok(())
}

#[test]
fn a_panic_leaves_nothing_watched() -> Result<()> {
    let mut calls = 0;
    let mut capture = Capture::new(|model: &Param, [x]: [&Tensor; 1]| {
        calls += 1;
        let y = x.try_mul(model)?;
        assert!(calls > 2, "call {calls}");
        Ok(y.exp())
    });
    let (model, x) = (Param::new(floats(&[3], 1))?, floats(&[3], 2));
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| capture.run(&model, [&x]).map(|_| ()))).is_err());
        is_left_alone();
    }
    for k in 0..3 {
        let x = floats(&[3], 10 + k);
        assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(x.try_mul(&model)?.exp()));
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn a_panic_of_an_operator_is_that_of_the_run() -> Result<()> {
    let mut capture = Capture::new(|_: &bool, [x, y]: [&Tensor; 2]| Ok(x + y));
    let (a, b) = (floats(&[3], 1), floats(&[2], 2));
    assert!(catch_unwind(AssertUnwindSafe(|| capture.run(&true, [&a, &b]).map(|_| ()))).is_err());
    is_left_alone();
    assert_eq!(bits(capture.run(&true, [&a, &a])?.clone()), bits(a.try_add(&a)?));
    Ok(())
}
