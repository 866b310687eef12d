//! Numbers and settings at the ends of what there is.

use crate::model::param;
use autograd_core::module::{Module, Param};
use autograd_core::{DType, Gradients, Tensor};
use wengert_optim::{
    Cocob, DAdaptAdamW, Lamb, Lbfgs, LineSearch, Mechanic, Muon, NovoGrad, Optimizer, Parts, Prodigy, Sam, Sgd, SophiaG,
};

fn gradients<'a>(of: impl IntoIterator<Item = (&'a Param, Vec<f64>)>) -> Gradients {
    let mut grads = Gradients::default();
    for (param, g) in of {
        let g = Tensor::from_vec(g, param.shape()).expect("as many").to_dtype(param.dtype());
        grads.insert(param, g).expect("tracked");
    }
    grads
}

#[test]
fn a_gradient_that_is_not_a_number_leaves_the_other_parameters_numbers() {
    let all: [fn() -> Box<dyn Optimizer>; 3] =
        [|| Box::new(DAdaptAdamW::new(1.0)), || Box::new(Prodigy::new(1.0)), || Box::new(Cocob::new(1.0))];
    for make in all {
        let (mut optimizer, mut model) = (make(), vec![param(&[1.0, 2.0]), param(&[3.0])]);
        for g in [1.0, f64::NAN, 1.0, 1.0] {
            let grads = gradients([(&model[0], vec![1.0, 1.0]), (&model[1], vec![g])]);
            optimizer.step(&mut model, &grads).expect("a step");
        }
        assert!(model[0].to_f64s().iter().all(|p| p.is_finite()), "{:?}: {:?}", optimizer.describe(&[]), model[0]);
    }
}

