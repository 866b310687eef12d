//! Saving and loading an optimizer: the run goes on bit for bit, and what does not fit is told.

mod model;

use autograd_core::Tensor;
use autograd_core::module::{Module, StateDict};
use model::{Net, half_square_grads, net, values};
use std::path::Path;
use wengert_optim::{Adam, AdamW, Optimizer, Sgd};

fn steps(model: &mut Net, optimizer: &mut dyn Optimizer, range: std::ops::Range<u32>) {
    for k in range {
        optimizer.set_lr(0.1 / f64::from(k + 1));
        let mut grads = half_square_grads(model);
        if k % 3 == 1 {
            grads.take(&model.output.weight);
        }
        optimizer.step(model, &grads).expect("valid");
    }
}

fn through_a_file(state: &StateDict) -> StateDict {
    let bytes = state.to_safetensors().expect("writable");
    StateDict::from_safetensors(&bytes, Path::new("memory")).expect("just written")
}

#[test]
fn a_resumed_run_continues_bit_for_bit() {
    fn check<O: Optimizer>(make: impl Fn() -> O) {
        let (mut model, mut optimizer) = (net(), make());
        steps(&mut model, &mut optimizer, 0..7);
        let saved = (through_a_file(&model.state_dict()), through_a_file(&optimizer.state_dict()));
        steps(&mut model, &mut optimizer, 7..15);

        let (mut resumed, mut again) = (net(), make());
        resumed.load_state_dict(&saved.0).expect("same model");
        again.load_state_dict(&saved.1).expect("same optimizer");
        assert_eq!(again.lr(), 0.1 / 7.0);
        steps(&mut resumed, &mut again, 7..15);
        assert_eq!(values(&model), values(&resumed));
        // Also into an optimizer that went another way before.
        steps(&mut resumed, &mut again, 0..2);
        resumed.load_state_dict(&saved.0).expect("same model");
        again.load_state_dict(&saved.1).expect("same optimizer");
        steps(&mut resumed, &mut again, 7..15);
        assert_eq!(values(&model), values(&resumed));
        let both = [&optimizer, &again].map(|o| through_a_file(&o.state_dict()).to_safetensors().expect("writable"));
        assert_eq!(both[0], both[1]);
    }
    check(|| Sgd::new(0.3));
    check(|| Sgd::new(0.3).momentum(0.9).dampening(0.3).weight_decay(0.01));
    check(|| Sgd::new(0.3).momentum(0.9).nesterov(true).group("hidden", |group| group.scale_lr(0.5)));
    check(|| Adam::new(0.3));
    check(|| Adam::new(0.3).amsgrad(true).maximize(true));
    check(|| AdamW::new(0.3).group_where(|name| name.ends_with("bias"), |group| group.weight_decay(0.0)));
}

#[test]
fn before_the_first_step_there_is_only_the_learning_rate() {
    let mut adam = Adam::new(0.25);
    let state = adam.state_dict();
    assert_eq!(state.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["lr"]);
    adam.set_lr(0.5);
    adam.load_state_dict(&state).expect("its own");
    assert_eq!(adam.lr(), 0.25);
}

#[test]
fn a_state_dict_that_does_not_fit_is_reported_whole_and_changes_nothing() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    steps(&mut model, &mut adam, 0..1);
    let before = adam.state_dict().to_safetensors();
    let mut state = adam.state_dict();
    state.remove("lr");
    state.remove("hidden.bias.step");
    state.remove("output.bias.exp_avg_sq");
    state.insert("output.bias.momentum_buffer", Tensor::from([1.0]));
    state.insert("stray", Tensor::from([1.0]));
    let error = adam.load_state_dict(&state).expect_err("four problems");
    let expected = "the state does not fit, and nothing was loaded:\n  missing: lr\n  missing: hidden.bias.step\n  \
                    missing: output.bias.exp_avg_sq\n  unexpected: output.bias.momentum_buffer\n  unexpected: stray";
    assert_eq!(error.to_string(), expected);
    assert_eq!(adam.state_dict().to_safetensors(), before);
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    steps(&mut model, &mut adam, 0..1);
    let mut check = |key: &str, value: Tensor, text: &str| {
        let mut state = adam.state_dict();
        state.insert(key, value);
        assert_eq!(adam.load_state_dict(&state).expect_err("refused").to_string(), text);
    };
    let must = "it must be one F64, finite and at least 0; nothing was loaded";
    check("lr", Tensor::scalar(-1.0), &format!(r#"Adam: the state "lr" is -1 (F64), {must}"#));
    check("lr", Tensor::scalar(1.0f32), &format!(r#"Adam: the state "lr" is 1 (F32), {must}"#));
    check("lr", Tensor::from([1.0, 2.0]), &format!(r#"Adam: the state "lr" is F32 [2], {must}"#));
    let must = "it must be one whole number, at least 0; nothing was loaded";
    let key = "hidden.bias.step";
    check(key, Tensor::scalar(1.5), &format!(r#"Adam: the state "hidden.bias.step" is 1.5 (F64), {must}"#));
    check(key, Tensor::scalar(-3i64), &format!(r#"Adam: the state "hidden.bias.step" is -3 (I64), {must}"#));
}

#[test]
fn state_of_another_model_is_found_out_by_the_first_step() {
    let (mut model, mut adam) = (net(), Adam::new(0.1));
    steps(&mut model, &mut adam, 0..1);
    let mut state = adam.state_dict();
    state.insert("output.bias.exp_avg", Tensor::from([1.0, 2.0]));
    adam.load_state_dict(&state).expect("names and counts are right");
    let before = values(&model);
    let grads = half_square_grads(&model);
    let error = adam.step(&mut model, &grads).expect_err("two numbers for one");
    let text = r#"Adam: the state "output.bias.exp_avg" is F32 [2], the parameter needs F32 [1]"#;
    assert_eq!((error.to_string().as_str(), values(&model)), (text, before));
}
