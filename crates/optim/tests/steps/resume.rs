//! State dicts that do not fit an optimizer, which refuses them whole.
//!
//! Every optimizer's cases test that a resumed run goes on bit for bit.

use crate::model::{Net, half_square_grads, net, values};
use autograd_core::Tensor;
use wengert_optim::{Adam, NAdam, Optimizer};

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

#[test]
fn numbers_of_parameters_are_loaded_and_checked() {
    let (mut model, mut nadam) = (net(), NAdam::new(0.1));
    steps(&mut model, &mut nadam, 0..2);
    let mut state = nadam.state_dict();
    let product = state.get("output.bias.mu_product").map(|product| product.to_f64s());
    assert!(product.is_some_and(|product| product[0] > 0.2 && product[0] < 0.25));
    state.insert("output.bias.mu_product", Tensor::scalar(0.5f32));
    let text = r#"NAdam: the state "output.bias.mu_product" is 0.5 (F32), it must be one F64; nothing was loaded"#;
    assert_eq!(nadam.load_state_dict(&state).expect_err("F32").to_string(), text);
    state.remove("output.bias.mu_product");
    let text = "the state does not fit, and nothing was loaded:\n  missing: output.bias.mu_product";
    assert_eq!(nadam.load_state_dict(&state).expect_err("none").to_string(), text);
}
