//! Changes of gradients against formulas in plain words, and their refusals.

use autograd_core::module::{Module, Param};
use autograd_core::{DType, Gradients, Tensor};
use wengert_optim::{
    AdaptiveClip, Centralize, ClipBlockRms, ClipEachNorm, ClipNorm, ClipValue, GradientRule, Guard, Optimizer, Sgd,
    Transformed, ZeroNotFinite,
};

const SHAPES: [&[usize]; 5] = [&[3, 4], &[4], &[], &[2, 3, 2], &[0, 2]];

fn numbers(shape: &[usize], k: usize) -> Vec<f64> {
    (0..shape.iter().product()).map(|i| ((i * 7 + k * 5) % 11) as f64 / 4.0 - 1.25).collect()
}

fn model(dtype: DType) -> Vec<Param> {
    let param = |(k, shape): (usize, &&[usize])| {
        Param::new(Tensor::from_slice(&numbers(shape, k), shape).expect("small").to_dtype(dtype)).expect("floats")
    };
    SHAPES.iter().enumerate().map(param).collect()
}

fn grads(model: &[Param]) -> Gradients {
    let mut grads = Gradients::default();
    for (k, param) in model.iter().enumerate() {
        let g = Tensor::from_slice(&numbers(param.shape(), k + 3), param.shape()).expect("small");
        grads.insert(param, g.to_dtype(param.dtype())).expect("a parameter");
    }
    grads
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The indices of the elements whose positions agree in one dim.
fn units(shape: &[usize], dim: usize) -> Vec<Vec<usize>> {
    let inner: usize = shape[dim + 1..].iter().product();
    let all = 0..shape.iter().product::<usize>();
    (0..shape[dim]).map(|unit| all.clone().filter(|i| i / inner % shape[dim] == unit).collect()).collect()
}

fn adaptive(shape: &[usize], p: &[f64], g: &[f64], last: bool) -> Vec<f64> {
    let whole = || vec![(0..g.len()).collect::<Vec<usize>>()];
    let units = match shape.len() {
        0 | 1 => whole(),
        // Columns of what lies behind the first dim.
        2 | 3 if last => units(&[shape[0], shape[1..].iter().product()], 1),
        rank => units(shape, if last { rank - 1 } else { 0 }),
    };
    let mut out = g.to_vec();
    for unit in units {
        let of = |x: &[f64]| norm(&unit.iter().map(|i| x[*i]).collect::<Vec<_>>());
        let limit = 0.5 * of(p).max(0.25);
        if of(g) >= limit {
            unit.iter().for_each(|i| out[*i] = g[*i] * limit / of(g).max(1e-6));
        }
    }
    out
}

type Formula = fn(&[usize], &[f64], &[f64]) -> Vec<f64>;

#[test]
fn rules_are_their_formulas() {
    let rows: [(&dyn GradientRule, Formula); 7] = [
        (&ClipValue::new(0.75), |_, _, g| g.iter().map(|g| g.clamp(-0.75, 0.75)).collect()),
        (&ClipEachNorm::new(1.5), |_, _, g| g.iter().map(|x| x * 1.5 / norm(g).max(1.5)).collect()),
        (&ClipBlockRms::new(0.5), |_, _, g| {
            let rms = norm(g) / (g.len() as f64).sqrt();
            g.iter().map(|x| x / (rms / 0.5).max(1.0)).collect()
        }),
        (&AdaptiveClip::new(0.5).eps(0.25), |shape, p, g| adaptive(shape, p, g, false)),
        (&AdaptiveClip::optax(0.5).eps(0.25), |shape, p, g| adaptive(shape, p, g, true)),
        (&Centralize, |shape, _, g| {
            let mut out = g.to_vec();
            if shape.len() > 1 {
                for unit in units(shape, 0) {
                    let mean = unit.iter().map(|i| g[*i]).sum::<f64>() / unit.len() as f64;
                    unit.iter().for_each(|i| out[*i] -= mean);
                }
            }
            out
        }),
        (&ZeroNotFinite, |_, _, g| g.to_vec()),
    ];
    for (rule, formula) in rows {
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
            let model = model(dtype);
            let mut changed = grads(&model);
            rule.apply(&model, &mut changed).expect("fits");
            for (k, param) in model.iter().enumerate() {
                let g = numbers(param.shape(), k + 3);
                let expected = formula(param.shape(), &param.to_f64s(), &g);
                let got = changed.get(param).expect("kept");
                assert!(got.is_like(param));
                for (got, expected) in got.to_f64s().iter().zip(&expected) {
                    let text = rule.describe();
                    assert!((got - expected).abs() <= tolerance, "{text}, parameter {k}: {got} instead of {expected}");
                }
            }
        }
    }
}

