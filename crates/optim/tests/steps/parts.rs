//! Several optimizers for the parts of one model.

use crate::model::{Net, half_square_grads, net, values};
use autograd_core::module::{Module, StateDict};
use autograd_core::{DType, Error, Gradients, Tensor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert_optim::{Adam, ClipNorm, Ema, Guard, Lbfgs, Mechanic, Optimizer, Parts, Sgd, Transformed, ZeroNotFinite};

fn parts() -> Parts {
    let bias = |name: &str| name.ends_with("bias");
    Parts::new().part("bias", bias, Sgd::new(0.5).momentum(0.5)).rest(Adam::new(0.25))
}

/// The same by two optimizers, each of which sees its gradients only.
struct Apart(Sgd, Adam);

impl Apart {
    fn new() -> Apart {
        Apart(Sgd::new(0.5).momentum(0.5), Adam::new(0.25))
    }

    fn step(&mut self, model: &mut Net, grads: &Gradients) {
        let [of_bias, rest] = split(model, grads);
        if !of_bias.is_empty() {
            self.0.step(model, &of_bias).expect("a step");
        }
        if !rest.is_empty() {
            self.1.step(model, &rest).expect("a step");
        }
    }
}

/// The gradients of biases, and the others.
fn split(model: &Net, grads: &Gradients) -> [Gradients; 2] {
    let (mut of_bias, mut rest) = (Gradients::default(), Gradients::default());
    for (name, param) in model.named_parameters() {
        if let Some(g) = grads.get(param) {
            let to = if name.ends_with("bias") { &mut of_bias } else { &mut rest };
            to.insert(param, g.detach()).expect("tracked");
        }
    }
    [of_bias, rest]
}

#[test]
fn each_part_sees_the_gradients_of_its_own_parameters_and_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = || {
        let calls = Arc::clone(&calls);
        move |_: &dyn Module, _: &mut Gradients| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<(), Error>(())
        }
    };
    let bias = |name: &str| name.ends_with("bias");
    let clipped = || Transformed::new(Sgd::new(0.5), ClipNorm::new(0.1));
    let (mut one, mut other, mut apart) = (net(), net(), [clipped(), clipped()]);
    let inner = Ema::new(clipped().then(count()), 0.5);
    let mut parts = Parts::new().part("bias", bias, inner).rest(Parts::new().rest(clipped()));
    for _ in 0..3 {
        let (of_one, of_other) = (half_square_grads(&one), half_square_grads(&other));
        parts.step(&mut one, &of_one).expect("a step");
        for (optimizer, own) in apart.iter_mut().zip(split(&other, &of_other)) {
            optimizer.step(&mut other, &own).expect("a step");
        }
        assert_eq!(values(&one), values(&other));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    let mut grads = half_square_grads(&one);
    Mechanic::new(clipped().then(count())).step(&mut one, &grads).expect("a step");
    assert_eq!(calls.load(Ordering::Relaxed), 4);
    // What is inside is asked with the changed ones, too: zeros are nothing to refuse.
    let guarded = || Transformed::new(Guard::refuse(Sgd::new(0.5)), ZeroNotFinite);
    let mut parts = Parts::new().part("bias", bias, guarded()).rest(guarded());
    let before = values(&one);
    grads.scale(f64::NAN);
    assert_eq!(parts.step(&mut one, &grads).expect("a step").updated, 4);
    assert_eq!(values(&one), before);
}

