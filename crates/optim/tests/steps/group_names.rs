//! Hyperparameters of groups by name: read, changed, scheduled, saved; groups without weight decay.

use crate::model::{self, half_square_grads, net, values};
use autograd_core::module::StateDict;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert_optim::{AdamW, Optimizer, Sgd, biases_and_norms};

fn sgd() -> Sgd {
    Sgd::new(0.5).momentum(0.5).group("hidden", |group| group.scale_lr(0.5)).group("output.bias", |group| group)
}

fn step(optimizer: &mut dyn Optimizer, model: &mut model::Net) {
    let grads = half_square_grads(model);
    optimizer.step(model, &grads).expect("a step");
}

#[test]
fn what_is_set_by_name_is_what_a_group_would_have() {
    let (mut by_name, mut reference) = (
        sgd(),
        Sgd::new(0.5)
            .momentum(0.5)
            .group("hidden", |group| group.scale_lr(0.25).weight_decay(0.25))
            .group("output.bias", |group| group.momentum(0.0)),
    );
    by_name.set("hidden.lr", 0.125).expect("a name");
    by_name.set("hidden.weight_decay", 0.25).expect("a name");
    by_name.set("output.bias.momentum", 0.0).expect("a name");
    let names = ["hidden.weight".to_string(), "output.weight".to_string(), "output.bias".to_string()];
    assert_eq!(by_name.describe(&names), reference.describe(&names));
    let (mut one, mut other) = (net(), net());
    for k in 0..3 {
        step(&mut by_name, &mut one);
        step(&mut reference, &mut other);
        let lr = 0.5 / f64::from(k + 1);
        by_name.set_lr(lr);
        reference.set_lr(lr);
        assert_eq!(by_name.get("hidden.lr"), Ok(lr * 0.25));
    }
    assert_eq!(values(&one), values(&other));
    assert_eq!((by_name.get("hidden.weight_decay"), by_name.get("weight_decay")), (Ok(0.25), Ok(0.0)));
    assert_eq!((by_name.get("output.bias.momentum"), by_name.get("momentum")), (Ok(0.0), Ok(0.5)));
    // Plain names are those of the optimizer, and of groups that do not set their own.
    by_name.set("momentum", 0.25).expect("a name");
    assert_eq!((by_name.get("hidden.momentum"), by_name.get("output.bias.momentum")), (Ok(0.25), Ok(0.0)));
}

#[test]
fn names_can_follow_schedules_between_steps() {
    let (mut by_name, mut one) = (sgd(), net());
    let mut other = net();
    let mut state = StateDict::new();
    for k in 1..5 {
        by_name.set_lr(0.5 / f64::from(k));
        by_name.set("hidden.lr", 0.25 / f64::from(k * k)).expect("a name");
        step(&mut by_name, &mut one);
        let ratio = 0.25 / f64::from(k * k) / (0.5 / f64::from(k));
        let mut now = Sgd::new(0.5).momentum(0.5).group("hidden", move |group| group.scale_lr(ratio));
        now.load_state_dict(&state)
            .or_else(|error| if k == 1 { Ok(()) } else { Err(error) })
            .expect("the state before");
        now.set_lr(0.5 / f64::from(k));
        step(&mut now, &mut other);
        state = now.state_dict();
    }
    for (a, b) in values(&one).iter().zip(values(&other)) {
        assert!((a - b).abs() < 1e-6, "{a} instead of {b}");
    }
}

