//! State dicts that do not fit an optimizer, which refuses them whole, and those of state that was switched on or off.
//!
//! Every optimizer's cases test that a resumed run goes on bit for bit.

use crate::model::{Net, half_square_grads, net, values};
use autograd_core::module::Module;
use autograd_core::{DType, Result, Tensor};
use wengert_optim::{Adafactor, Adam, AdamW, Driver, Lars, NAdam, Optimizer, RmsProp, Rule, Sgd, SignSgd, Turn};

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
fn state_that_is_always_in_use_is_not_made_anew() {
    let (mut model, mut adam) = (net(), Adam::new(0.1).amsgrad(true));
    steps(&mut model, &mut adam, 0..1);
    for (name, always) in [("exp_avg", true), ("exp_avg_sq", true), ("max_exp_avg_sq", false)] {
        let (mut state, mut model) = (adam.state_dict(), model.clone());
        let key = format!("output.bias.{name}");
        state.insert(key.clone(), Tensor::zeros(&[0], DType::F32).expect("small"));
        let mut again = Adam::new(0.1).amsgrad(true);
        again.load_state_dict(&state).expect("names and counts are right");
        let (before, grads) = (values(&model), half_square_grads(&model));
        let error = again.step(&mut model, &grads).err().map(|error| error.to_string());
        let text = format!(r#"Adam: the state "{key}" is F32 [0], the parameter needs F32 [1]"#);
        assert_eq!((error, values(&model) == before), (always.then_some(text), always));
    }
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

/// A run whose options are changed while `hidden.weight` rests goes on from a file as it does without.
fn switched<O: Optimizer + Clone>(first: O, change: fn(O) -> O) {
    for (frozen, rests) in [(false, 0), (false, 2), (true, 0), (true, 2)] {
        let (mut model, mut optimizer) = (net(), first.clone());
        let grads = half_square_grads(&model);
        optimizer.step(&mut model, &grads).expect("valid");
        optimizer = change(optimizer);
        if frozen {
            assert_eq!(model.freeze("hidden.weight"), Ok(1));
        }
        for _ in 0..rests {
            let mut grads = half_square_grads(&model);
            grads.take(&model.hidden.weight);
            assert_eq!(optimizer.step(&mut model, &grads).expect("valid").updated, 3);
        }
        let mut again = change(first.clone());
        again.load_state_dict(&optimizer.state_dict()).expect("its own");
        if frozen {
            assert_eq!(model.unfreeze("hidden.weight"), Ok(1));
        }
        let mut other = model.clone();
        for (model, optimizer) in [(&mut model, &mut optimizer), (&mut other, &mut again)] {
            let grads = half_square_grads(model);
            assert_eq!(optimizer.step(model, &grads).expect("valid").updated, 4);
        }
        assert_eq!(values(&model), values(&other));
        assert_eq!(optimizer.state_dict().to_safetensors(), again.state_dict().to_safetensors());
    }
}

#[test]
fn state_that_is_switched_while_a_parameter_rests_can_be_loaded() {
    switched(Adam::new(0.1), |adam| adam.amsgrad(true));
    switched(AdamW::new(0.1).amsgrad(true), |adamw| adamw.amsgrad(false));
    switched(RmsProp::new(0.1), |rmsprop| rmsprop.centered(true));
    switched(RmsProp::new(0.1).centered(true).momentum(0.5), |rmsprop| rmsprop.centered(false).momentum(0.0));
    switched(Sgd::new(0.1).dampening(0.5), |sgd| sgd.momentum(0.5));
    switched(Sgd::new(0.1).momentum(0.5), |sgd| sgd.momentum(0.0));
    switched(Lars::new(0.1), |lars| lars.momentum(0.0));
    switched(SignSgd::new(0.1), |signum| signum.momentum(0.5));
    switched(Adafactor::new(0.1), |adafactor| adafactor.momentum(0.5));
    switched(Sgd::new(0.1).momentum(0.5), |sgd| sgd.group("hidden", |group| group.momentum(0.0)));
}

#[test]
fn state_that_has_not_begun_stands_in_the_file_and_what_is_lost_is_reported() {
    let (mut model, mut sgd) = (net(), Sgd::new(0.1));
    steps(&mut model, &mut sgd, 0..1);
    sgd.set("momentum", 0.5).expect("a name");
    let mut grads = half_square_grads(&model);
    grads.take(&model.hidden.weight);
    sgd.step(&mut model, &grads).expect("valid");
    let key = |name: &str| format!("{name}.momentum_buffer");
    let (state, mut again) = (sgd.state_dict(), Sgd::new(0.1).momentum(0.5));
    assert_eq!(state.get(&key("hidden.weight")).expect("a place").shape(), [0]);
    assert_eq!(state.get(&key("hidden.bias")).expect("a buffer").shape(), [2]);
    again.load_state_dict(&state).expect("its own");
    assert_eq!(again.state_dict().to_safetensors(), state.to_safetensors());
    for name in ["hidden.weight", "hidden.bias", "output.weight", "output.bias"] {
        let mut lost = state.clone();
        assert!(lost.remove(&key(name)).is_some());
        let text = format!("the state does not fit, and nothing was loaded:\n  missing: {}", key(name));
        assert_eq!(again.load_state_dict(&lost).expect_err("lost").to_string(), text);
    }
    // What is switched off has no place.
    sgd.set("momentum", 0.0).expect("a name");
    assert!(sgd.state_dict().get(&key("hidden.bias")).is_none());
    // Of other state its dtype is known.
    let (mut x, mut adam) = (crate::model::param(&[1.0, 2.0]), Adam::new(0.1));
    let grads = half_square_grads(&x);
    adam.step(&mut x, &grads).expect("valid");
    let state = adam.amsgrad(true).state_dict();
    let place = state.get(".max_exp_avg_sq").expect("a place");
    assert_eq!((place.shape(), place.dtype()), (&[0][..], DType::F64));
}

/// A rule whose state is empty for good, like that of the rows of a vector.
#[derive(Clone, Debug)]
struct Empty;

impl Rule for Empty {
    const NAME: &'static str = "Empty";
    const STATE: &'static [&'static str] = &["rows"];

    fn start(&self, _: usize, parameter: &Tensor, _: f64) -> Result<Tensor> {
        Tensor::zeros(&[0], parameter.dtype())
    }
    fn step(&self, turn: Turn<'_>) -> Result<()> {
        assert_eq!((turn.begins, turn.state[0].is_some()), (turn.t == 1, true));
        let (g, lr) = (turn.descent()?, turn.lr);
        turn.subtract(lr, &g)
    }
}

#[test]
fn state_that_is_empty_for_good_begins_once() {
    let (mut model, mut optimizer) = (net(), Driver::new(Empty, 0.1));
    for k in 0..4 {
        let grads = half_square_grads(&model);
        optimizer.step(&mut model, &grads).expect("valid");
        if k % 2 == 0 {
            let state = optimizer.state_dict();
            optimizer = Driver::new(Empty, 0.1);
            optimizer.load_state_dict(&state).expect("its own");
            assert_eq!(optimizer.state_dict().to_safetensors(), state.to_safetensors());
        }
    }
}

#[test]
fn a_step_that_is_refused_costs_no_state() {
    let (mut model, mut sgd) = (net(), Sgd::new(0.1).momentum(0.5));
    steps(&mut model, &mut sgd, 0..1);
    let before = sgd.state_dict().to_safetensors();
    // Without momentum there would be no buffers; the last gradient does not fit.
    sgd.set("momentum", 0.0).expect("a name");
    let mut grads = half_square_grads(&model);
    grads.insert(&model.output.bias, Tensor::zeros(&[1], DType::F64).expect("small")).expect("tracked");
    sgd.step(&mut model, &grads).expect_err("F64");
    sgd.set("momentum", 0.5).expect("a name");
    assert_eq!(sgd.state_dict().to_safetensors(), before);
}
