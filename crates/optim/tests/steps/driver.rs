//! The driver's work for every optimizer: groups, missing and frozen parameters, errors that change nothing.

use crate::model::{self, Net, assert_close, half_square_grads, net, values};
use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use autograd_core::{DType, Gradients, Tensor};
use wengert_optim::schedule::StepLR;
use wengert_optim::{Adam, AdamW, Lbfgs, Optimizer, RmsProp, Schedule, Sgd};

/// Steps once, expects this error, and that neither model nor optimizer changed.
fn fails(model: &mut Net, optimizer: &mut dyn Optimizer, grads: &Gradients, text: &str) {
    let before = (values(model), values_of(optimizer));
    let error = optimizer.step(model, grads).expect_err("refused");
    assert_eq!(error.to_string(), text);
    assert_eq!(before, (values(model), values_of(optimizer)));
}

fn values_of(optimizer: &dyn Optimizer) -> Vec<(String, Vec<f64>)> {
    optimizer.state_dict().iter().map(|(name, value)| (name.to_string(), value.to_f64s())).collect()
}

#[test]
fn a_failed_step_changes_nothing() {
    for used_before in [false, true] {
        let (mut model, mut adam) = (net(), Adam::new(0.1));
        if used_before {
            let grads = half_square_grads(&model);
            adam.step(&mut model, &grads).expect("valid");
        }
        let mut grads = half_square_grads(&model);
        grads.insert(&model.output.bias, Tensor::from([1.0, 2.0])).expect("tracked");
        let text = r#"Adam: the gradient of "output.bias" is F32 [2], the parameter needs F32 [1]"#;
        fails(&mut model, &mut adam, &grads, text);
        grads.insert(&model.output.bias, Tensor::zeros(&[1], DType::F64).expect("small")).expect("tracked");
        let text = r#"Adam: the gradient of "output.bias" is F64 [1], the parameter needs F32 [1]"#;
        fails(&mut model, &mut adam, &grads, text);
        let grads = half_square_grads(&model);
        adam.set_lr(f64::NAN);
        let before = values(&model);
        let error = adam.step(&mut model, &grads).expect_err("NaN");
        assert_eq!(error.to_string(), "Adam: lr is NaN, it must be finite and at least 0");
        assert_eq!(before, values(&model));
    }
    let (mut model, grads) = (net(), Gradients::default());
    let mut sgd = Sgd::new(0.1)
        .momentum(0.9)
        .group("hidden", |group| group.nesterov(true))
        .group("hidden.bias", |group| group.momentum(0.0));
    let text = "SGD: nesterov needs momentum above 0 and dampening 0, got momentum 0 and dampening 0";
    fails(&mut model, &mut sgd, &grads, text);
    let mut sgd = Sgd::new(0.1).group("hiden", |group| group.scale_lr(0.1));
    fails(&mut model, &mut sgd, &grads, r#"SGD: no parameter of the model belongs to the group "hiden""#);
    let mut sgd = Sgd::new(0.1).group_where(|name| name.ends_with("gamma"), |group| group.weight_decay(0.0));
    fails(&mut model, &mut sgd, &grads, "SGD: no parameter of the model belongs to the group number 1");
    let mut sgd = Sgd::new(0.1).group("hidden", |group| group.group("bias", |inner| inner.scale_lr(0.0)));
    fails(&mut model, &mut sgd, &grads, r#"SGD: the group "hidden" adds groups; add them to the optimizer"#);
}

#[test]
fn groups_have_their_own_hyperparameters() {
    let mut model = net();
    let mut sgd = Sgd::new(0.1)
        .group("hidden", |group| group.scale_lr(0.5))
        .group_where(|name| name.ends_with("bias"), |group| group.weight_decay(1.0))
        .momentum(0.0);
    let before = values(&model);
    for lr in [0.1, 0.2] {
        sgd.set_lr(lr);
        assert_eq!(sgd.lr(), lr);
        let grads = half_square_grads(&model);
        sgd.step(&mut model, &grads).expect("valid");
    }
    // hidden.weight (4), hidden.bias (2), output.weight (2), output.bias
    let rates = [0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 2.0];
    let expected: Vec<f64> = before.iter().zip(rates).map(|(x, r)| x * (1.0 - 0.1 * r) * (1.0 - 0.2 * r)).collect();
    assert_close(&values(&model), &expected, 1e-6);
}

#[test]
fn a_group_may_have_other_state_than_the_rest() {
    let mut model = net();
    let mut sgd = Sgd::new(0.1).momentum(0.9).group("output", |group| group.momentum(0.0));
    let grads = half_square_grads(&model);
    sgd.step(&mut model, &grads).expect("valid");
    let state = sgd.state_dict();
    let names: Vec<&str> = state.iter().map(|(name, _)| name).collect();
    let expected = ["lr", "hidden.weight.step", "hidden.weight.momentum_buffer", "hidden.bias.step"];
    assert_eq!(names[..4], expected);
    assert_eq!(names[4..], ["hidden.bias.momentum_buffer", "output.weight.step", "output.bias.step"]);
    let mut other = sgd.clone();
    other.load_state_dict(&state).expect("its own");
}

#[test]
fn a_prefix_ends_at_a_name() {
    let mut model = net();
    let mut sgd = Sgd::new(0.1).group("hid", |group| group.scale_lr(2.0));
    let grads = half_square_grads(&model);
    assert!(sgd.step(&mut model, &grads).is_err());
    let mut whole = Sgd::new(0.1).group("", |group| group.scale_lr(2.0));
    whole.step(&mut model, &grads).expect("the empty prefix is everything");
    assert_close(&values(&model)[..1], &[0.08], 1e-6);
}

#[test]
fn a_missing_gradient_is_reported_and_its_parameter_stays() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    let mut grads = half_square_grads(&model);
    grads.take(&model.hidden.bias);
    let report = adam.step(&mut model, &grads).expect("valid");
    assert_eq!((report.updated, report.missing), (3, vec!["hidden.bias".to_string()]));
    assert_eq!(model.hidden.bias.to_vec::<f32>().expect("f32"), [0.1, 0.2]);
    assert!(adam.state_dict().get("hidden.bias.step").is_none());
    // Its first step is a first step: as large as lr.
    let grads = half_square_grads(&model);
    let report = adam.step(&mut model, &grads).expect("valid");
    assert_eq!((report.updated, report.missing.len()), (4, 0));
    assert_close(&model.hidden.bias.to_f64s(), &[0.0, 0.1], 1e-6);
    let steps = |name: &str| adam.state_dict().get(name).expect("updated").item::<i64>().expect("a count");
    assert_eq!((steps("hidden.bias.step"), steps("output.bias.step")), (1, 2));
}

#[test]
fn frozen_parameters_are_passed_over_and_their_state_waits() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    let mut step = |model: &mut Net| {
        let grads = half_square_grads(model);
        adam.step(model, &grads).expect("valid")
    };
    assert_eq!(step(&mut model).updated, 4);
    assert_eq!(model.freeze("hidden").expect("there"), 2);
    let before = values(&model.hidden);
    let report = step(&mut model);
    assert_eq!((report.updated, report.missing.len()), (2, 0));
    assert_eq!(values(&model.hidden), before);
    assert_eq!(model.unfreeze("hidden").expect("there"), 2);
    assert_eq!(step(&mut model).updated, 4);
    let count = |name: &str| adam.state_dict().get(name).expect("updated").item::<i64>().expect("a count");
    assert_eq!((count("hidden.weight.step"), count("output.weight.step")), (2, 3));
}

