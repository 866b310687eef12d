//! Tests of Mechanic.

use super::Mechanic;
use crate::cases::{Case, Whole, golden, wrapped_joint};
use crate::{Adam, AdamW, Guard, Lbfgs, Optimizer, PolyakSgd, Sam, Sgd};
use autograd_core::module::Param;
use autograd_core::{Gradients, Tensor};

/// In plain words, around SGD with a rate of 0.1; x₀ stands in a, and r, m, v and s in b, one after the other.
fn by_hand(w: &mut Whole, g: &[f64], n: usize, s_init: f64, [decay, eps]: [f64; 2]) {
    if w.t == 1.0 {
        (w.a, w.b) = (w.p.clone(), [vec![0.0; 3 * n], vec![s_init; n]].concat());
    }
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let s: f64 = w.b[3 * n..].iter().sum();
    let way: Vec<f64> = w.a.iter().zip(&w.p).map(|(start, p)| (start - p) / (s + eps)).collect();
    let pull = decay * s * norm(g) / (norm(&w.p) + eps);
    let h: f64 = (0..g.len()).map(|i| (g[i] + pull * w.p[i]) * way[i]).sum();
    for i in 0..n {
        let beta = 1.0 - 10f64.powf(-1.0 - i as f64);
        let [r, m, v, s] = [0, 1, 2, 3].map(|k| k * n + i);
        w.b[r] = beta * w.b[r] + h.clamp(-w.b[m], w.b[m]) * w.b[s];
        w.b[m] = f64::max(beta * w.b[m], h.abs() + eps);
        w.b[v] = beta * beta * w.b[v] + h * h;
        w.b[s] = (s_init / n as f64 * w.b[m] + w.b[r].max(0.0)) / (w.b[v].sqrt() + eps);
    }
    let s: f64 = w.b[3 * n..].iter().sum();
    for i in 0..g.len() {
        w.p[i] = w.a[i] - s * (way[i] + 0.1 * g[i]);
    }
}

fn around_sgd(n: usize, s_init: f64, decay: f64) -> Case {
    let make = move || Mechanic::new(Sgd::new(0.1)).num_betas(n).s_init(s_init).weight_decay(decay).eps(1e-3);
    wrapped_joint(make, move |w, g| by_hand(w, g, n, s_init, [decay, 1e-3]))
}

const SEVERAL: &str = "Mechanic: the optimizer inside evaluates the loss several times in a step; \
                       Sam can stand around Mechanic, Lbfgs has a line search";

cases![
    around_sgd(3, 0.25, 0.01),
    around_sgd(1, 0.5, 0.0),
    around_sgd(6, 0.125, 0.5),
    refused(Mechanic::new(Sgd::new(1.0)).num_betas(0), "Mechanic: num_betas is 0, it must be at least 1"),
    refused(
        Mechanic::new(Sgd::new(1.0)).s_init(0.0),
        "Mechanic: mechanic.s_init is 0.0, it must be finite and positive"
    ),
    refused(Mechanic::new(Sgd::new(1.0)).eps(0.0), "Mechanic: mechanic.eps is 0.0, it must be finite and positive"),
    refused(Mechanic::new(Sgd::new(-1.0)), "SGD: lr is -1.0, it must be finite and at least 0"),
    refused(Mechanic::new(Lbfgs::new(1.0)), SEVERAL),
    refused(Mechanic::new(Guard::skip(Sam::new(Sgd::new(1.0), 0.1))), SEVERAL),
    refused(
        Mechanic::new(Sgd::new(1.0)).num_betas(usize::MAX),
        "Mechanic: num_betas is 18446744073709551615, it must be at most 15"
    ),
    refused(
        Mechanic::new(crate::Parts::new().rest(Adam::new(1.0).maximize(true))),
        "Mechanic: Adam follows the gradient upwards; negate the loss instead"
    ),
    refused(
        Mechanic::new(Guard::skip(Adam::new(1.0).maximize(true))),
        "Mechanic: Adam follows the gradient upwards; negate the loss instead"
    ),
    refused(
        Mechanic::new(Sgd::new(1.0).group("bias", |group| group.maximize(true))),
        "Mechanic: the group \"bias\" of SGD follows the gradient upwards; negate the loss instead"
    ),
    refused(
        Mechanic::new(Guard::skip(
            crate::Parts::new().rest(Adam::new(1.0).group_where(|_| true, |group| group.maximize(true)))
        )),
        "Mechanic: the group number 1 of Adam follows the gradient upwards; negate the loss instead"
    ),
];

