//! The calls that a program fits.

use super::alone;
use super::model::{Down, Net, agrees, bits, floats, labels, numbers, param};
use autograd_core::module::{Item, ItemMut, Module, Param, Path};
use autograd_core::{Capture, DType, Description, Result, Tensor, detect_anomaly, no_grad};

type Params = Vec<Param>;

fn step(net: &Net, [x, y]: [&Tensor; 2]) -> Result<Vec<Tensor>> {
    let loss = net.forward(x)?.cross_entropy(y)?.mean()?;
    if !loss.is_tracked() {
        return Ok(vec![loss]);
    }
    let grads = loss.backward()?;
    Ok(std::iter::once(loss).chain(grads.iter().cloned()).collect())
}

#[test]
fn shapes_strides_modes_recording_and_what_is_frozen_have_programs_of_their_own() -> Result<()> {
    let mut capture = Capture::new(step);
    let mut net = Net::new(6);
    let (x, y, across) = (floats(&[5, 6], 1), labels(5, 3, 2), floats(&[6, 5], 3));
    for round in 0..3 {
        let mut expected = 0;
        let mut check = |net: &Net, x: &Tensor, y: &Tensor, new: usize| {
            expected += new;
            let records = agrees(&mut capture, step, net, [x, y]);
            assert_eq!(records, if round == 0 { expected } else { 5 }, "round {round}");
        };
        check(&net, &x, &y, 1);
        check(&net, &floats(&[5, 6], 7), &labels(5, 3, 8), 0);
        check(&net, &floats(&[7, 6], 4), &labels(7, 3, 5), 1);
        check(&net, &across.t()?, &y, 1);
        net.eval();
        check(&net, &x, &y, 1);
        net.train();
        no_grad(|| check(&net, &x, &y, 1));
        net.shift(round);
    }
    Ok(())
}

#[test]
fn frozen_and_thawed() -> Result<()> {
    let mut net = Net::new(6);
    let mut capture = Capture::new(step);
    let (x, y) = (floats(&[5, 6], 1), labels(5, 3, 2));
    for (round, frozen) in [false, true, false, true, true].into_iter().enumerate() {
        net.b.set_trainable(!frozen);
        agrees(&mut capture, step, &net, [&x, &y]);
        assert_eq!(capture.run(&net, [&x, &y])?.len(), if frozen { 3 } else { 4 }, "round {round}");
        net.shift(round as u64);
    }
    Ok(())
}

#[test]
fn dtypes() {
    let double = |_: &Params, [x]: [&Tensor; 1]| x.try_add(x);
    let mut capture = Capture::new(double);
    for round in 0..2 {
        for dtype in [DType::F32, DType::F64, DType::I64] {
            agrees(&mut capture, double, &vec![], [&numbers(&[4], dtype, round)]);
        }
    }
    assert_eq!(capture.stats().records, 3);
}

#[test]
fn the_place_in_a_larger_tensor_is_no_part_of_the_signature() -> Result<()> {
    let all = floats(&[20, 6], 5);
    let (net, mut capture) = (Net::new(6), Capture::new(step));
    for start in [3, 0, 15, 7] {
        agrees(&mut capture, step, &net, [&all.narrow(0, start, 5)?, &labels(5, 3, start as u64)]);
    }
    // A whole tensor of the same layout.
    assert_eq!(agrees(&mut capture, step, &net, [&floats(&[5, 6], 1), &labels(5, 3, 2)]), 1);
    Ok(())
}

#[test]
fn arguments_that_are_one_tensor_or_parts_of_one() -> Result<()> {
    let f = |_: &Params, [a, b]: [&Tensor; 2]| a.mul_scalar(10.0).try_add(b);
    let all = floats(&[6], 1);
    let part = |start: usize| all.narrow(0, start, 2);
    let orders: [[(usize, usize); 4]; 3] =
        [[(0, 0), (0, 2), (2, 0), (4, 4)], [(0, 2), (0, 0), (1, 2), (0, 4)], [(0, 1), (3, 3), (1, 0), (2, 4)]];
    for order in orders {
        let mut capture = Capture::new(f);
        for (a, b) in order {
            agrees(&mut capture, f, &vec![], [&part(a)?, &part(b)?]);
            agrees(&mut capture, f, &vec![], [&floats(&[2], 3), &floats(&[2], 4)]);
        }
        let same = floats(&[2], 7);
        agrees(&mut capture, f, &vec![], [&same, &same]);
    }
    // A square and what it is when transposed.
    let square = floats(&[3, 3], 2);
    let mut capture = Capture::new(f);
    agrees(&mut capture, f, &vec![], [&square, &square.t()?]);
    agrees(&mut capture, f, &vec![], [&floats(&[3, 3], 4), &floats(&[3, 3], 5).t()?]);
    Ok(())
}