#[test]
fn directions_without_a_length_are_no_steps() {
    let mut model = Param::new(Tensor::from([[1.0f64, 2.0], [3.0, 4.0]])).expect("floats");
    let grads = gradients([(&model, vec![0.0; 4])]);
    Muon::new(0.1).eps(0.0).weight_decay(0.0).step(&mut model, &grads).expect("a step");
    assert_eq!(model.to_f64s(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_ratio_beyond_the_dtype_is_of_a_step_within_it() {
    let all: [(Box<dyn Optimizer>, f64); 2] =
        [(Box::new(Lamb::new(0.1)), 900.0), (Box::new(NovoGrad::new(0.1).eps(0.0)), 999.9)];
    for (mut optimizer, expected) in all {
        let mut model = Param::new(Tensor::from([1000.0])).expect("floats");
        assert_eq!(model.dtype(), DType::F32);
        let grads = gradients([(&model, vec![1e-43])]);
        optimizer.step(&mut model, &grads).expect("a step");
        assert!((model.to_f64s()[0] - expected).abs() < 1e-3, "{expected}: {model}");
    }
}

#[test]
fn a_line_search_turns_back_where_there_is_no_loss() {
    // x − √x has its minimum at ¼, and none below 0, where the first trial is.
    let mut x = Param::new(Tensor::scalar(4.0f64)).expect("floats");
    let mut lbfgs = Lbfgs::new(10.0).line_search(LineSearch::StrongWolfe);
    for _ in 0..3 {
        let outcome = lbfgs.step_with(&mut x, |x| {
            let loss = x.try_sub(&x.sqrt())?;
            Ok((loss.item()?, loss.backward()?))
        });
        outcome.expect("a step");
    }
    assert!((x.to_f64s()[0] - 0.25).abs() < 1e-4, "{x}");
}

#[test]
fn rates_of_parts_that_were_all_0_are_one_rate() {
    let mut parts = Parts::new().part("a", |name| name == "0", Sgd::new(0.0)).rest(Sgd::new(0.0));
    parts.set_lr(0.5);
    assert_eq!((parts.get("a.lr").expect("there"), parts.get("rest.lr").expect("there")), (0.5, 0.5));
    let mut model = vec![param(&[1.0]), param(&[1.0])];
    let grads = gradients([(&model[0], vec![1.0]), (&model[1], vec![1.0])]);
    parts.step(&mut model, &grads).expect("a step");
    assert_eq!(model.iter().flat_map(|p| p.to_f64s()).collect::<Vec<_>>(), [0.5, 0.5]);
}

#[test]
fn an_estimate_that_one_part_refuses_changes_no_part() {
    let mut parts = Parts::new().part("a", |name| name == "0", SophiaG::new(0.1)).rest(SophiaG::new(0.1));
    let mut model = vec![param(&[1.0]), param(&[1.0])];
    let one = gradients([(&model[0], vec![1.0])]);
    parts.step(&mut model, &one).expect("a step of one part");
    let before = parts.state_dict();
    let both = gradients([(&model[0], vec![1.0]), (&model[1], vec![1.0])]);
    let error = parts.update_hessian(&mut model, &both, 4).expect_err("no step yet").to_string();
    assert!(
        error.starts_with("Parts: rest: ") && error.ends_with("the parameter \"1\" has taken no step yet"),
        "{error}"
    );
    let same = |(a, b): ((&str, &Tensor), (&str, &Tensor))| a.0 == b.0 && a.1.to_f64s() == b.1.to_f64s();
    assert!(before.iter().zip(parts.state_dict().iter()).all(same));
    // Of another model's gradients, too.
    let other = [param(&[1.0])];
    assert!(parts.update_hessian(&mut model, &gradients([(&other[0], vec![1.0])]), 4).is_err());
    assert_eq!(model.named_parameters().len(), 2);
}

#[test]
fn settings_that_no_step_could_follow_are_refused_before_one() {
    let text = |optimizer: &dyn Optimizer| optimizer.check().expect_err("refused").to_string();
    let several = "Sam: the optimizer inside evaluates the loss in its steps, too, and not at that point";
    assert_eq!(text(&Sam::new(Lbfgs::new(1.0), 0.05)), several);
    assert_eq!(text(&Sam::new(Sam::new(Sgd::new(1.0), 0.05), 0.05)), several);
    assert_eq!(
        text(&Parts::new().rest(Lbfgs::new(1.0))),
        "Parts: the optimizer of \"rest\" evaluates the loss several times in a step, in which the other parts stand still"
    );

    let mut x = param(&[1.0]);
    let mut mechanic = Mechanic::new(Sgd::new(1.0));
    let grads = gradients([(&x, vec![1.0])]);
    mechanic.step(&mut x, &grads).expect("a step");
    let mut more = mechanic.num_betas(8);
    let before = x.to_f64s();
    let error = more.step(&mut x, &grads).expect_err("refused").to_string();
    assert_eq!(error, "Mechanic: num_betas is 8, and it has made steps with 6");
    assert_eq!(x.to_f64s(), before);
    more.num_betas(6).step(&mut x, &grads).expect("as before");
}

#[test]
fn a_point_without_a_slope_is_none_to_stay_at() {
    // √(x²) has the slope 0/0 at 0, where the first trial is.
    let mut x = Param::new(Tensor::scalar(1.0f64)).expect("floats");
    let outcome = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe).step_with(&mut x, |x| {
        let loss = x.square().sqrt();
        Ok((loss.item()?, loss.backward()?))
    });
    assert!(outcome.is_ok() && x.to_f64s()[0].is_finite(), "{x}");
}

#[test]
fn an_estimate_for_other_parts_alone_is_none() {
    let mut parts = Parts::new().part("a", |name| name == "0", SophiaG::new(0.1)).rest(Sgd::new(0.1));
    let mut model = vec![param(&[1.0]), param(&[1.0])];
    let grads = gradients([(&model[1], vec![1.0])]);
    parts.step(&mut model, &grads).expect("a step");
    parts.update_hessian(&mut model, &grads, 4).expect("nothing to do");
}
