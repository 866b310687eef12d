//! Steps against closed forms and against numbers worked out by hand.

mod model;

use autograd_core::Tensor;
use autograd_core::module::Param;
use model::{assert_close, half_square_grads, param};
use wengert_optim::{Adam, AdamW, Optimizer, Sgd};

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
fn sgd_by_hand() {
    // b = 2, then 0.5 · 2 + 0.75 · 4 = 4
    assert_close(&[after(&mut Sgd::new(0.1).momentum(0.5).dampening(0.25), 1.0, &[2.0, 4.0])], &[0.4], 1e-15);
    // b = 2, d = 2 + 0.5 · 2 = 3; b = 5, d = 4 + 0.5 · 5 = 6.5
    assert_close(&[after(&mut Sgd::new(0.1).momentum(0.5).nesterov(true), 1.0, &[2.0, 4.0])], &[0.05], 1e-14);
    // g = 2 + 0.5 · 1
    assert_close(&[after(&mut Sgd::new(0.1).weight_decay(0.5), 1.0, &[2.0])], &[0.75], 1e-15);
    // 1 · (1 − 0.1 · 0.5) − 0.1 · 2
    let mut decoupled = Sgd::new(0.1).weight_decay(0.5).decoupled_weight_decay(true);
    assert_close(&[after(&mut decoupled, 1.0, &[2.0])], &[0.75], 1e-15);
    assert_close(&[after(&mut Sgd::new(0.1).maximize(true), 1.0, &[2.0])], &[1.2], 1e-15);
    // −g + λ p = −2 + 0.5
    assert_close(&[after(&mut Sgd::new(0.1).maximize(true).weight_decay(0.5), 1.0, &[2.0])], &[1.15], 1e-15);
}

#[test]
fn adam_by_hand() {
    // m = 0.1, v = 0.001 after g = 1; m = 0.1 · 0.9 − 0.2 = −0.11, v = 0.000999 + 0.004 after g = −2
    let second = 0.5 * (-0.11 / (1.0 - 0.81)) / ((0.004999f64 / (1.0 - 0.998001)).sqrt() + 1e-8);
    let first = 0.5 / (1.0 + 1e-8);
    assert_close(&[after(&mut Adam::new(0.5), 1.0, &[1.0, -2.0])], &[1.0 - first - second], 1e-12);
    // With β = 0 the step is lr · g / (|g| + ε).
    let mut memoryless = Adam::new(0.1).betas(0.0, 0.0).eps(1.0);
    assert_close(&[after(&mut memoryless, 1.0, &[3.0, -1.0])], &[1.0 - 0.075 + 0.05], 1e-14);
    // The largest v stays 9: the second step is 0.1 · 1 / (3 + 0).
    let mut amsgrad = Adam::new(0.1).betas(0.0, 0.0).eps(0.0).amsgrad(true);
    assert_close(&[after(&mut amsgrad, 1.0, &[3.0, 1.0])], &[1.0 - 0.1 - 0.1 / 3.0], 1e-14);
}

#[test]
fn adamw_is_adam_after_shrinking() {
    let adamw = after(&mut AdamW::new(0.1).weight_decay(0.3), 2.0, &[1.0]);
    assert_close(&[adamw], &[2.0 * (1.0 - 0.03) - 0.1 / (1.0 + 1e-8)], 1e-15);
    let adam = after(&mut Adam::new(0.1).weight_decay(0.3).decoupled_weight_decay(true), 2.0, &[1.0]);
    assert_eq!(adam, adamw);
    assert_close(&[after(&mut AdamW::new(0.1), 2.0, &[0.0])], &[2.0 * (1.0 - 0.001)], 1e-15);
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
    run(&mut AdamW::new(0.02).weight_decay(1e-6), 5_000);
}

#[test]
fn f64_stays_f64_and_large_tensors_move_like_small_ones() {
    let n = 150_001;
    let start: Vec<f64> = (0..n).map(|i| (i % 17) as f64 / 7.0 - 1.0).collect();
    let (mut large, mut small) = (param(&start), param(&start[..17]));
    let (mut one, mut other) = (Adam::new(0.01).amsgrad(true), Adam::new(0.01).amsgrad(true));
    for _ in 0..5 {
        let (g, h) = (half_square_grads(&large), half_square_grads(&small));
        one.step(&mut large, &g).expect("valid");
        other.step(&mut small, &h).expect("valid");
    }
    let (large, small) = (large.to_f64s(), small.to_f64s());
    assert!(large.iter().enumerate().all(|(i, x)| *x == small[i % 17]));
    assert!(small[1] as f32 as f64 != small[1]);
}

#[test]
fn the_value_held_by_others_does_not_change() {
    let mut x = Param::new(Tensor::from([1.0]));
    let before = x.detach();
    let grads = half_square_grads(&x);
    Sgd::new(0.5).step(&mut x, &grads).expect("valid");
    assert_eq!((before.to_f64s(), x.to_f64s()), (vec![1.0], vec![0.5]));
}
