//! What a function takes from outside of its arguments and its model: the same at every run, or refused.

use super::model::{bits, floats, param};
use autograd_core::module::{Module, Param};
use autograd_core::{Capture, Result, Tensor};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Params = Vec<Param>;

const GONE: &str = "capture: a tensor of shape [2] that the function took from outside was dropped or replaced since; \
    pass it as an argument";

fn pair(a: f32, b: f32) -> Tensor {
    Tensor::from([a, b])
}

/// What calls return, or their errors.
fn texts<O: autograd_core::Outputs + Clone>(got: Result<&O>) -> String {
    got.map_or_else(|error| error.to_string(), |output| format!("{:?}", bits(output.clone())))
}

#[test]
fn a_constant_that_is_the_argument_of_the_first_call_stays_what_it_is() -> Result<()> {
    let (first, second) = (pair(1.0, 2.0), pair(5.0, 7.0));
    let mut away = Capture::new(|_: &Params, [x]: [&Tensor; 1]| x.try_sub(&first));
    for x in [&first, &second, &first, &second] {
        assert_eq!(bits(away.run(&vec![], [x])?.clone()), bits(x.try_sub(&first)?));
    }
    assert_eq!(away.stats().records, 1);
    Ok(())
}

#[test]
fn one_tensor_that_is_the_argument_and_outside_is_two() -> Result<()> {
    // One object, one owner, and younger than the capture.
    let anchor = std::cell::OnceCell::new();
    let mut away =
        Capture::new(|_: &Params, [x]: [&Tensor; 1]| x.try_sub(anchor.get().unwrap_or_else(|| unreachable!("set"))));
    let anchor = anchor.get_or_init(|| pair(1.0, 2.0));
    for x in [anchor, &pair(5.0, 7.0), anchor] {
        assert_eq!(bits(away.run(&vec![], [x])?.clone()), bits(x.try_sub(anchor)?));
    }
    assert_eq!((away.stats().records, away.stats().replays), (1, 2));
    Ok(())
}

