//! The memory of programs: at most what a run holds at once, and all of it is given back. It stands alone, for other
//! tests hold memory, too.

#[allow(dead_code, reason = "each program of tests uses its part")]
#[path = "capture/model.rs"]
mod model;

use autograd_core::module::{Module, Param};
use autograd_core::{Capture, DType, Result, Tensor, grad, memory, seeded};
use model::{Net, floats, labels, step};

type Params = Vec<Param>;
type Function = fn(&Params, [&Tensor; 1]) -> Result<Vec<Tensor>>;

fn layers(model: &Params, x: &Tensor) -> Result<Tensor> {
    model.iter().try_fold(x.clone(), |x, weight| Ok(x.linear(weight, None)?.tanh()))
}

const FUNCTIONS: &[(&str, Function)] = &[
    ("forward", |model, [x]| Ok(vec![layers(model, x)?])),
    ("backward", |model, [x]| Ok(layers(model, x)?.square().sum().backward()?.iter().cloned().collect())),
    ("second order", |model, [x]| {
        let x = x.requires_grad();
        let slope = grad(&layers(model, &x)?.sum(), &[&x])?.remove(0);
        Ok(slope.square().sum().backward()?.iter().cloned().collect())
    }),
    ("a chain", |_, [x]| {
        let x = x.requires_grad();
        let y = (0..6).try_fold(x.clone(), |y, _| y.tanh().try_mul(&x))?;
        grad(&y.sum(), &[&x])
    }),
    ("a row of sums", |model, [x]| {
        let parts = (0..6).map(|k| x.narrow(0, 50 * k, 100)?.matmul(&model[0])?.exp().sum_dim(0));
        Ok(vec![parts.collect::<Result<Vec<_>>>()?.into_iter().sum()])
    }),
];

#[test]
fn a_program_needs_no_more_room_than_a_run_and_gives_it_back() -> Result<()> {
    let mut rng = seeded(7);
    let mut random = |shape: &[usize]| Tensor::randn(shape, DType::F32, &mut rng).map(|x| x.mul_scalar(0.05));
    let model = (0..4).map(|_| Param::new(random(&[64, 64])?)).collect::<Result<Params>>()?;
    let x = random(&[350, 64])?;
    assert_eq!(model.parameters().len(), 4);
    for (name, function) in FUNCTIONS {
        // A thread that has held nothing yet: the most that it holds is that of the run.
        let before = memory::stats().peak;
        let outputs = std::thread::scope(|scope| {
            scope.spawn(|| Ok(function(&model, [&x])?.iter().map(|y| y.numel() * 4).sum::<usize>())).join()
        });
        let outputs: Result<usize> = outputs.expect("no panic");
        let peak = memory::stats().peak - before;
        let mut capture = Capture::new(function);
        let _ = capture.run(&model, [&x])?;
        // Of the run that was recorded, at most the copy of its argument is kept.
        let cached = memory::stats().cached;
        assert!(cached < 2 * x.numel() * 4, "{name}: {cached} bytes of the recorded run are kept");
        let room = capture.stats().bytes;
        assert!(room + outputs? <= peak, "{name}: {room} bytes, and a run holds {peak}");
    }
    a_dropped_capture_gives_everything_back()
}

fn a_dropped_capture_gives_everything_back() -> Result<()> {
    let net = Net::new(6);
    let batches: Vec<_> = (1..6).map(|n| (floats(&[n, 6], 1), labels(n, 3, 2))).collect();
    let mut in_use = Vec::new();
    // The first one makes what the thread keeps.
    for _ in 0..4 {
        let mut capture = Capture::new(step);
        for (x, y) in &batches {
            for _ in 0..2 {
                let _ = capture.run(&net, [x, y])?;
            }
        }
        assert!(capture.stats().bytes > 0);
        drop(capture);
        in_use.push(memory::stats().in_use);
    }
    assert!(in_use[1..].iter().all(|bytes| *bytes == in_use[1]), "{in_use:?}");
    Ok(())
}