#[test]
fn a_tracked_argument_is_known_by_its_identity() -> Result<()> {
    let f = |_: &Params, [x]: [&Tensor; 1]| Ok(autograd_core::grad(&x.powf(3.0).sum(), &[x])?.remove(0));
    let (a, b) = (floats(&[3], 1).requires_grad(), floats(&[3], 2).requires_grad());
    let mut capture = Capture::new(f);
    for x in [&a, &b, &a, &b] {
        agrees(&mut capture, f, &vec![], [x]);
    }
    assert_eq!(capture.stats().records, 2);
    Ok(())
}

#[test]
fn tied_parameters_follow_and_untied_ones_do_not() -> Result<()> {
    let f = |model: &Params, [x]: [&Tensor; 1]| {
        let y = x.try_mul(&model[0])?.tanh().try_mul(&model[1])?;
        Ok(y.sum().backward()?.iter().cloned().collect::<Vec<_>>())
    };
    let mut capture = Capture::new(f);
    let original = param(&[3], 1);
    let mut tied = vec![original.tie(), original];
    let mut apart = vec![param(&[3], 1), param(&[3], 1)];
    for k in 0..4 {
        for model in [&mut tied, &mut apart] {
            agrees(&mut capture, f, model, [&floats(&[3], k)]);
            model[0].set(floats(&[3], 10 + k))?;
            model[1].value_mut().update(&floats(&[3], k), [], Down)?;
        }
    }
    assert_eq!(capture.stats().records, 2);
    Ok(())
}

#[test]
fn programs_are_bounded_and_the_one_not_used_for_longest_goes() {
    let f = |_: &Params, [x]: [&Tensor; 1]| Ok(x.exp());
    let mut capture = Capture::new(f);
    let mut call = |n: usize| agrees(&mut capture, f, &vec![], [&floats(&[n], n as u64)]);
    for n in 1..=64 {
        assert_eq!(call(n), n);
    }
    // All are there; then 1 is the last used, and 64 goes for 65.
    assert_eq!((1..=64).rev().map(&mut call).last(), Some(64));
    assert_eq!(call(65), 65);
    assert_eq!(call(1), 65);
    assert_eq!(call(64), 66, "it was used before all others");
    assert_eq!(call(65), 66);
}

#[test]
fn the_hunt_for_a_nan_is_no_replay() -> Result<()> {
    let mut capture = Capture::new(|_: &Params, [x]: [&Tensor; 1]| Ok(x.log()));
    let x = Tensor::from([1.0, -1.0]);
    alone(|| {
        capture.run(&vec![], [&x])?;
        for _ in 0..2 {
            let found = detect_anomaly(|| capture.run(&vec![], [&x]).cloned()).map(|_| ()).expect_err("a NaN");
            assert_eq!(found.to_string(), "forward of log made NaN (first at element 1 of shape [2])");
        }
        assert_eq!(bits(capture.run(&vec![], [&x])?.clone()), bits(x.log()));
        Ok(())
    })
}

/// A layer without parameters.
#[derive(Debug)]
enum Act {
    Tanh,
    Exp,
}

impl Module for Act {
    fn describe(&self) -> Description {
        Description::of::<Self>().option("f", self)
    }
    fn visit<'m>(&'m self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, Item<'m>)) {}
    fn visit_mut<'m>(&'m mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {}
}

#[test]
fn models_that_only_their_description_tells_apart() -> Result<()> {
    let f = |model: &(Params, Act), [x]: [&Tensor; 1]| {
        let x = model.0.iter().try_fold(x.clone(), |x, w| x.try_mul(w))?;
        Ok(match model.1 {
            Act::Tanh => x.tanh(),
            Act::Exp => x.exp(),
        })
    };
    for params in [0, 1] {
        let frozen = |act: Act| {
            let mut model: Params = (0..params).map(|k| param(&[3], k)).collect();
            model.iter_mut().for_each(|param| param.set_trainable(false));
            (model, act)
        };
        let mut capture = Capture::new(f);
        for _ in 0..3 {
            agrees(&mut capture, f, &frozen(Act::Tanh), [&floats(&[3], 1)]);
            agrees(&mut capture, f, &frozen(Act::Exp), [&floats(&[3], 2)]);
        }
        assert_eq!(capture.stats().records, 2);
    }
    Ok(())
}