#[test]
fn each_part_has_its_own_steps_also_where_gradients_are_missing() {
    let (mut one, mut other) = (net(), net());
    let (mut optimizer, mut apart) = (parts(), Apart::new());
    for k in 0..6 {
        let without = |model: &Net| {
            let mut grads = half_square_grads(model);
            if k == 2 || k == 4 {
                grads.take(&model.hidden.bias);
            }
            if k == 4 {
                grads.take(&model.output.bias);
            }
            grads
        };
        let (of_one, of_other) = (without(&one), without(&other));
        let report = optimizer.step(&mut one, &of_one).expect("a step");
        apart.step(&mut other, &of_other);
        assert_eq!(values(&one), values(&other));
        let (updated, missing): (usize, &[&str]) = match k {
            2 => (3, &["hidden.bias"]),
            4 => (2, &["hidden.bias", "output.bias"]),
            5 => (2, &[]),
            _ => (4, &[]),
        };
        assert_eq!((report.updated, report.missing), (updated, missing.iter().map(|name| name.to_string()).collect()));
        if k == 1 {
            optimizer.set_lr(0.25);
            apart.0.set_lr(0.25);
            apart.1.set_lr(0.125);
        }
        if k == 4 {
            for model in [&mut one, &mut other] {
                model.freeze("output").expect("a layer");
            }
        }
    }
    let error = optimizer.step(&mut one, &Gradients::default()).expect_err("none").to_string();
    assert!(error.starts_with("Parts: none of the trainable parameters has a gradient"), "{error}");
}

fn state(optimizer: &Parts) -> Vec<u8> {
    optimizer.state_dict().to_safetensors().expect("a file")
}

