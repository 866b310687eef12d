//! State dicts that do not fit, and files that are not what they should be: clear reports, and nothing loaded.

use autograd_core::module::{Buffer, Module, Param, StateDict};
use autograd_core::{Capture, DType, ErrorKind, Tensor};

fn model() -> Vec<Param> {
    [Tensor::from([1.0, 2.0]), Tensor::from([3.0])].map(|x| Param::new(x).expect("floats")).to_vec()
}

#[test]
fn one_report_of_everything_and_nothing_loaded() {
    let mut model = model();
    let mut state = StateDict::new();
    state.insert("0", Tensor::from([9.0]));
    state.insert("2", Tensor::from([9.0]));
    let error = model.load_state_dict(&state).expect_err("refused");
    let report = "the state does not fit, and nothing was loaded:\n  0: F32 [1], expected F32 [2]\n  missing: 1\n  unexpected: 2";
    assert_eq!(error.to_string(), report);
    assert_eq!(model[0].to_vec::<f32>().expect("F32"), [1.0, 2.0]);

    let mut double = model.state_dict();
    double.insert("1", Tensor::from([3.0]).to_dtype(DType::F64));
    let error = model.load_state_dict(&double).expect_err("refused");
    assert!(error.to_string().ends_with("\n  1: F64 [1], expected F32 [1]"), "{error}");
}

#[test]
fn a_file_comes_back_bit_for_bit_and_in_order() {
    let folder = std::env::temp_dir().join(format!("wengert-state-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join("model.safetensors");
    let mut state = model().state_dict();
    state.insert("steps", Tensor::from([7]));
    state.insert("mask", Tensor::from([true, false]));
    state.insert("wide", Tensor::from([f64::NAN, 0.1]).to_dtype(DType::F64));
    state.save(&path).expect("written");
    let back = StateDict::load(&path).expect("read");
    assert_eq!(back.len(), state.len());
    for (name, value) in state.iter() {
        let bits = |t: &Tensor| t.to_f64s().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(back.get(name).expect("there")), bits(value), "{name}");
    }

    let whole = std::fs::read(&path).expect("there");
    for cut in [0, 4, 8, 20, whole.len() - 1] {
        let error = StateDict::from_safetensors(&whole[..cut], &path).expect_err("cut off");
        let text = error.to_string();
        assert!(text.contains("model.safetensors: not a safetensors file, or cut off: "), "{text}");
        assert_eq!(error.kind(), ErrorKind::Format);
    }
    assert!(StateDict::from_safetensors(b"PK\x03\x04 this is a zip archive", &path).is_err());

    // A folder that cannot be written gives an error with the path, and what was there stays.
    let nowhere = folder.join("missing").join("model.safetensors");
    let error = state.save(&nowhere).expect_err("no such folder");
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(std::fs::read(&path).expect("there"), whole);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_parameter_that_is_no_float_is_loaded_like_the_others() {
    let param = |value: f64| Param::new(Tensor::scalar(value)).expect("a float");
    let mut model = vec![param(1.0), param(2.0)];
    *model[1].value_mut() = Tensor::from([1, 2]);
    let state = model.state_dict();
    *model[0].value_mut() = Tensor::scalar(7.0);
    *model[1].value_mut() = Tensor::from([3, 4]);
    model.load_state_dict(&state).expect("its own");
    assert_eq!([model[0].to_f64s(), model[1].to_f64s()], [vec![1.0], vec![1.0, 2.0]]);
    assert!(model[0].is_trainable());
}

#[test]
fn a_tracked_value_in_the_place_of_a_buffer_has_a_gradient() {
    let model = (Param::new(Tensor::from(3.0)).expect("floats"), Buffer::new(Tensor::from(7.0)));
    let scale = Tensor::from(2.0).requires_grad();
    let values: StateDict = [("1".to_string(), &scale * 5.0)].into_iter().collect();
    let other = model.with_parameters(&values).expect("it fits");
    let y = &*other.0 * other.1.get();
    let gradients = autograd_core::grad(&y, &[&scale, &model.0]).expect("tracked");
    assert_eq!(gradients.iter().map(|g| g.to_f64s()[0]).collect::<Vec<_>>(), [15.0, 10.0]);
    assert_eq!(model.1.get().to_f64s(), [7.0]);
    // Once more, with another parameter.
    let third = other.with_parameters(&[("0".to_string(), Tensor::from(4.0))].into_iter().collect()).expect("it fits");
    let gradient = autograd_core::grad(&(&*third.0 * third.1.get()), &[&scale]).expect("tracked").remove(0);
    assert_eq!(gradient.to_f64s(), [20.0]);
    let mut captured = Capture::new(|model: &(Param, Buffer), [x]: [&Tensor; 1]| model.1.get().try_mul(x));
    let error = captured.run(&other, [&scale.detach()]).expect_err("a history").to_string();
    assert_eq!(error, "capture: a Buffer of the model has a history, from with_parameters; make it an argument");
    assert!(other.1.get().is_tracked());
    // What is set since, and a clone, are values without a history.
    assert!(!other.1.clone().get().is_tracked());
    other.1.set(other.1.get() * 2.0);
    assert!(!other.1.get().is_tracked());
}