#[test]
fn a_rate_that_was_set_survives_saving() {
    let (mut optimizer, mut model) = (sgd(), net());
    optimizer.set("hidden.lr", 0.1).expect("a name");
    step(&mut optimizer, &mut model);
    let bytes = optimizer.state_dict().to_safetensors().expect("a file");
    let state = StateDict::from_safetensors(&bytes, std::path::Path::new("memory")).expect("a file");
    let (mut again, mut other) = (sgd(), model.clone());
    again.load_state_dict(&state).expect("its own");
    assert_eq!(again.get("hidden.lr"), optimizer.get("hidden.lr"));
    for (optimizer, model) in [(&mut optimizer, &mut model), (&mut again, &mut other)] {
        optimizer.set_lr(0.3);
        (0..2).for_each(|_| step(optimizer, model));
    }
    assert_eq!(values(&model), values(&other));
    assert_eq!(again.state_dict().to_safetensors(), optimizer.state_dict().to_safetensors());
    // The state of one without puts the group's own ratio back; a stranger's is refused.
    again.load_state_dict(&sgd().state_dict()).expect("its own");
    assert_eq!(again.get("hidden.lr"), Ok(0.25));
    let error = Sgd::new(0.1).load_state_dict(&state).expect_err("no such group").to_string();
    assert!(error.contains("hidden.lr_ratio"), "{error}");
}

#[test]
fn a_state_dict_after_a_step_asks_no_group() {
    let asked = Arc::new(AtomicUsize::new(0));
    let [by_name, by_change] = [(); 2].map(|()| Arc::clone(&asked));
    let mut optimizer = Sgd::new(0.5).momentum(0.5).group_where(
        move |name| {
            by_name.fetch_add(1, Ordering::Relaxed);
            name == "output.bias"
        },
        move |group| {
            by_change.fetch_add(1, Ordering::Relaxed);
            group.momentum(0.0)
        },
    );
    step(&mut optimizer, &mut net());
    let before = asked.load(Ordering::Relaxed);
    let state = optimizer.state_dict();
    assert_eq!(asked.load(Ordering::Relaxed), before);
    let buffers = ["output.bias", "hidden.bias"].map(|name| state.get(&format!("{name}.momentum_buffer")).is_some());
    assert_eq!(buffers, [false, true]);
}

#[test]
fn unknown_names_and_numbers_out_of_range_are_refused() {
    let refusals = [
        ("hiden.lr", "SGD: no group is called \"hiden\", there are \"hidden\", \"output.bias\""),
        ("hidden.speed", "SGD: no hyperparameter is called \"speed\", there are lr, weight_decay, "),
        ("speed", "SGD: no hyperparameter is called \"speed\", there are lr, weight_decay, "),
    ];
    for (name, text) in refusals {
        let error = sgd().set(name, 1.0).expect_err("unknown").to_string();
        assert!(error.starts_with(text), "{error}");
        let asked = sgd().get(name).expect_err("unknown").to_string();
        assert_eq!(error, format!("SGD: {asked}"));
    }
    let error = Sgd::new(0.1).set("hidden.lr", 1.0).expect_err("no groups").to_string();
    assert!(error.starts_with("SGD: no hyperparameter is called \"hidden.lr\", there are lr, "), "{error}");
    let mut zero = Sgd::new(0.0).group("hidden", |group| group);
    let error = zero.set("hidden.lr", 1.0).expect_err("no ratio").to_string();
    assert_eq!(error, "SGD: lr is 0, to which the learning rate of a group is a ratio: set it before 1.0");
    let (mut optimizer, mut model) = (sgd(), net());
    for used in [false, true] {
        for name in ["hidden.lr", "hidden.momentum"] {
            let (old, before) = (optimizer.get(name).expect("a name"), values(&model));
            optimizer.set(name, f64::NAN).expect("a name");
            let grads = half_square_grads(&model);
            let error = optimizer.step(&mut model, &grads).expect_err("NaN").to_string();
            let plain = name.trim_start_matches("hidden.");
            assert_eq!(error, format!("SGD: {plain} is NaN, it must be finite and at least 0"));
            assert_eq!(values(&model), before);
            optimizer.set(name, old).expect("a name");
        }
        step(&mut optimizer, &mut model);
        assert!(used || optimizer.state_dict().len() > 1);
    }
}