#[test]
fn a_step_that_one_part_refuses_changes_none() {
    for used in [false, true] {
        let (mut model, mut optimizer) = (net(), parts());
        if used {
            let grads = half_square_grads(&model);
            optimizer.step(&mut model, &grads).expect("a step");
        }
        let before = (values(&model), state(&optimizer));
        let mut grads = half_square_grads(&model);
        grads.insert(&model.output.weight, Tensor::zeros(&[1, 2], DType::F64).expect("small")).expect("tracked");
        let error = optimizer.step(&mut model, &grads).expect_err("misfit").to_string();
        assert_eq!(error, r#"Parts: the gradient of "output.weight" is F64 [1, 2], the parameter needs F32 [1, 2]"#);
        let grads = half_square_grads(&model);
        // Nor does it cost state that the other part would not use any more.
        optimizer.set("bias.momentum", 0.0).and(optimizer.set("rest.eps", -1.0)).expect("names");
        let error = optimizer.step(&mut model, &grads).expect_err("a range").to_string();
        assert_eq!(error, "Parts: rest: Adam: eps is -1.0, it must be finite and at least 0");
        optimizer.set("bias.momentum", 0.5).and(optimizer.set("rest.eps", 1e-8)).expect("names");
        assert_eq!((values(&model), state(&optimizer)), before);
        // State of another model in the last part.
        let mut wrong: Vec<(String, Tensor)> =
            optimizer.state_dict().iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        for (key, value) in &mut wrong {
            if key == "rest.output.weight.exp_avg" {
                *value = Tensor::from([1.0]);
            }
        }
        let mut other = parts();
        other.load_state_dict(&wrong.into_iter().collect::<StateDict>()).expect("shapes are compared with the model");
        let outcome = other.step(&mut model, &grads).map_err(|e| e.to_string());
        let text = r#"Parts: rest: Adam: the state "output.weight.exp_avg" is F32 [1], the parameter needs F32 [1, 2]"#;
        // Without a step there was no such state.
        assert_eq!(outcome.map(drop), if used { Err(text.to_string()) } else { Ok(()) });
        assert_eq!(values(&model) == before.0, used);
    }
}

type Refusal = (fn() -> Parts, &'static str);

#[test]
fn every_parameter_belongs_to_exactly_one() {
    let all = |_: &str| true;
    let refusals: [Refusal; 9] = [
        (Parts::new, "Parts: there is no part"),
        (
            || Parts::new().part("bias", |name| name.ends_with("bias"), Sgd::new(0.1)),
            "Parts: \"hidden.weight\" belongs to no part; rest takes what is left",
        ),
        (
            || parts().part("hidden", |name| name.starts_with("hidden"), Sgd::new(0.1)),
            "Parts: \"hidden.bias\" belongs to two parts, \"bias\" and \"hidden\"",
        ),
        (
            || parts().part("gamma", |name| name.ends_with("gamma"), Sgd::new(0.1)),
            "Parts: no parameter of the model belongs to the part \"gamma\"",
        ),
        (|| parts().rest(Sgd::new(0.1)), "Parts: two parts are called \"rest\""),
        (
            || Parts::new().part("a.b", |_| true, Sgd::new(0.1)),
            "Parts: a part is called \"a.b\", it must be one word without dots",
        ),
        (
            || Parts::new().part("a", |name| name == "hidden.bias", Sgd::new(0.0)).rest(Sgd::new(0.1)),
            "Parts: the learning rate of \"a\" is 0, to which that of \"rest\" is a ratio",
        ),
        (|| Parts::new().rest(Sgd::new(-1.0)), "Parts: rest: SGD: lr is -1.0, it must be finite and at least 0"),
        (
            || Parts::new().rest(Lbfgs::new(1.0)),
            "Parts: the optimizer of \"rest\" evaluates the loss several times in a step, in which the other parts stand still",
        ),
    ];
    for (make, text) in refusals {
        let (mut model, mut optimizer) = (net(), make());
        let (grads, before) = (half_square_grads(&model), values(&model));
        let error = optimizer.step(&mut model, &grads).expect_err(text).to_string();
        assert_eq!((error, values(&model)), (text.to_string(), before));
    }
    // A rest of nothing is none.
    let (mut model, mut optimizer) = (net(), Parts::new().part("all", all, Sgd::new(0.5)).rest(Adam::new(0.1)));
    let grads = half_square_grads(&model);
    assert_eq!(optimizer.step(&mut model, &grads).expect("a step").updated, 4);
}

#[test]
fn names_rates_and_state_go_through_a_file() {
    let (mut optimizer, mut model) = (parts(), net());
    optimizer.set("rest.betas[0]", 0.5).expect("a name");
    assert_eq!((optimizer.get("rest.betas[0]"), optimizer.get("bias.momentum")), (Ok(0.5), Ok(0.5)));
    assert_eq!((optimizer.get("lr"), optimizer.get("bias.lr"), optimizer.get("rest.lr")), (Ok(0.5), Ok(0.5), Ok(0.25)));
    optimizer.set("rest.lr", 0.3).expect("a name");
    optimizer.set("lr", 0.1).expect("a name");
    let step = |optimizer: &mut Parts, model: &mut Net| {
        let grads = half_square_grads(model);
        optimizer.step(model, &grads).expect("a step");
    };
    step(&mut optimizer, &mut model);
    let saved = StateDict::from_safetensors(&state(&optimizer), std::path::Path::new("memory")).expect("a file");
    let (mut again, mut other) = (parts(), model.clone());
    again.set("rest.betas[0]", 0.5).expect("a name");
    again.load_state_dict(&saved).expect("its own");
    for (optimizer, model) in [(&mut optimizer, &mut model), (&mut again, &mut other)] {
        for lr in [0.07, 0.5] {
            optimizer.set_lr(lr);
            step(optimizer, model);
        }
    }
    assert_eq!(values(&model), values(&other));
    assert_eq!(again.get("rest.lr"), Ok(0.3));
    assert_eq!(state(&again), state(&optimizer));
    let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
    let text = again.describe(&names).to_string();
    for part in ["bias: SGD", "rest: Adam", "rest.betas: [0.5, 0.999]", "bias.parameters: hidden.bias, output.bias"] {
        assert!(text.contains(part), "{text}");
    }
    for (name, text) in [
        ("speed", "Parts: no hyperparameter is called \"speed\", there are lr"),
        ("other.lr", "Parts: no part is called \"other\", there are \"bias\", \"rest\""),
    ] {
        assert_eq!(again.set(name, 1.0).expect_err("unknown").to_string(), text);
    }
    // A state that one part refuses leaves all as they were.
    let before = state(&again);
    let wrong = saved.iter().filter(|(key, _)| *key != "rest.output.bias.step" && *key != "rest.lr");
    let wrong: StateDict = wrong.map(|(key, value)| (key.to_string(), value.clone())).collect();
    assert!(again.load_state_dict(&wrong).is_err());
    assert_eq!(state(&again), before);
}

#[test]
fn parts_are_evaluated_at_their_own_weights() {
    let make = || {
        let bias = |name: &str| name.ends_with("bias");
        Parts::new().part("bias", bias, Ema::new(Sgd::new(0.5), 0.5)).rest(Ema::new(Sgd::new(0.25), 0.75))
    };
    let (mut optimizer, mut model) = (make(), net());
    for _ in 0..3 {
        let grads = half_square_grads(&model);
        optimizer.step(&mut model, &grads).expect("a step");
    }
    let trained = values(&model);
    for _ in 0..2 {
        optimizer.eval(&mut model).expect("its model");
        assert!(values(&model).iter().zip(&trained).all(|(a, b)| a != b));
    }
    let grads = half_square_grads(&model);
    let error = optimizer.step(&mut model, &grads).expect_err("evaluating").to_string();
    assert!(error.starts_with("Parts: bias: Ema: the model has the weights to evaluate at"), "{error}");
    let mut again = make();
    again.load_state_dict(&optimizer.state_dict()).expect("its own");
    again.train(&mut model).expect("its model");
    assert_eq!(values(&model), trained);
}

/// Whatever rates were set, and in whatever order, those of parts and groups are known, and a file has them.
#[test]
fn rates_that_were_set_by_name_go_through_a_file() {
    let make = || {
        let output = |name: &str| name.starts_with("output");
        Parts::new()
            .part("a", output, Adam::new(0.1).group("output.bias", |group| group.scale_lr(0.5)))
            .rest(Sgd::new(0.2))
    };
    let names = ["lr", "a.lr", "rest.lr", "a.output.bias.lr"];
    let rates = |parts: &Parts| names.map(|name| parts.get(name).expect("a name"));
    for first in names {
        for (second, value) in names.into_iter().flat_map(|name| [(name, 0.25), (name, 0.0)]) {
            let (mut optimizer, mut again) = (make(), make());
            for (name, value) in [(first, 0.05), (second, value)] {
                optimizer.set(name, value).expect("a name");
                let found = optimizer.get(name).expect("a name");
                assert!((found - value).abs() < 1e-15, "{name} is {found}");
            }
            again.load_state_dict(&optimizer.state_dict()).expect("its own");
            for rate in [None, Some(0.7)] {
                rate.into_iter().for_each(|rate| [&mut optimizer, &mut again].into_iter().for_each(|o| o.set_lr(rate)));
                assert_eq!(rates(&again), rates(&optimizer), "{first}, {second} {value}");
            }
        }
    }
}

#[test]
fn rates_in_a_state_that_cannot_be_are_refused() {
    let mut optimizer = parts();
    optimizer.set("rest.lr", 0.3).expect("a name");
    let mut state = optimizer.state_dict();
    for rates in [[0.3, 0.0], [-0.3, 0.5], [0.3, f64::INFINITY]] {
        state.insert("rest.lr_set", Tensor::from_slice(&rates, &[2]).expect("two"));
        let error = optimizer.load_state_dict(&state).expect_err("no rates").to_string();
        let must = "two F64, finite, the first at least 0 and the second positive; nothing was loaded";
        assert_eq!(error, format!("Parts: the state \"rest.lr_set\" is F64 [2], it must be {must}"));
    }
}

#[test]
fn a_rate_of_0_is_set_where_that_of_the_first_part_is_0() {
    let bias = |name: &str| name.ends_with("bias");
    let mut parts = Parts::new().part("bias", bias, Sgd::new(0.5)).rest(Sgd::new(0.25));
    for (first, rest) in [(0.0, 0.0), (0.25, 0.5), (0.0, 0.0), (0.5, 1.0)] {
        parts.set_lr(first);
        parts.set("rest.lr", rest).expect("a rate");
        assert_eq!((parts.get("bias.lr"), parts.get("rest.lr")), (Ok(first), Ok(rest)));
    }
}