#[test]
fn clones_of_model_and_optimizer_go_the_same_way_apart() {
    let (mut model, mut adam) = (net(), Adam::new(0.1).amsgrad(true));
    let step = |model: &mut Net, adam: &mut Adam| {
        let grads = half_square_grads(model);
        adam.step(model, &grads).expect("valid");
    };
    step(&mut model, &mut adam);
    let (mut twin, mut twin_adam) = (model.clone(), adam.clone());
    step(&mut model, &mut adam);
    let after_two = values(&model);
    step(&mut model, &mut adam);
    step(&mut twin, &mut twin_adam);
    assert_eq!(values(&twin), after_two);
    // State follows names: the same optimizer goes on with the clone.
    step(&mut twin, &mut adam);
    let count = adam.state_dict().get("output.bias.step").map(|count| count.to_f64s());
    assert_eq!(count, Some(vec![4.0]));
}

#[test]
fn switching_amsgrad_on_keeps_the_averages() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    let grads = half_square_grads(&model);
    adam.step(&mut model, &grads).expect("valid");
    let average = adam.state_dict().get("hidden.bias.exp_avg").map(|average| average.to_f64s());
    let mut adam = adam.amsgrad(true).betas(1.0 - 1e-12, 0.9);
    let grads = half_square_grads(&model);
    adam.step(&mut model, &grads).expect("valid");
    let state = adam.state_dict();
    assert_close(&state.get("hidden.bias.exp_avg").expect("kept").to_f64s(), &average.expect("kept"), 1e-9);
    assert!(state.get("hidden.bias.max_exp_avg_sq").expect("new").to_f64s()[0] > 0.0);
}

