//! L-BFGS: the minima it finds, runs resumed bit for bit, and errors that change nothing.

use crate::model::{Net, assert_close, half_square_grads, net, param, values};
use autograd_core::module::{Module, Param, StateDict};
use autograd_core::{Error, ErrorKind, Gradients, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use wengert_optim::{Lbfgs, LineSearch, Optimizer, Result};

/// Σ (pᵢ⁴ + (i + 1) pᵢ²) / 4 with a coupling of neighbours inside each tensor, and its gradients.
fn loss(model: &mut Net) -> Result<(f64, Gradients)> {
    let mut sum = Tensor::scalar(0.0f32);
    for (k, param) in model.parameters().into_iter().enumerate() {
        let square = param.square();
        let term = square.square().sum().try_add(&square.mul_scalar((k * k + 1) as f64).sum())?;
        sum = sum.try_add(&term)?.try_add(&param.sum().square())?.try_add(&param.sum())?;
    }
    Ok((sum.item::<f32>()?.into(), sum.backward()?))
}

fn both() -> [Lbfgs; 2] {
    [Lbfgs::new(0.5).max_iter(4).history_size(3), Lbfgs::new(1.0).max_iter(3).line_search(LineSearch::StrongWolfe)]
}

#[test]
fn rosenbrocks_valley_is_crossed_in_a_few_steps() {
    let mut x = param(&[-1.0, 1.5]);
    let mut lbfgs = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe);
    for _ in 0..3 {
        let outcome = lbfgs.step_with(&mut x, |x| {
            let (a, b) = (x.narrow(0, 0, 1)?, x.narrow(0, 1, 1)?);
            let valley = b.try_sub(&a.square())?.square().mul_scalar(100.0);
            let f = a.add_scalar(-1.0).square().try_add(&valley)?.sum();
            Ok((f.item()?, f.backward()?))
        });
        outcome.expect("valid");
    }
    // It stops where the loss changes by less than 1e-9.
    assert_close(&x.to_f64s(), &[1.0, 1.0], 1e-5);
}

#[test]
fn a_resumed_run_continues_bit_for_bit() {
    for make in both() {
        let (mut model, mut lbfgs) = (net(), make.clone());
        let run = |model: &mut Net, lbfgs: &mut Lbfgs, steps: usize| {
            (0..steps).for_each(|_| drop(lbfgs.step_with(model, loss).expect("valid")));
        };
        run(&mut model, &mut lbfgs, 2);
        let bytes = lbfgs.state_dict().to_safetensors().expect("writable");
        let state = StateDict::from_safetensors(&bytes, std::path::Path::new("memory")).expect("just written");
        let mut again = model.clone();
        run(&mut model, &mut lbfgs, 2);
        let mut resumed = Lbfgs::new(9.0).max_iter(make_iterations(&make)).history_size(3);
        if make.hyperparameters()[0].1 == 1.0 {
            resumed = resumed.line_search(LineSearch::StrongWolfe).history_size(100);
        }
        resumed.load_state_dict(&state).expect("its own");
        run(&mut again, &mut resumed, 2);
        assert_eq!(values(&model), values(&again));
        assert_eq!(lbfgs.state_dict().to_safetensors(), resumed.state_dict().to_safetensors());
    }
}

fn make_iterations(make: &Lbfgs) -> usize {
    if make.lr() == 1.0 { 3 } else { 4 }
}

#[test]
fn the_highest_point_of_what_is_turned_over_is_reached_by_the_same_steps() {
    let upside_down = |model: &mut Net| -> Result<(f64, Gradients)> {
        let (value, grads) = loss(model)?;
        let mut turned = Gradients::default();
        for param in model.parameters() {
            if let Some(g) = grads.get(param) {
                turned.insert(param, g.neg())?;
            }
        }
        Ok((-value, turned))
    };
    for lbfgs in both() {
        let (mut down, mut up) = (net(), net());
        let (mut lowest, mut highest) = (lbfgs.clone(), lbfgs.maximize(true));
        for _ in 0..3 {
            let (below, _) = lowest.step_with(&mut down, loss).expect("valid");
            let (above, _) = highest.step_with(&mut up, upside_down).expect("valid");
            assert_eq!((below, values(&down)), (-above, values(&up)));
        }
    }
}

