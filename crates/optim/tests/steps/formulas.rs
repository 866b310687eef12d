//! Runs against closed forms.

use crate::model::{assert_close, half_square_grads, param};
use autograd_core::Tensor;
use autograd_core::module::Param;
use wengert_optim::{Adam, AdamW, NAdam, Optimizer, RmsProp, Sgd};

/// The parameter after steps with these gradients.
fn after(optimizer: &mut dyn Optimizer, start: f64, gradients: &[f64]) -> f64 {
    let mut x = param(&[start]);
    for g in gradients {
        let grads = x.mul_scalar(*g).sum().backward().expect("tracked");
        let report = optimizer.step(&mut x, &grads).expect("valid");
        assert_eq!((report.updated, report.missing.len()), (1, 0));
    }
    x.to_f64s()[0]
}

#[test]
fn plain_descent_on_a_parabola_shrinks_by_a_constant_factor() {
    let mut x = param(&[3.0, -2.0]);
    let mut sgd = Sgd::new(0.1);
    for k in 1..=50 {
        let grads = half_square_grads(&x);
        sgd.step(&mut x, &grads).expect("valid");
        assert_close(&x.to_f64s(), &[3.0 * 0.9f64.powi(k), -2.0 * 0.9f64.powi(k)], 1e-14);
    }
}

#[test]
fn momentum_on_a_parabola_follows_its_recurrence() {
    // pₖ₊₁ = (1 + μ − lr) pₖ − μ pₖ₋₁ for f = ½ p²
    let (lr, mu) = (0.2, 0.7);
    let mut x = param(&[1.0]);
    let mut sgd = Sgd::new(lr).momentum(mu);
    let mut expected = [1.0, 1.0 - lr];
    for _ in 0..40 {
        let grads = half_square_grads(&x);
        sgd.step(&mut x, &grads).expect("valid");
        assert_close(&x.to_f64s(), &expected[1..], 1e-13);
        expected = [expected[1], (1.0 + mu - lr) * expected[1] - mu * expected[0]];
    }
}

#[test]
fn no_decay_leaves_an_infinite_parameter_infinite() {
    assert_eq!(after(&mut Sgd::new(0.1), f64::INFINITY, &[1.0]), f64::INFINITY);
}

#[test]
fn every_optimizer_finds_the_minimum_of_rosenbrocks_valley() {
    let run = |optimizer: &mut dyn Optimizer, steps: usize| {
        let mut x = param(&[-1.0, 1.5]);
        for _ in 0..steps {
            let (a, b) = (x.narrow(0, 0, 1).expect("two"), x.narrow(0, 1, 1).expect("two"));
            let valley = b.try_sub(&a.square()).expect("one element each").square().mul_scalar(100.0);
            let f = a.add_scalar(-1.0).square().try_add(&valley).expect("one element each").sum();
            optimizer.step(&mut x, &f.backward().expect("tracked")).expect("valid");
        }
        assert_close(&x.to_f64s(), &[1.0, 1.0], 1e-3);
    };
    run(&mut Sgd::new(2e-4).momentum(0.9), 20_000);
    run(&mut Sgd::new(2e-4).momentum(0.9).nesterov(true), 20_000);
    run(&mut Adam::new(0.02), 5_000);
    run(&mut Adam::new(0.02).amsgrad(true), 10_000);
    run(&mut NAdam::new(2e-3), 20_000);
    run(&mut RmsProp::new(5e-4).momentum(0.9).centered(true).eps(1.0), 20_000);
    run(&mut AdamW::new(0.02).weight_decay(1e-6), 5_000);
}

#[test]
fn the_value_held_by_others_does_not_change() {
    let mut x = Param::new(Tensor::from([1.0])).expect("floats");
    let before = x.detach();
    let grads = half_square_grads(&x);
    Sgd::new(0.5).step(&mut x, &grads).expect("valid");
    assert_eq!((before.to_f64s(), x.to_f64s()), (vec![1.0], vec![0.5]));
}