#[test]
fn state_for_another_shape_is_refused() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    let grads = half_square_grads(&model);
    adam.step(&mut model, &grads).expect("valid");
    model.output.bias = Param::new(Tensor::from([[1.0]])).expect("floats");
    let grads = half_square_grads(&model);
    let text = r#"Adam: the state "output.bias.exp_avg" is F32 [1], the parameter needs F32 [1, 1]"#;
    fails(&mut model, &mut adam, &grads, text);
}

#[test]
fn state_for_a_parameter_that_is_gone_is_refused() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    let grads = half_square_grads(&model);
    adam.step(&mut model, &grads).expect("valid");
    let grads = half_square_grads(&model.hidden);
    let error = adam.step(&mut model.hidden, &grads).expect_err("other names");
    let text = r#"Adam: there is state for "hidden.weight", but the model has no such parameter"#;
    assert_eq!(error.to_string(), text);
}

struct Twins(Param, Param);

impl Module for Twins {
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        self.0.visit(&path.child("twin"), f);
        self.1.visit(&path.child("twin"), f);
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        self.0.visit_mut(&path.child("twin"), f);
        self.1.visit_mut(&path.child("twin"), f);
    }
}

#[test]
fn two_parameters_of_one_name_are_refused() {
    let mut twins = Twins(model::param(&[1.0]), model::param(&[2.0]));
    let error = Sgd::new(0.1).step(&mut twins, &Gradients::default()).expect_err("one name");
    assert_eq!(error.to_string(), r#"SGD: two parameters are called "twin""#);
    let error = Lbfgs::new(1.0).step_with(&mut twins, |twins| {
        let loss = twins.0.square().try_add(&twins.1.square())?.sum();
        Ok((1.0, loss.backward()?))
    });
    assert_eq!(error.expect_err("one name").to_string(), r#"LBFGS: two parameters are called "twin""#);
}

#[test]
fn an_optimizer_can_be_printed_and_boxed() {
    let sgd = Sgd::new(0.5).group("hidden", |group| group.momentum(0.5));
    assert!(format!("{sgd:?}").starts_with("SGD { hyper: Hyper { lr: 0.5"));
    let boxed: Vec<Box<dyn Optimizer>> = vec![Box::new(sgd), Box::new(AdamW::new(0.1))];
    for mut optimizer in boxed {
        let mut model = net();
        let grads = half_square_grads(&model);
        train(&mut optimizer, &mut model, &grads);
    }
}

fn train(optimizer: &mut impl Optimizer, model: &mut Net, grads: &Gradients) {
    optimizer.check().expect("in range");
    optimizer.set_lr(optimizer.lr() / 2.0);
    assert_eq!(optimizer.step(model, grads).expect("valid").updated, 4);
    let state = optimizer.state_dict();
    optimizer.load_state_dict(&state).expect("its own");
}

#[test]
fn a_rate_of_0_is_in_range() {
    assert!(Sgd::new(0.0).check().is_ok());
}

#[test]
fn a_schedule_drives_any_hyperparameter() {
    let (mut model, mut sgd) = (net(), Sgd::new(0.5).momentum(0.8).group("hidden", |group| group.momentum(0.5)));
    let (schedule, base) = (StepLR::new(2).gamma(0.5), sgd.get("momentum").expect("known"));
    let (lr, mut b, mut p) = (sgd.lr(), 0.0, values(&model)[8]);
    for k in 0..5 {
        sgd.set("momentum", schedule.rate(base, k)).expect("known");
        sgd.set_lr(schedule.rate(lr, k));
        let grads = half_square_grads(&model);
        sgd.step(&mut model, &grads).expect("valid");
        b = [0.8, 0.8, 0.4, 0.4, 0.2][k as usize] * b + p;
        p -= sgd.lr() * b;
    }
    assert_eq!((sgd.lr(), sgd.get("momentum").expect("known")), (0.125, 0.2));
    assert_close(&values(&model)[8..], &[p], 1e-6);
}

#[test]
fn a_hyperparameter_may_change_what_state_is_in_use() {
    let (mut model, mut rmsprop) = (net(), RmsProp::new(0.1));
    let mut keys_after = |rmsprop: &mut RmsProp| {
        let grads = half_square_grads(&model);
        rmsprop.step(&mut model, &grads).expect("valid");
        let state = rmsprop.state_dict();
        let of = |key: &&str| key.starts_with("output.bias.");
        state.iter().map(|(key, _)| key).filter(of).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(keys_after(&mut rmsprop), ["output.bias.step", "output.bias.square_avg"]);
    rmsprop.set("momentum", 0.5).expect("known");
    let expected = ["output.bias.step", "output.bias.square_avg", "output.bias.momentum_buffer"];
    assert_eq!(keys_after(&mut rmsprop), expected);
    rmsprop.set("momentum", 0.0).expect("known");
    assert_eq!(keys_after(&mut rmsprop), expected[..2]);
}

#[test]
fn momentum_that_begins_later_begins_as_it_would_at_first() {
    let (mut model, mut sgd) = (net(), Sgd::new(0.5).dampening(0.25));
    let mut step = |sgd: &mut Sgd| {
        let (grads, before) = (half_square_grads(&model), values(&model)[8]);
        sgd.step(&mut model, &grads).expect("valid");
        (before, before - values(&model)[8])
    };
    let mut b = 0.0;
    for (momentum, begins) in [(0.0, false), (0.5, true), (0.5, false), (0.0, false), (0.25, true), (0.25, false)] {
        sgd.set("momentum", momentum).expect("known");
        let (g, moved) = step(&mut sgd);
        // Without momentum there is no buffer, and no damping.
        b = if begins || momentum == 0.0 { g } else { momentum * b + 0.75 * g };
        assert!((moved - 0.5 * b).abs() < 1e-6, "{moved}, not {}", 0.5 * b);
    }
}

#[test]
fn two_groups_of_one_prefix_are_refused() {
    let twice = Sgd::new(0.1).group("hidden", |g| g.scale_lr(0.1)).group("hidden", |g| g.momentum(0.9));
    assert_eq!(twice.check().expect_err("two").to_string(), "SGD: two groups are called \"hidden\"; make them one");
    let nested = Sgd::new(0.1).group("hidden", |g| g.scale_lr(0.1)).group("hidden.bias", |g| g.momentum(0.9));
    assert!(nested.check().is_ok());
}

#[test]
fn an_unknown_name_is_refused_with_those_there_are() {
    let mut sgd = Sgd::new(0.1);
    let text = r#"no hyperparameter is called "betas[0]", there are lr, weight_decay, proximal_l1, proximal_l2, momentum, dampening"#;
    assert_eq!(sgd.get("betas[0]").expect_err("unknown").to_string(), text);
    assert_eq!(sgd.set("betas[0]", 0.5).expect_err("unknown").to_string(), format!("SGD: {text}"));
}

#[test]
fn a_panic_in_a_group_loses_no_state() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let [in_names, in_change] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let flags = [Arc::clone(&in_names), Arc::clone(&in_change)];
    let mut adam = Adam::new(0.1)
        .group_where(
            move |name| {
                // In the last one, after the others have been given theirs.
                assert!(name != "output.bias" || !in_names.load(Ordering::Relaxed), "on purpose");
                true
            },
            |group| group.scale_lr(0.5),
        )
        .group("hidden", move |group| {
            assert!(!in_change.load(Ordering::Relaxed), "on purpose");
            group
        });
    let (mut model, mut calm) = (net(), Adam::new(0.05));
    let mut twin = net();
    let mut step = |adam: &mut Adam, calm: &mut Adam| {
        let (grads, of_twin) = (half_square_grads(&model), half_square_grads(&twin));
        let outcome = catch_unwind(AssertUnwindSafe(|| adam.step(&mut model, &grads)));
        if outcome.is_ok() {
            calm.step(&mut twin, &of_twin).expect("valid");
        }
        assert_eq!(values(&model), values(&twin));
        outcome.is_ok()
    };
    assert!(step(&mut adam, &mut calm));
    let before = values_of(&adam);
    for (name, panics) in ["weight_decay", "betas[0]"].into_iter().zip(flags) {
        adam.set(name, 0.5).expect("there is one");
        calm.set(name, 0.5).expect("there is one");
        panics.store(true, Ordering::Relaxed);
        assert!(!step(&mut adam, &mut calm), "the closure does not panic");
        // What of the state is in use a group says, too.
        panics.store(false, Ordering::Relaxed);
        assert_eq!(values_of(&adam), before, "state was lost");
    }
    assert!(step(&mut adam, &mut calm));
    assert_eq!(values_of(&adam)[1..], values_of(&calm)[1..]);
}
