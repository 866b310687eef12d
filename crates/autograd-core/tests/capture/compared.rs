//! Replays compared with runs: every difference is found, and no other.

use super::model::{Net, bits, floats, labels};
use autograd_core::module::{Param, stream_positions};
use autograd_core::{Capture, ErrorKind, Gradients, Result, Tensor, detect_anomaly};
use std::cell::Cell;

/// A function of a tensor and a number from outside.
type Depends = fn(&Tensor, usize) -> Vec<Tensor>;

#[test]
fn whatever_a_number_from_outside_decides_is_found() -> Result<()> {
    let cases: [(Depends, &str); 7] = [
        (|x, n| vec![x * n as f64], "kernel 0, mul_scalar, computes other numbers in a run than in its replay"),
        (|x, n| vec![if n == 1 { x.exp() } else { x.sin() }], "kernel 0, exp, is sin in a run"),
        (|x, n| vec![(0..n).fold(x.clone(), |x, _| x.exp())], "the function runs 2 kernels, not 1 as before"),
        (|x, n| vec![(n..4).fold(x.clone(), |x, _| x.exp())], "the function runs 2 kernels, not 3 as before"),
        // A kernel whose result nothing reads is left out of the program, and counted all the same.
        (
            |x, n| {
                let y = x.exp();
                (0..n).for_each(|_| drop(x.sin()));
                vec![y]
            },
            "the function runs 3 kernels, not 2 as before",
        ),
        (|x, n| vec![[x.exp(), x.sin()][n - 1].clone()], "the function returns something else than its replay"),
        (|x, n| vec![x.exp(); n], "the function returns something else than its replay"),
    ];
    let x = floats(&[3], 1);
    for (depends, text) in cases {
        let choice = Cell::new(1);
        let mut capture = Capture::new(|_: &(), [x]: [&Tensor; 1]| Ok(depends(x, choice.get()))).check_every(1);
        for _ in 0..3 {
            assert_eq!(bits(capture.run(&(), [&x])?.clone()), bits(depends(&x, 1)));
        }
        choice.set(2);
        let error = capture.run(&(), [&x]).map(drop).expect_err(text);
        let why = "what the function does depends on something that it is not given";
        assert_eq!((error.to_string(), error.kind()), (format!("capture: {text}: {why}"), ErrorKind::Capture));
        // As before, it goes on.
        choice.set(1);
        assert_eq!(bits(capture.run(&(), [&x])?.clone()), bits(depends(&x, 1)));
    }
    Ok(())
}

/// A recording sees the thread that it is on.
#[test]
fn a_look_on_another_thread_is_found_as_soon_as_it_makes_a_difference() -> Result<()> {
    let looks = |_: &(), [x]: [&Tensor; 1]| {
        let y = x.sum();
        let number = std::thread::scope(|scope| scope.spawn(|| y.item::<f32>()).join()).expect("no panic")?;
        Ok(x * f64::from(number))
    };
    let mut capture = Capture::new(looks).check_every(1);
    for _ in 0..2 {
        assert_eq!(capture.run(&(), [&Tensor::from([1.0, 2.0])])?.to_f64s(), [3.0, 6.0]);
    }
    let error = capture.run(&(), [&Tensor::from([1.0, 4.0])]).map(drop).expect_err("5, not 3");
    assert!(error.to_string().contains("mul_scalar, computes other numbers in a run than in its replay"), "{error}");
    Ok(())
}

#[test]
fn a_number_is_looked_for_at_every_nth_replay_only() -> Result<()> {
    let factor = Cell::new(1.0);
    let mut capture = Capture::new(|_: &(), [x]: [&Tensor; 1]| Ok(x * factor.get())).check_every(3);
    let x = floats(&[3], 1);
    let _ = capture.run(&(), [&x])?;
    factor.set(2.0);
    let found: Vec<bool> = (0..7).map(|_| capture.run(&(), [&x]).is_err()).collect();
    assert_eq!(found, [false, false, true, false, false, true, false]);
    Ok(())
}

#[test]
fn a_hunt_on_another_thread_changes_no_kernel() -> Result<()> {
    let w = Param::new(floats(&[3], 1))?;
    let mut step = Capture::new(|w: &Param, [x]: [&Tensor; 1]| {
        // Two gradients meet at a value in between, and two parts of one.
        let h = x.try_mul(w)?;
        let parts = h.narrow(0, 0, 2)?.exp().sum().try_add(&h.narrow(0, 1, 2)?.sin().sum())?;
        Ok(h.try_mul(&h.exp())?.sum().try_add(&parts)?.backward()?.take(w))
    })
    .check_every(1);
    let x = floats(&[3], 2);
    let mut all = Vec::new();
    // Recorded and compared outside of a hunt, within it, and after it.
    all.push(step.run(&w, [&x])?.clone().map(bits));
    let (hunts, ends) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // What it finds in other tests is not looked at.
            drop(detect_anomaly(|| {
                hunts.wait();
                ends.wait();
                Ok(())
            }));
        });
        hunts.wait();
        let within = step.run(&w, [&x]).map(|gradient| gradient.clone().map(bits)).map_err(|e| e.to_string());
        ends.wait();
        all.push(within.expect("the same kernels"));
    });
    all.push(step.run(&w, [&x])?.clone().map(bits));
    assert!(all[0].is_some() && all.iter().all(|gradient| *gradient == all[0]));
    Ok(())
}

/// Everything at once: streams, a buffer, labels, constants that are changed in place, sums of parts.
fn everything(net: &Net, x: &Tensor, t: &Tensor) -> Result<(Tensor, Gradients)> {
    let dropped = x.dropout_seeded(0.3, net.streams[0].draw())?;
    net.mean.set(net.mean.get().mul_scalar(0.9).try_add(&dropped.mean_dim(0)?)?);
    let eye = Tensor::eye(x.shape()[1], x.dtype())?;
    let rows = dropped.try_sub(&net.mean.get())?.matmul(&eye)?;
    let parts = Tensor::cat(&[&rows.narrow(0, 0, 2)?, &rows.index_select(0, &Tensor::from([3, 3]))?], 0)?;
    let y = net.forward(&parts)?.dropout_seeded(0.5, net.streams[1].draw())?;
    let loss = y.cross_entropy(t)?.try_add(&y.square().sum_dim(1)?)?.mean()?;
    Ok((loss.clone(), loss.backward()?))
}

#[test]
fn what_is_the_same_is_not_found() -> Result<()> {
    let mut capture = Capture::new(|net: &Net, [x, t]: [&Tensor; 2]| everything(net, x, t)).check_every(1);
    let (mut eager, mut captured) = (Net::new(4), Net::new(4));
    for k in 0..6 {
        let (x, t) = (floats(&[4, 4], k), labels(4, 3, k));
        let run = everything(&eager, &x, &t)?;
        assert_eq!(bits(capture.run(&captured, [&x, &t])?.clone()), bits(run), "step {k}");
        assert_eq!(bits(captured.mean.get()), bits(eager.mean.get()));
        assert_eq!(stream_positions(&captured), stream_positions(&eager));
        eager.shift(k);
        captured.shift(k);
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}
