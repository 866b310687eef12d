//! Tests of MoMo, and its formula in plain words.

use crate::cases::{Whole, given, golden};
use crate::{Momo, Optimizer};
use autograd_core::Tensor;
use autograd_core::module::Param;

/// In plain words; the sum of all γ, f̄ and f* stand in c.
pub(crate) struct ByHand {
    pub(crate) lr: f64,
    /// β₁, and of MoMo-Adam β₂ and ε.
    pub(crate) beta: f64,
    pub(crate) adam: Option<[f64; 2]>,
    pub(crate) least: f64,
    pub(crate) adapts: bool,
    pub(crate) decay: f64,
}

impl ByHand {
    pub(crate) fn step(&self, w: &mut Whole, g: &[f64]) {
        let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let keep = if w.t == 1.0 && self.adam.is_none() { 0.0 } else { self.beta };
        let whole = if self.adam.is_some() { 1.0 - self.beta.powf(w.t) } else { 1.0 };
        if w.t == 1.0 {
            w.c = vec![0.0, 0.0, self.least];
        }
        let mean = |old: &mut f64, new: f64| *old = keep * *old + (1.0 - keep) * new;
        mean(&mut w.c[0], product(g, &w.p));
        mean(&mut w.c[1], 1.25 - g[0]);
        w.a.iter_mut().zip(g).for_each(|(m, g)| mean(m, *g));
        let divisor: Vec<f64> = match self.adam {
            Some([beta2, eps]) => {
                w.b.iter_mut().zip(g).for_each(|(v, g)| *v = beta2 * *v + (1.0 - beta2) * g * g);
                w.b.iter().map(|v| eps + (v / (1.0 - beta2.powf(w.t))).sqrt()).collect()
            }
            None => vec![1.0; g.len()],
        };
        let way: Vec<f64> = w.a.iter().zip(divisor).map(|(m, divisor)| m / divisor).collect();
        let (along, square, more) = (product(&w.a, &w.p), product(&w.a, &way), 1.0 + self.lr * self.decay);
        let cap = more * (w.c[1] - w.c[0]) + along;
        if self.adapts && cap < more * whole * w.c[2] {
            w.c[2] = f64::max(cap / (2.0 * whole * more), self.least);
        }
        let tau = f64::min(self.lr / whole, f64::max(cap - more * whole * w.c[2], 0.0) / square);
        if self.adapts {
            w.c[2] = f64::max((w.c[1] + along - w.c[0] - 0.5 * tau * square) / whole, self.least);
        }
        w.p.iter_mut().zip(way).for_each(|(p, way)| *p = *p / more - tau * way);
    }
}

const PLAIN: ByHand = ByHand { lr: 0.1, beta: 0.9, adam: None, least: -2.0, adapts: false, decay: 0.0 };

pub(crate) const SHARES: [&str; 4] = ["step", "loss_avg", "lb", "part"];

cases![
    joint(|| given(Momo::new(0.1).lower_bound(-2.0)), |w, g| PLAIN.step(w, g))
        .keeps(&["gamma", "exp_avg"])
        .shares(&SHARES),
    joint(
        || given(Momo::new(0.5).beta(0.5).lower_bound(-2.0).weight_decay(0.25)),
        |w, g| ByHand { lr: 0.5, beta: 0.5, decay: 0.25, ..PLAIN }.step(w, g)
    )
    .keeps(&["gamma", "exp_avg"])
    .shares(&SHARES),
    joint(
        || given(Momo::new(0.5).beta(0.5).lower_bound(-4.0).adapt_lower_bound(true).weight_decay(0.25)),
        |w, g| ByHand { lr: 0.5, beta: 0.5, least: -4.0, adapts: true, decay: 0.25, ..PLAIN }.step(w, g)
    )
    .keeps(&["gamma", "exp_avg"])
    .shares(&SHARES),
    refused(Momo::new(1.0).beta(1.0), "Momo: beta is 1.0, it must be in [0, 1)"),
    refused(Momo::new(1.0).lower_bound(f64::INFINITY), "Momo: lower_bound is inf, it must be finite"),
];

#[test]
fn steps_are_those_of_optax() {
    // optax.contrib 0.2.8, float64.
    let expected = [0.09528368450318675, -0.671861911109795, 0.9477893601185322, -1.8769630369610395];
    golden(given(Momo::new(1.0)), expected);
    let momo = Momo::new(0.5).beta(0.5).lower_bound(0.25).weight_decay(0.25);
    let expected = [-0.23490297372641514, -0.0499194979428117, 0.6030858079097867, -1.1744631847453875];
    golden(given(momo), expected);
    let momo = Momo::new(2.0).beta(0.5).lower_bound(-1.0).weight_decay(0.25).adapt_lower_bound(true);
    let expected = [-0.4497534984277052, -0.27364244946240857, 0.7727569043601095, -0.8653656386302122];
    golden(given(momo), expected);
}

#[test]
fn a_coupled_decay_is_a_part_of_the_loss() {
    let start = || Param::new(Tensor::from_slice(&[4.0, -2.0], &[2]).expect("two")).expect("floats");
    let (mut one, mut other) = (start(), start());
    let mut decayed = Momo::new(0.25).weight_decay(0.5).decoupled_weight_decay(false);
    let mut plain = Momo::new(0.25);
    for _ in 0..5 {
        decayed
            .step_with(&mut one, |x| {
                let loss = x.square().sum();
                Ok((loss.item()?, loss.backward()?))
            })
            .expect("valid");
        plain
            .step_with(&mut other, |x| {
                let loss = x.square().sum().mul_scalar(1.25);
                Ok((loss.item()?, loss.backward()?))
            })
            .expect("valid");
    }
    assert!(one.to_f64s().iter().zip(other.to_f64s()).all(|(a, b)| (a - b).abs() < 1e-12));
}