#[test]
fn steps_are_those_of_optax() {
    // optax.contrib 0.2.8, float64, around sgd(1.0), adam(1.0) and adamw(1.0, weight_decay=0.1).
    let set = [
        [-1.0000002411168776, -0.24999981743315494, 0.5000006602754333, -0.7500012710456794],
        [-1.012668458493676, -0.24304980866773923, 0.5320898696117112, -0.8093589547963091],
        [-0.9999992322241481, -0.2499997153526852, 0.5000009427697499, -0.7500021099894941],
        [-0.9630740559028526, -0.234967786849255, 0.5466321143864167, -0.8545169737263754],
        [-0.9399433973512302, -0.23086618020900687, 0.5388718384346821, -0.8442554640924362],
    ];
    let [a, b, c, d, e] = set;
    golden(Mechanic::new(Sgd::new(1.0)), a);
    golden(Mechanic::new(Sgd::new(1.0)).weight_decay(0.1).eps(1e-3).s_init(0.05).num_betas(3), b);
    golden(Mechanic::new(Adam::new(1.0)), c);
    golden(Mechanic::new(Adam::new(1.0)).weight_decay(0.1).eps(1e-3).s_init(0.05).num_betas(3), d);
    golden(Mechanic::new(AdamW::new(1.0).weight_decay(0.1)).s_init(0.05), e);
}

fn param() -> Param {
    Param::new(Tensor::from_slice(&[3.0, -4.0], &[2]).expect("two")).expect("floats")
}

fn slopes(x: &Param) -> Gradients {
    x.square().sum().backward().expect("tracked")
}

#[test]
fn the_loss_is_handed_on() {
    let mut x = Param::new(Tensor::scalar(8.0)).expect("floats");
    let mut mechanic = Mechanic::new(Guard::skip(PolyakSgd::new(1.0))).num_betas(1).s_init(0.25).weight_decay(0.0);
    let mut step = |x: &mut Param| {
        mechanic.step_with(x, |x| {
            let loss = x.square();
            Ok((loss.item()?, loss.backward()?))
        })
    };
    // 8 − 0.25 · 64 / 16² · 16, where h is 0.
    assert_eq!(step(&mut x).expect("valid").0, 64.0);
    assert!((x.to_f64s()[0] - 7.0).abs() < 1e-6);
    // h = 14 · 1 / 0.25, of which r is 0: m is one before it has seen any.
    step(&mut x).expect("valid");
    let (m, v) = (56.0, 56.0f64.powi(2) + 0.0);
    let s = 0.25 * m / v.sqrt();
    assert!((x.to_f64s()[0] - (8.0 - s * (4.0 + 49.0 / 14.0))).abs() < 1e-5);
    let grads = x.square().backward().expect("tracked");
    let error = mechanic.step(&mut x, &grads).expect_err("no loss").to_string();
    let text = "PolyakSgd: a step needs the value of the loss: call step_with_loss or step_with instead of step";
    assert_eq!(error, text);
}

#[test]
fn a_step_that_was_left_out_changes_nothing() {
    let (mut x, mut mechanic) = (param(), Mechanic::new(Guard::skip(Sgd::new(1.0))).s_init(0.125));
    let mut spoilt = slopes(&x);
    spoilt.scale(f64::NAN);
    for _ in 0..2 {
        let grads = slopes(&x);
        mechanic.step(&mut x, &grads).expect("valid");
        let (before, scale) = (x.to_f64s(), mechanic.scale());
        let report = mechanic.step(&mut x, &spoilt).expect("left out");
        assert_eq!((report.updated, x.to_f64s(), mechanic.scale()), (0, before, scale));
    }
}

#[test]
fn a_state_dict_that_does_not_fit_changes_nothing() {
    let (mut x, mut mechanic) = (param(), Mechanic::new(Sgd::new(1.0).momentum(0.5)));
    let grads = slopes(&x);
    mechanic.step(&mut x, &grads).expect("valid");
    let keys: Vec<String> = mechanic.state_dict().iter().map(|(key, _)| key.to_string()).collect();
    let numbers = ["mechanic.r", "mechanic.m", "mechanic.v", "mechanic.s"];
    let own = ["mechanic.kept", "mechanic..x0", "mechanic..since"];
    let expected = numbers.into_iter().chain(own).chain(["lr", "inner..step", "inner..momentum_buffer"]);
    assert_eq!(keys, expected.collect::<Vec<_>>());
    let before = mechanic.state_dict().to_safetensors();
    let mut state = mechanic.state_dict();
    state.remove("mechanic.v");
    state.insert("mechanic.q", Tensor::scalar(1.0));
    let error = mechanic.load_state_dict(&state).expect_err("two problems").to_string();
    let expected = "the state does not fit, and nothing was loaded:\n  unexpected: mechanic.q\n  missing: mechanic.v";
    assert_eq!(error, expected);
    // By one half it is known that the other is missing.
    for lost in [&numbers[..], &own] {
        let mut state = mechanic.state_dict();
        lost.iter().for_each(|key| drop(state.remove(key)));
        let error = mechanic.load_state_dict(&state).expect_err("half of it").to_string();
        let missing = if lost.len() == 4 { numbers.join("\n  missing: ") } else { "mechanic.kept".into() };
        assert_eq!(error, format!("the state does not fit, and nothing was loaded:\n  missing: {missing}"));
    }
    let mut other = Mechanic::new(Sgd::new(1.0).momentum(0.5)).num_betas(3);
    let error = other.load_state_dict(&mechanic.state_dict()).expect_err("six").to_string();
    let text = "it must be F64 [3], one number for each of num_betas; nothing was loaded";
    assert_eq!(error, format!("Mechanic: the state \"mechanic.r\" is F64 [6], {text}"));
    assert_eq!(mechanic.state_dict().to_safetensors(), before);
}