#[test]
fn a_failed_evaluation_changes_nothing() {
    for mut lbfgs in both() {
        let mut model = net();
        lbfgs.step_with(&mut model, loss).expect("valid");
        let before = (values(&model), lbfgs.state_dict().to_safetensors());
        let mut calls = 0;
        let outcome = lbfgs.step_with(&mut model, |model| {
            calls += 1;
            if calls == 3 { Err(Error::new(ErrorKind::User, "no more data")) } else { loss(model) }
        });
        assert_eq!(outcome.expect_err("the third fails").to_string(), "no more data");
        assert_eq!(before, (values(&model), lbfgs.state_dict().to_safetensors()));
        let mut calls = 0;
        let step = AssertUnwindSafe(|| {
            lbfgs.step_with(&mut model, |model| {
                calls += 1;
                if calls == 3 { resume_unwind(Box::new("no more paper")) } else { loss(model) }
            })
        });
        let panic = catch_unwind(step).expect_err("the third panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"no more paper"));
        assert_eq!(before, (values(&model), lbfgs.state_dict().to_safetensors()));
    }
}

#[test]
fn a_loss_that_is_no_number_ends_the_step_but_not_a_line_search() {
    // Too far for f64.
    let far = |x: &mut Param| {
        let loss = x.square().square().exp().sum();
        Ok((loss.item::<f64>()?, loss.backward()?))
    };
    let mut x = param(&[1.0]);
    let mut lbfgs = Lbfgs::new(100.0);
    let error = lbfgs.step_with(&mut x, far).expect_err("infinite");
    let text = "LBFGS: the loss is inf after iteration 1 of a step; a smaller lr or a line search may help";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFinite, text));
    assert_eq!((x.to_f64s(), lbfgs.state_dict().len()), (vec![1.0], 1));
    let (before, _) = Lbfgs::new(100.0).line_search(LineSearch::StrongWolfe).step_with(&mut x, far).expect("shorter");
    assert!(x.to_f64s()[0].abs() < 0.5 && before > 2.0, "{:?}", x.to_f64s());
}

#[test]
fn no_bit_depends_on_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let start: Vec<f32> = (0..150_001).map(|i| (i % 1001) as f32 / 500.0 - 1.0).collect();
            let mut x = autograd_core::module::Param::new(Tensor::from_slice(&start, &[start.len()]).expect("small"))
                .expect("floats");
            let mut lbfgs = Lbfgs::new(1.0).max_iter(5).line_search(LineSearch::StrongWolfe);
            let outcome = lbfgs.step_with(&mut x, |x| {
                let f = x.square().square().sum().try_add(&x.exp().sum())?;
                Ok((f.item::<f32>()?.into(), f.backward()?))
            });
            outcome.expect("valid");
            x.to_vec::<f32>().expect("F32")
        })
    };
    assert!(run(1) == run(2));
}

#[test]
fn what_it_cannot_do_is_said() {
    let text = |error: Error| error.to_string();
    let (mut model, mut lbfgs) = (net(), Lbfgs::new(0.5));
    let grads = half_square_grads(&model);
    let error = lbfgs.step(&mut model, &grads).expect_err("one evaluation");
    assert_eq!(text(error), "LBFGS: one step evaluates the loss several times: call step_with instead of step");
    lbfgs.step_with(&mut model, loss).expect("valid");
    assert_eq!(model.freeze("hidden.bias").expect("there"), 1);
    let error = lbfgs.step_with(&mut model, loss).expect_err("one less");
    assert_eq!(text(error), r#"LBFGS: there is state for "hidden.bias", but the model trains no such parameter"#);
    let error = Lbfgs::new(-1.0).step_with(&mut model, loss).expect_err("out of range");
    assert_eq!(text(error), "LBFGS: lr is -1.0, it must be finite and at least 0");
    let mut state = lbfgs.state_dict();
    state.remove("hidden.bias.d");
    state.remove("H_diag");
    state.insert("stray", Tensor::scalar(1.0));
    let before = lbfgs.state_dict().to_safetensors();
    let error = lbfgs.load_state_dict(&state).expect_err("three problems");
    assert!(text(error).starts_with("the state does not fit, and nothing was loaded:\n  missing: H_diag\n"));
    assert_eq!(lbfgs.state_dict().to_safetensors(), before);
}

#[test]
fn a_parameter_without_a_gradient_is_reported_and_rests() {
    let (mut model, mut lbfgs) = (net(), Lbfgs::new(0.5));
    let before = model.hidden.bias.to_f64s();
    let outcome = lbfgs.step_with(&mut model, |model| {
        let (value, mut grads) = loss(model)?;
        grads.take(&model.hidden.bias);
        Ok((value, grads))
    });
    let (_, report) = outcome.expect("valid");
    assert_eq!((report.updated, report.missing), (3, vec!["hidden.bias".to_string()]));
    assert_eq!(model.hidden.bias.to_f64s(), before);
}

#[test]
fn what_is_no_number_before_the_first_iteration_changes_nothing() {
    // A root at 0 has a value there, and no slope.
    let root = |x: &mut Param| {
        let loss = x.sqrt().sum();
        Ok((loss.item::<f64>()?, loss.backward()?))
    };
    let logarithm = |x: &mut Param| {
        let loss = x.neg().log().sum();
        Ok((loss.item::<f64>()?, loss.backward()?))
    };
    for search in [LineSearch::Off, LineSearch::StrongWolfe] {
        for most in [1, 20] {
            let make = || Lbfgs::new(1.0).max_iter(most).line_search(search);
            let mut x = param(&[0.0, 4.0]);
            let error = make().step_with(&mut x, root).expect_err("no slope");
            let text = "LBFGS: a gradient has elements that are not finite where the step begins";
            assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFinite, text));
            let error = make().step_with(&mut x, logarithm).expect_err("no logarithm");
            assert_eq!(error.to_string(), "LBFGS: the loss is NaN where the step begins");
            assert_eq!(x.to_f64s(), [0.0, 4.0]);
        }
    }
}