#[test]
fn weight_decay_leaves_out_what_is_named() {
    let (mut decayed, mut reference) = (
        AdamW::new(0.1).weight_decay(0.5).no_decay(biases_and_norms).no_decay(|_| false),
        AdamW::new(0.1).weight_decay(0.5).group_where(|name| name.ends_with("bias"), |group| group.weight_decay(0.0)),
    );
    let (mut one, mut other) = (net(), net());
    step(&mut decayed, &mut one);
    step(&mut reference, &mut other);
    assert_eq!(values(&one), values(&other));
    let mut all = net();
    step(&mut AdamW::new(0.1).weight_decay(0.5), &mut all);
    assert_ne!(values(&one), values(&all));
}

#[test]
fn a_group_that_switches_cautious_decay_off_has_the_form_before() {
    let names = ["hidden.weight".to_string()];
    let off = |adamw: AdamW| adamw.group("hidden", |group| group.cautious_weight_decay(false));
    assert_eq!(off(AdamW::new(0.1)).describe(&names), AdamW::new(0.1).describe(&names));
    let description = off(AdamW::new(0.1).cautious_weight_decay(true)).describe(&names);
    assert_eq!(description.options().last(), Some(("groups.hidden.weight", "decay: Decoupled")));
}

#[test]
fn a_first_rate_that_is_none_leaves_nothing_behind() {
    for first in [f64::INFINITY, f64::NAN, -1.0, 0.0] {
        let mut sgd = Sgd::new(first).group("output", |group| group.scale_lr(0.5));
        sgd.set_lr(0.1);
        assert_eq!(sgd.get("output.lr"), Ok(0.05));
        let mut model = net();
        let grads = half_square_grads(&model);
        sgd.step(&mut model, &grads).expect("a rate");
    }
}

#[test]
fn a_group_of_a_pattern_is_called_by_it() {
    let with = |change: fn(Sgd) -> Sgd| change(Sgd::new(0.5).momentum(0.5));
    let mut by_pattern = with(|sgd| sgd.group("**.bias", |group| group.scale_lr(0.5)));
    let mut reference = with(|sgd| sgd.group_where(|name| name.ends_with(".bias"), |group| group.scale_lr(0.25)));
    by_pattern.set("**.bias.lr", 0.125).expect("a name");
    let (mut one, mut other) = (net(), net());
    for _ in 0..2 {
        step(&mut by_pattern, &mut one);
        step(&mut reference, &mut other);
    }
    assert_eq!(values(&one), values(&other));
    let mut again = with(|sgd| sgd.group("**.bias", |group| group.scale_lr(0.5)));
    again.load_state_dict(&by_pattern.state_dict()).expect("its own");
    assert_eq!((again.get("**.bias.lr"), again.get("lr")), (Ok(0.125), Ok(0.5)));
    let grads = half_square_grads(&one);
    let error = with(|sgd| sgd.group("*.scale", |group| group)).step(&mut one, &grads).expect_err("empty").to_string();
    assert!(error.contains("\"*.scale\""), "{error}");
}

#[test]
fn a_rate_of_0_is_set_where_the_optimizers_own_is_0() {
    let mut model = net();
    let mut sgd = Sgd::new(0.5).group("hidden", |group| group.scale_lr(0.5));
    for (own, of_group) in [(0.0, 0.0), (0.25, 0.125), (0.0, 0.0), (0.5, 0.25)] {
        sgd.set_lr(own);
        sgd.set("hidden.lr", of_group).expect("a rate");
        let before = values(&model);
        let grads = half_square_grads(&model);
        sgd.step(&mut model, &grads).expect("valid");
        assert_eq!(values(&model) == before, own == 0.0);
        assert_eq!(sgd.get("hidden.lr").expect("known"), of_group);
    }
    sgd.set_lr(0.0);
    let error = sgd.set("hidden.lr", 0.5).expect_err("no ratio").to_string();
    assert!(error.contains("lr is 0, to which the learning rate of a group is a ratio"), "{error}");
}
