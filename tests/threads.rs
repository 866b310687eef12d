//! Several threads on one model, and the recording switch that each of them has.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use wengert::core::module::Module;
use wengert::core::{self, Gradients, Tensor, detect_anomaly, no_grad, seeded};
use wengert::nn::{Layer, Linear, ReLU, Sequential, mse_loss, sequential};

fn model() -> Sequential {
    let mut rng = seeded(7);
    let first = Linear::new(4, 8, &mut rng).expect("sizes above 0");
    sequential![first, ReLU, Linear::new(8, 2, &mut rng).expect("sizes above 0")]
}

fn batch(seed: u64, rows: usize) -> (Tensor, Tensor) {
    let mut rng = seeded(seed);
    let mut random = |columns| Tensor::randn(&[rows, columns], core::DType::F32, &mut rng).expect("small");
    (random(4), random(2))
}

fn gradients(model: &Sequential, (x, y): &(Tensor, Tensor)) -> Gradients {
    let output = model.forward(x).expect("shapes fit");
    mse_loss(&output, y).expect("shapes fit").backward().expect("tracked")
}

#[test]
fn one_model_used_by_several_threads_and_their_gradients_averaged() {
    let model = model();
    let batches: Vec<_> = (0..4).map(|seed| batch(seed, 16)).collect();
    let alone: Vec<Gradients> = batches.iter().map(|batch| gradients(&model, batch)).collect();

    let together: Vec<Gradients> = thread::scope(|scope| {
        let running: Vec<_> = batches.iter().map(|batch| scope.spawn(|| gradients(&model, batch))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (alone, together) in alone.iter().zip(&together) {
        for param in model.parameters() {
            let [alone, together] = [alone, together].map(|g| g.get(param).expect("used").to_f64s());
            assert_eq!(alone, together);
        }
    }

    let mut mean = Gradients::default();
    for gradients in together {
        mean.accumulate(gradients).expect("the same shapes");
    }
    mean.scale(0.25);
    let [x, y] = [|b: &(Tensor, Tensor)| b.0.clone(), |b: &(Tensor, Tensor)| b.1.clone()]
        .map(|part| Tensor::cat(&batches.iter().map(part).collect::<Vec<_>>().iter().collect::<Vec<_>>(), 0));
    let whole = gradients(&model, &(x.expect("one width"), y.expect("one width")));
    for param in model.parameters() {
        let [mean, whole] = [&mean, &whole].map(|g| g.get(param).expect("used").to_f64s());
        assert!(mean.iter().zip(&whole).all(|(m, w)| (m - w).abs() < 1e-6), "{mean:?} and {whole:?}");
    }
}

#[test]
fn several_threads_walk_one_kept_graph() {
    let x = Tensor::from([1.0, 2.0, 3.0]).requires_grad();
    let y = x.exp().try_mul(&x).expect("one shape").sum();
    let want = y.backward_keep().expect("tracked").get(&x).map(Tensor::to_f64s);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(y.backward_keep().expect("kept").get(&x).map(Tensor::to_f64s), want);
                }
            });
        }
    });
}

#[test]
fn not_recording_is_a_matter_of_one_thread() {
    let x = Tensor::from(2.0).requires_grad();
    no_grad(|| {
        assert!(!x.exp().is_tracked());
        let elsewhere = thread::scope(|scope| scope.spawn(|| x.exp().is_tracked()).join().expect("no panic"));
        assert!(elsewhere);
    });
    assert!(x.exp().is_tracked());
}

#[test]
fn recording_is_restored_after_a_panic_and_after_an_error() {
    let x = Tensor::from(2.0).requires_grad();
    let stop = || -> () { std::panic::resume_unwind(Box::new("stop")) };
    assert!(catch_unwind(|| no_grad(stop)).is_err());
    assert!(x.exp().is_tracked(), "no_grad outlived a panic");

    // A pull-back that panics does so while the walk has switched recording off.
    let bad = core::custom(
        "bad",
        &[&x],
        |x| Ok(x[0].exp()),
        move |_, _, _| {
            stop();
            Ok(Vec::new())
        },
    );
    let bad = bad.expect("the forward half is fine");
    assert!(catch_unwind(AssertUnwindSafe(|| bad.backward())).is_err());
    assert!(x.exp().is_tracked(), "a walk outlived a panic");

    let stopped = || {
        stop();
        Ok(())
    };
    assert!(catch_unwind(AssertUnwindSafe(|| detect_anomaly(stopped))).is_err());
    let fine = Tensor::from(-1.0).log();
    assert!(fine.item::<f32>().expect("one number").is_nan(), "the hunt for anomalies outlived a panic");

    assert!(no_grad(|| x.matmul(&x)).is_err());
    assert!(x.exp().is_tracked());
}

#[test]
fn nested_blocks_restore_what_was_before_them() {
    let x = Tensor::from(2.0).requires_grad();
    no_grad(|| {
        no_grad(|| assert!(!core::is_recording()));
        assert!(!core::is_recording());
        // Code that must record does so, and leaves the switch as it found it.
        let (_, gradients) = core::vjp(|x| Ok(x[0].square()), &[&x], &Tensor::from(1.0)).expect("a gradient");
        assert_eq!(gradients[0].to_f64s(), [4.0]);
        assert!(!core::is_recording());
    });
    assert!(core::is_recording());
}

#[test]
fn a_tensor_goes_to_another_thread_with_its_history() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let y = x.square();
    let gradients = {
        let y = y.clone();
        thread::spawn(move || y.sum().backward().expect("tracked")).join().expect("no panic")
    };
    assert_eq!(gradients.get(&x).expect("a leaf").to_f64s(), [2.0, 4.0]);

    // Made there, walked here, after that thread and its buffers' lists are gone.
    let (x, y) = thread::spawn(|| {
        let x = Tensor::from([3.0, 4.0]).requires_grad();
        let y = x.square().sum();
        (x, y)
    })
    .join()
    .expect("no panic");
    assert_eq!(y.backward().expect("tracked").get(&x).expect("a leaf").to_f64s(), [6.0, 8.0]);
}