#[test]
fn gradients_of_zero_stay_and_strange_ones_are_seen() {
    let rules: [&dyn GradientRule; 7] = [
        &ClipValue::new(0.0),
        &ClipNorm::new(0.0).eps(0.0),
        &ClipEachNorm::new(0.0),
        &ClipBlockRms::new(0.5),
        &AdaptiveClip::new(0.5),
        &AdaptiveClip::optax(0.5),
        &Centralize,
    ];
    let model = model(DType::F32);
    for rule in rules {
        let mut zeros = grads(&model);
        zeros.scale(0.0);
        rule.apply(&model, &mut zeros).expect("fits");
        assert!(zeros.iter().all(|g| g.to_f64s().iter().all(|g| *g == 0.0)), "{}", rule.describe());
        let mut spoilt = grads(&model);
        spoilt.insert(&model[1], Tensor::from([f32::NAN, 1.0, 1.0, 1.0])).expect("a parameter");
        rule.apply(&model, &mut spoilt).expect("fits");
        assert!(spoilt.get(&model[1]).expect("kept").to_f64s()[0].is_nan(), "{}", rule.describe());
        ZeroNotFinite.apply(&model, &mut spoilt).expect("fits");
        assert!(spoilt.iter().all(|g| g.to_f64s().iter().all(|g| g.is_finite())));
    }
}

#[test]
fn options_out_of_range_change_nothing() {
    let rules: [(&dyn GradientRule, &str); 8] = [
        (&ClipValue::new(-1.0), "clip_grad_value: clip_value is -1.0, it must be at least 0"),
        (&ClipNorm::new(f64::NAN), "clip_grad_norm: max_norm is NaN, it must be at least 0"),
        (&ClipNorm::new(1.0).eps(-1.0), "clip_grad_norm: eps is -1.0, it must be finite and at least 0"),
        (&ClipNorm::new(1.0).norm_type(0.0), "clip_grad_norm: norm_type is 0.0, it must be positive, or infinity"),
        (&ClipEachNorm::new(-1.0), "ClipEachNorm: max_norm is -1.0, it must be at least 0"),
        (&ClipBlockRms::new(0.0), "ClipBlockRms: threshold is 0.0, it must be positive"),
        (&AdaptiveClip::new(0.0), "AdaptiveClip: clipping is 0.0, it must be positive"),
        (&AdaptiveClip::new(0.1).eps(0.0), "AdaptiveClip: eps is 0.0, it must be finite and positive"),
    ];
    for (rule, text) in rules {
        let model = model(DType::F64);
        let (mut changed, before) = (grads(&model), grads(&model));
        assert_eq!(rule.check().map_err(|e| e.to_string()), Err(text.to_string()));
        assert_eq!(rule.apply(&model, &mut changed).map_err(|e| e.to_string()), Err(text.to_string()));
        assert!(changed.iter().zip(before.iter()).all(|(a, b)| a.to_f64s() == b.to_f64s()));
    }
}

#[test]
fn a_guard_refuses_skips_or_zeroes() {
    let guards: [fn(Sgd) -> Guard<Sgd>; 3] = [Guard::refuse, Guard::skip, Guard::zero];
    for (k, guard) in guards.into_iter().enumerate() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (mut model, mut optimizer) = (model(DType::F32), guard(Sgd::new(0.5).momentum(0.5)));
            let (mut plain, mut sgd) = (model.clone(), Sgd::new(0.5).momentum(0.5));
            let mut spoilt = grads(&model);
            spoilt.insert(&model[1], Tensor::from([1.0, bad, 1.0, 1.0])).expect("a parameter");
            let outcome = optimizer.step(&mut model, &spoilt).map_err(|e| e.to_string());
            match k {
                0 => assert_eq!(
                    outcome,
                    Err("Guard: the gradient of \"1\" has elements that are not finite".to_string())
                ),
                1 => assert_eq!(outcome.expect("left out").not_finite, ["1"]),
                _ => {
                    assert_eq!(outcome.expect("a step").not_finite, [""; 0]);
                    let mut zeroed = grads(&plain);
                    zeroed.insert(&plain[1], Tensor::from([1.0f32, 0.0, 1.0, 1.0])).expect("a parameter");
                    sgd.step(&mut plain, &zeroed).expect("a step");
                }
            }
            assert_eq!(optimizer.skipped(), u64::from(k == 1));
            let mut again = guard(Sgd::new(0.5).momentum(0.5));
            again.load_state_dict(&optimizer.state_dict()).expect("its own");
            assert_eq!(again.skipped(), optimizer.skipped());
            let (right, of_plain) = (grads(&model), grads(&plain));
            again.step(&mut model, &right).and(sgd.step(&mut plain, &of_plain)).expect("steps");
            let of = |model: &Vec<Param>| model.parameters().iter().flat_map(|p| p.to_f64s()).collect::<Vec<_>>();
            assert_eq!(of(&model), of(&plain));
        }
    }
}

#[test]
fn a_transformed_optimizer_leaves_the_gradients_that_are_given() {
    let mut model = model(DType::F64);
    let given = grads(&model);
    Transformed::new(Sgd::new(1.0), ClipValue::new(0.0)).step(&mut model, &given).expect("a step");
    assert_eq!(given.get(&model[0]).expect("kept").to_f64s(), numbers(&[3, 4], 3));
    assert_eq!(model[0].to_f64s(), numbers(&[3, 4], 0));
}

#[test]
fn large_gradients_are_limited_and_not_0() {
    let x = Param::new(Tensor::from([[0.0, 2.0], [1.0, 0.0]])).expect("floats");
    let mut grads = x.mul_scalar(3e30).sum().backward().expect("a graph");
    AdaptiveClip::new(0.5).apply(&x, &mut grads).expect("fits");
    let clipped = grads.get(&x).expect("kept").to_f64s();
    for (got, norm) in clipped.chunks(2).zip([1.0, 0.5]) {
        assert!((got[0].hypot(got[1]) - norm).abs() < 1e-6, "{got:?}");
    }
}