#[test]
fn rows_of_a_set_meet_the_whole_set() -> Result<()> {
    let all = floats(&[6, 2], 3);
    let product = |x: &Tensor| x.matmul(&all.t()?);
    let mut capture = Capture::new(|_: &Params, [x]: [&Tensor; 1]| product(x));
    for start in [2, 0, 4, 1] {
        let rows = all.narrow(0, start, 2)?;
        assert_eq!(bits(capture.run(&vec![], [&rows])?.clone()), bits(product(&rows)?));
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn a_copy_of_the_first_parameters_stays_behind() -> Result<()> {
    // Both share memory with the model until it changes.
    for frozen in [true, false] {
        let mut model = vec![param(&[2], 1), param(&[2], 2)];
        model.push(model[0].tie());
        let mut reference = model.clone();
        reference.freeze("")?;
        let values: Vec<Tensor> = model.iter().map(|param| param.detach()).collect();
        let far = move |model: &Params, [x]: [&Tensor; 1]| {
            let zip = model.iter().zip(&reference).zip(&values);
            let parts = zip.map(|((p, r), v)| p.try_sub(if frozen { r } else { v })?.square().try_mul(x));
            Ok(parts.collect::<Result<Vec<_>>>()?.into_iter().sum::<Tensor>().sum())
        };
        let mut capture = Capture::new(&far);
        for step in 0..6 {
            let x = floats(&[2], step);
            let run = far(&model, [&x])?;
            assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(run), "step {step}");
            for param in model.iter_mut().take(2) {
                param.set(param.add_scalar(0.5).detach())?;
            }
        }
        assert!(capture.stats().records <= 2);
    }
    Ok(())
}

#[test]
fn a_constant_of_several_programs_is_missed_when_it_is_dropped() -> Result<()> {
    let held = Rc::new(RefCell::new(pair(1.0, 2.0)));
    let inside = Rc::clone(&held);
    let mut capture = Capture::new(move |_: &Params, [x]: [&Tensor; 1]| x.try_mul(&inside.borrow()));
    let (one, two) = (floats(&[2], 1), floats(&[3, 2], 2));
    for x in [&one, &two, &one, &two] {
        capture.run(&vec![], [x])?;
    }
    drop(held.replace(pair(3.0, 4.0)));
    for x in [&one, &two] {
        assert_eq!(texts(capture.run(&vec![], [x])), GONE);
    }
    Ok(())
}

#[test]
fn what_a_function_carries_from_call_to_call_is_refused() {
    // The first value is gone with the first run.
    let mut total = pair(0.0, 0.0);
    let mut capture = Capture::new(move |_: &Params, [x]: [&Tensor; 1]| {
        total += x;
        Ok(total.clone())
    });
    assert!(capture.run(&vec![], [&pair(1.0, 1.0)]).is_ok());
    assert_eq!(texts(capture.run(&vec![], [&pair(1.0, 1.0)])), GONE);
}

#[test]
fn memory_used_again_is_not_taken_for_what_was_there() {
    let text = "capture: add was given a tensor that another thread has computed, which is not recorded";
    // A value of the recording goes to another thread, which drops it and computes in its place.
    let mut capture = Capture::new(|_: &Params, [x]: [&Tensor; 1]| {
        let old = x.mul_scalar(2.0);
        let far = x.clone();
        let other = std::thread::spawn(move || {
            drop(old);
            far.mul_scalar(3.0)
        });
        x.try_add(&other.join().expect("no panic"))
    });
    for k in 1..4 {
        assert_eq!(texts(capture.run(&vec![], [&pair(k as f32, 1.0)])), text);
    }
    // It changes the value in place.
    let mut capture = Capture::new(|_: &Params, [x]: [&Tensor; 1]| {
        let mut old = x.mul_scalar(2.0);
        let other = std::thread::spawn(move || {
            old += 1.0;
            old
        });
        x.try_add(&other.join().expect("no panic"))
    });
    assert_eq!(texts(capture.run(&vec![], [&pair(1.0, 1.0)])), text);
}

#[test]
fn a_capture_inside_a_captured_function_is_a_part_of_it() -> Result<()> {
    for warm in [0, 1, 2] {
        let mut inner = Capture::new(|_: &Params, [x]: [&Tensor; 1]| Ok(x.exp()));
        for k in 0..warm {
            inner.run(&vec![], [&pair(k as f32, 0.5)])?;
        }
        let mut outer = Capture::new(move |_: &Params, [x]: [&Tensor; 1]| {
            // A value whose memory is free again.
            drop(x.mul_scalar(2.0));
            let first = inner.run(&vec![], [x])?.clone();
            let second = inner.run(&vec![], [&x.mul_scalar(3.0)])?;
            first.try_mul(second)
        });
        for k in 0..4 {
            let x = pair(k as f32 / 4.0, -0.5);
            assert_eq!(bits(outer.run(&vec![], [&x])?.clone()), bits(x.exp().try_mul(&x.mul_scalar(3.0).exp())?));
        }
        assert_eq!(outer.stats().records, 1);
    }
    Ok(())
}

#[test]
fn numbers_of_the_host_are_those_of_the_recording() -> Result<()> {
    // What no library can see: the example of the page on captures.
    let rate = Rc::new(Cell::new(1.0));
    let inside = Rc::clone(&rate);
    let mut capture = Capture::new(move |_: &Params, [x]: [&Tensor; 1]| Ok(x.mul_scalar(inside.get())));
    capture.run(&vec![], [&pair(1.0, 2.0)])?;
    rate.set(2.0);
    assert_eq!(capture.run(&vec![], [&pair(1.0, 2.0)])?.to_f64s(), [1.0, 2.0]);
    Ok(())
}

#[test]
fn a_model_that_the_function_has_from_outside_is_one_of_several() -> Result<()> {
    let mut teacher = vec![param(&[2], 1)];
    teacher.freeze("")?;
    let far = |model: &Params, [x]: [&Tensor; 1]| x.try_mul(&model[0].try_sub(&teacher[0])?);
    let mut capture = Capture::new(far);
    for seed in [1, 2, 3, 1] {
        let mut other = vec![param(&[2], seed)];
        other.freeze("")?;
        let model = if seed == 1 { &teacher } else { &other };
        let x = floats(&[2], 100 + seed);
        assert_eq!(bits(capture.run(model, [&x])?.clone()), bits(far(model, [&x])?));
    }
    Ok(())
}

#[test]
fn frozen_parameters_of_another_model_are_its_own() -> Result<()> {
    let mut capture = Capture::new(|model: &Params, [x]: [&Tensor; 1]| x.try_mul(&model[0]));
    for seed in 0..12 {
        let mut model = vec![param(&[2], seed)];
        model.freeze("")?;
        let x = floats(&[2], 100 + seed);
        assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(x.try_mul(&model[0])?));
    }
    assert_eq!(capture.stats().records, 1);
    Ok(())
}

#[test]
fn what_shares_memory_with_the_model_is_not_the_model() -> Result<()> {
    // Younger than the capture, all of them.
    for tied in [false, true] {
        let start = RefCell::new(None::<Tensor>);
        let moved = |w: &Params, [x]: [&Tensor; 1]| {
            let start = start.borrow();
            w[0].try_sub(start.as_ref().expect("set before"))?.try_mul(x)
        };
        let mut capture = Capture::new(moved);
        let mut model = vec![param(&[2], 1)];
        if tied {
            model.push(model[0].tie());
        }
        *start.borrow_mut() = Some(model[0].detach());
        for step in 0..5 {
            let x = floats(&[2], step);
            let run = moved(&model, [&x])?;
            assert_eq!(bits(capture.run(&model, [&x])?.clone()), bits(run), "step {step}, tied: {tied}");
            let next = model[0].add_scalar(0.5).detach();
            model[0].set(next)?;
        }
        assert!(capture.stats().records <= 2, "{}", capture.stats().records);
    }
    // And an argument that the function has as well.
    let known = RefCell::new(None::<Tensor>);
    let away = |_: &Params, [x]: [&Tensor; 1]| x.try_sub(known.borrow().as_ref().expect("set before"));
    let mut capture = Capture::new(away);
    let (first, second) = (floats(&[2], 7), floats(&[2], 8));
    *known.borrow_mut() = Some(first.clone());
    for x in [&first, &second, &first] {
        assert_eq!(bits(capture.run(&vec![], [x])?.clone()), bits(away(&vec![], [x])?));
    }
    Ok(())
}
