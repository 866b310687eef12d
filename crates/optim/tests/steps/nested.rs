//! Optimizers around optimizers: what one keeps does not get lost in another, and no NaN gets past a guard.

use crate::model::{Net, half_square_grads, net, param, values};
use autograd_core::module::{Module, Param, StateDict, StateMismatch, StateProblem};
use autograd_core::{Error, Gradients, Result, Tensor};
use wengert_optim::{
    Adam, AdamW, Asgd, Centralize, Ema, Guard, Lbfgs, LineSearch, Lookahead, Mechanic, Momo, NAdam, Objective,
    Optimizer, Parts, PolyakSgd, Prodigy, Rprop, Sam, ScheduleFreeAdamW, ScheduleFreeSgd, Sgd, SophiaG, StepReport,
    Swa, Transformed,
};

type Make = fn() -> Box<dyn Optimizer>;

fn bias(name: &str) -> bool {
    name.ends_with("bias")
}

fn hidden(name: &str) -> bool {
    name == "hidden.bias"
}

fn output(name: &str) -> bool {
    name == "output.bias"
}

const NESTED: [Make; 16] = [
    || Box::new(Ema::new(Lookahead::new(Sam::new(Adam::new(0.1), 0.3)).sync_period(2), 0.75)),
    || Box::new(Guard::skip(Ema::new(Sgd::new(0.1).momentum(0.5), 0.75).overwrite_every(3))),
    || Box::new(Swa::new(Guard::zero(Adam::new(0.1))).start(2).every(2)),
    || Box::new(Ema::new(Ema::new(Sgd::new(0.1), 0.5).overwrite_every(2), 0.75)),
    || Box::new(Ema::new(ScheduleFreeAdamW::new(0.1), 0.5)),
    || Box::new(Lookahead::new(ScheduleFreeSgd::new(0.1)).sync_period(2)),
    || Box::new(Parts::new().part("bias", bias, Ema::new(Adam::new(0.1), 0.5)).rest(ScheduleFreeSgd::new(0.2))),
    || {
        let biases = Parts::new().part("hidden", hidden, Rprop::new(0.1)).part("output", output, Asgd::new(0.2));
        Box::new(
            Parts::new().part("bias", bias, Ema::new(biases, 0.5)).rest(Lookahead::new(NAdam::new(0.2)).sync_period(2)),
        )
    },
    || Box::new(Ema::new(Parts::new().part("bias", bias, AdamW::new(0.1)).rest(Prodigy::new(1.0)), 0.5)),
    || Box::new(Ema::new(Lbfgs::new(0.1).max_iter(3), 0.5)),
    || Box::new(Ema::new(Guard::skip(Momo::new(1.0).adapt_lower_bound(true)), 0.5)),
    || Box::new(Lookahead::new(PolyakSgd::new(1.0)).sync_period(2)),
    || Box::new(Ema::new(Mechanic::new(Guard::skip(Adam::new(1.0))).s_init(0.01), 0.5)),
    || Box::new(Mechanic::new(Momo::new(1.0)).s_init(0.01)),
    || Box::new(Parts::new().part("bias", bias, Ema::new(PolyakSgd::new(1.0), 0.5)).rest(Momo::new(0.5))),
    || Box::new(Ema::new(Sam::new(Guard::skip(PolyakSgd::new(1.0)), 0.3), 0.5)),
];

/// Half the squares of the weights, whose gradients are no numbers in one of the evaluations.
struct Squares<'m> {
    model: &'m mut Net,
    evaluation: usize,
    spoilt: Option<usize>,
}

impl Objective for Squares<'_> {
    fn model(&mut self) -> &mut dyn Module {
        self.model
    }
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        let mut grads = half_square_grads(self.model);
        let loss = values(self.model).iter().map(|x| x * x / 2.0).sum();
        if self.spoilt == Some(self.evaluation) {
            grads.scale(f64::NAN);
        }
        self.evaluation += 1;
        Ok((loss, grads))
    }
}

fn step(optimizer: &mut dyn Optimizer, model: &mut Net, spoilt: Option<usize>) -> Result<StepReport> {
    optimizer.step_on(&mut Squares { model, evaluation: 0, spoilt }).map(|(_, report)| report)
}

fn file(optimizer: &dyn Optimizer) -> Vec<u8> {
    optimizer.state_dict().to_safetensors().expect("a file")
}

#[test]
fn a_run_goes_on_from_any_step_and_from_weights_to_evaluate_at() {
    for (row, make) in NESTED.into_iter().enumerate() {
        for (saved_after, evaluates) in (0..6).flat_map(|k| [(k, false), (k, true)]) {
            let (mut model, mut optimizer) = (net(), make());
            for k in 0..saved_after {
                step(&mut *optimizer, &mut model, None).expect("a step");
                optimizer.set_lr(0.1 / f64::from(k + 1));
            }
            let trained = values(&model);
            if evaluates {
                optimizer.eval(&mut model).expect("its model");
            }
            let (mut other, mut again, saved) = (model.clone(), make(), file(&*optimizer));
            // Into one that went another way before.
            step(&mut *again, &mut net(), None).expect("a step");
            let state = StateDict::from_safetensors(&saved, std::path::Path::new("memory")).expect("a file");
            again.load_state_dict(&state).expect("its own");
            assert_eq!(file(&*again), saved);
            for (model, optimizer) in [(&mut model, &mut optimizer), (&mut other, &mut again)] {
                optimizer.train(model).expect("its model");
                assert_eq!(values(model), trained, "row {row}, after step {saved_after}");
                (0..5).for_each(|_| drop(step(&mut **optimizer, model, None).expect("a step")));
                optimizer.eval(model).expect("its model");
            }
            assert_eq!(values(&model), values(&other), "row {row}, after step {saved_after}");
            assert_eq!(file(&*optimizer), file(&*again));
        }
    }
}

#[test]
fn no_bit_depends_on_threads() {
    let mut all: Vec<Make> = NESTED.to_vec();
    all.push(|| Box::new(Guard::refuse(Transformed::new(Sam::new(Sgd::new(0.1), 0.3).adaptive(true), Centralize))));
    for (row, make) in all.into_iter().enumerate() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (mut model, mut optimizer) = (net(), make());
                // Large enough that threads are woken.
                let start: Vec<f32> = (0..150_001).map(|i| (i % 1001) as f32 / 500.0 - 1.0).collect();
                let wide = Tensor::from_vec(start, &[150_001]).expect("small");
                model.hidden.bias = Param::new(wide).expect("floats");
                for _ in 0..3 {
                    step(&mut *optimizer, &mut model, None).expect("a step");
                }
                optimizer.eval(&mut model).expect("its model");
                values(&model).into_iter().map(f64::to_bits).collect::<Vec<_>>()
            })
        };
        assert!(run(1) == run(3), "row {row}");
    }
}

type Guarded = fn() -> [Box<dyn Optimizer>; 3];

#[test]
fn no_evaluation_of_a_step_gets_past_a_guard() {
    let lbfgs = |line_search| Lbfgs::new(0.1).max_iter(3).line_search(line_search);
    let [off, wolfe] = [LineSearch::Off, LineSearch::StrongWolfe].map(lbfgs);
    let guards: [Guarded; 4] = [
        || {
            let sam = || Sam::new(Adam::new(0.1), 0.3);
            [Box::new(Guard::refuse(sam())), Box::new(Guard::skip(sam())), Box::new(Guard::zero(sam()))]
        },
        || {
            let sam = || Lookahead::new(Sam::new(Adam::new(0.1), 0.3)).sync_period(2);
            [Box::new(Guard::refuse(sam())), Box::new(Guard::skip(sam())), Box::new(Guard::zero(sam()))]
        },
        || {
            let adam = || Adam::new(0.1);
            [
                Box::new(Sam::new(Guard::refuse(adam()), 0.0)),
                Box::new(Sam::new(Guard::skip(adam()), 0.0)),
                Box::new(Sam::new(Guard::zero(adam()), 0.0)),
            ]
        },
        || {
            // Without a line search each point is one to go on from.
            let lbfgs = || Lbfgs::new(0.1).max_iter(3);
            [Box::new(Guard::refuse(lbfgs())), Box::new(Guard::skip(lbfgs())), Box::new(Guard::zero(lbfgs()))]
        },
    ];
    for guarded in guards {
        for k in 0..3 {
            let (mut model, mut optimizer) = (net(), guarded().into_iter().nth(k).expect("three"));
            step(&mut *optimizer, &mut model, None).expect("a step");
            let before = (values(&model), file(&*optimizer));
            let outcome = step(&mut *optimizer, &mut model, Some(1));
            match k {
                0 => assert!(
                    outcome.expect_err("refused").to_string().contains("Guard: the gradient of \"hidden.weight\"")
                ),
                1 => {
                    let report = outcome.expect("left out");
                    assert_eq!((report.updated, report.not_finite.len()), (0, 4));
                }
                _ => assert_eq!(outcome.expect("zeros").updated, 4),
            }
            assert!(values(&model).iter().all(|x| x.is_finite()));
            if k < 2 {
                assert_eq!(values(&model), before.0);
            }
            if k == 0 {
                assert_eq!(file(&*optimizer), before.1);
            }
            step(&mut *optimizer, &mut model, None).expect("it goes on");
        }
    }
    // Trials of a line search are no steps.
    for (mut lbfgs, fails) in [(off, true), (wolfe, false)] {
        let mut model = net();
        let before = values(&model);
        let outcome = step(&mut lbfgs, &mut model, Some(1));
        assert_eq!(outcome.is_err(), fails, "{outcome:?}");
        assert!(values(&model).iter().all(|x| x.is_finite()));
        assert_eq!(values(&model) == before, fails);
    }
}

#[test]
fn a_guard_that_refuses_lets_a_line_search_try() {
    // Too far for f64.
    let far = |x: &mut Param| {
        let loss = x.square().square().exp().sum();
        Ok((loss.item::<f64>()?, loss.backward()?))
    };
    let wolfe = || Lbfgs::new(100.0).line_search(LineSearch::StrongWolfe);
    let (mut bare, mut guarded) = (param(&[1.0]), param(&[1.0]));
    wolfe().step_with(&mut bare, far).expect("shorter");
    Guard::refuse(wolfe()).step_with(&mut guarded, far).expect("shorter");
    assert_eq!(bare.to_f64s(), guarded.to_f64s());
}

#[test]
fn steps_that_are_left_out_inside_are_not_counted() {
    let makes: [fn() -> Box<dyn Optimizer>; 3] = [
        || Box::new(Ema::new(Guard::skip(Sgd::new(0.25)), 0.5).overwrite_every(2)),
        || Box::new(Swa::new(Guard::skip(Sgd::new(0.25))).every(2)),
        || Box::new(Lookahead::new(Guard::skip(Sgd::new(0.25))).sync_period(2)),
    ];
    for make in makes {
        let run = |spoilt: bool| {
            let (mut x, mut optimizer) = (param(&[1.0, 2.0]), make());
            for k in 0..5 {
                if spoilt && k % 2 == 1 {
                    let grads = x.mul_scalar(f64::INFINITY).sum().backward().expect("a graph");
                    assert_eq!(optimizer.step(&mut x, &grads).expect("left out").updated, 0);
                }
                let grads = x.square().sum().backward().expect("a graph");
                optimizer.step(&mut x, &grads).expect("a step");
            }
            optimizer.eval(&mut x).expect("its model");
            x.to_f64s()
        };
        assert_eq!(run(true), run(false));
    }
}

#[test]
fn what_looks_for_low_losses_refuses_to_go_upwards() {
    let mut x = param(&[3.0]);
    let optimizers: [Box<dyn Optimizer>; 2] = [
        Box::new(Sam::new(Sgd::new(0.25).maximize(true), 1.0)),
        Box::new(Sam::new(Ema::new(Sgd::new(0.25).group("", |group| group.maximize(true)), 0.5), 1.0)),
    ];
    for mut sam in optimizers {
        let checked = sam.check().expect_err("refused").to_string();
        let outcome = sam.step_with(&mut x, |x| {
            let loss = x.square().neg().sum();
            Ok((loss.item::<f64>()?, loss.backward()?))
        });
        assert_eq!(outcome.expect_err("refused").to_string(), checked);
        assert!(checked.ends_with("follows the gradient upwards; negate the loss instead"), "{checked}");
        assert_eq!(x.to_f64s(), [3.0]);
    }
}

#[test]
fn a_parameter_that_joins_later_has_an_average_of_its_own() {
    let makes: [Make; 3] = [
        || Box::new(Ema::new(Adam::new(0.1), 0.5).bias_correction(true)),
        || Box::new(Ema::new(Adam::new(0.1), 1.0).bias_correction(true)),
        || Box::new(Swa::new(Adam::new(0.1))),
    ];
    let step = |optimizer: &mut dyn Optimizer, model: &mut Vec<Param>| {
        let mut grads = Gradients::default();
        for param in model.iter() {
            grads.insert(param, param.detach()).expect("its shape");
        }
        optimizer.step(model, &grads).expect("a step");
    };
    for make in makes {
        let (mut model, mut optimizer) = (vec![param(&[1.0, 2.0])], make());
        (0..3).for_each(|_| step(&mut *optimizer, &mut model));
        model.push(param(&[3.0]));
        let (mut alone, mut own) = (vec![param(&[3.0])], make());
        for _ in 0..4 {
            step(&mut *optimizer, &mut model);
            step(&mut *own, &mut alone);
            let mut again = make();
            again.load_state_dict(&optimizer.state_dict()).expect("its own");
            assert_eq!(file(&*again), file(&*optimizer));
            optimizer = again;
        }
        optimizer.eval(&mut model).expect("its model");
        own.eval(&mut alone).expect("its model");
        assert_eq!(model[1].to_f64s(), alone[0].to_f64s());
    }
    let (mut model, mut swa) = (vec![param(&[1.0])], Swa::new(Sgd::new(0.1)));
    step(&mut swa, &mut model);
    model.push(param(&[3.0]));
    step(&mut swa, &mut model);
    let mut state = swa.state_dict();
    state.insert("swa.1.since", Tensor::scalar(3i64));
    let expected =
        "Swa: the state \"swa.1.since\" is 3 (I64), it must be at most the number of steps, 2; nothing was loaded";
    assert_eq!(swa.load_state_dict(&state).expect_err("later than now").to_string(), expected);
}

#[test]
fn what_is_kept_is_all_there_or_reported() {
    let makes: [(Make, &str, &str); 4] = [
        (|| Box::new(Ema::new(Sgd::new(0.1), 0.5)), "Ema", "average"),
        (|| Box::new(Swa::new(Sgd::new(0.1))), "Swa", "average"),
        (|| Box::new(Lookahead::new(Sgd::new(0.1))), "Lookahead", "slow"),
        (|| Box::new(Mechanic::new(Sgd::new(1.0))), "Mechanic", "x0"),
    ];
    for (make, name, what) in makes {
        let (mut model, mut optimizer) = (net(), make());
        step(&mut *optimizer, &mut model, None).expect("a step");
        let (whole, key) = (optimizer.state_dict(), |key: &str| format!("{}.{key}", name.to_lowercase()));
        let refused = |state: &StateDict| make().load_state_dict(state).expect_err("not whole");
        let missing = |error: Error| error.detail::<StateMismatch>().map(|mismatch| mismatch.problems.clone());
        let [tensor, since] = [what, "since"].map(|end| key(&format!("hidden.bias.{end}")));
        for lost in [&tensor, &since, &key("kept")] {
            let mut state = whole.clone();
            assert!(state.remove(lost).is_some());
            assert_eq!(missing(refused(&state)), Some(vec![StateProblem::Missing(lost.clone())]));
        }
        let wrong = |found: usize| {
            let must = format!("it must be the number of parameters that have {what:?}, {found}; nothing was loaded");
            format!("{name}: the state {:?} is 4 (I64), {must}", key("kept"))
        };
        let mut state = whole.clone();
        assert!(state.remove(&tensor).and(state.remove(&since)).is_some());
        assert_eq!(refused(&state).to_string(), wrong(3));
        let mut state = whole.clone();
        state.insert(key(&format!("stray.{what}")), Tensor::from([1.0, 2.0]));
        assert_eq!(missing(refused(&state)), Some(vec![StateProblem::Missing(key("stray.since"))]));
        state.insert(key("stray.since"), Tensor::scalar(0i64));
        assert_eq!(refused(&state).to_string(), wrong(5));
        make().load_state_dict(&whole).expect("as it is");
    }
}

#[test]
fn a_step_that_is_refused_keeps_nothing_of_its_model() {
    let makes: [(Make, &str); 2] = [
        (|| Box::new(Lookahead::new(Sgd::new(0.1)).sync_period(2)), "momentum"),
        (
            || {
                let mechanic = Mechanic::new(Sgd::new(1.0));
                Box::new(Parts::new().part("a", |name| name != "2", mechanic).rest(Sgd::new(0.1)))
            },
            "rest.momentum",
        ),
    ];
    let step = |optimizer: &mut dyn Optimizer, model: &mut Vec<Param>| {
        let mut grads = Gradients::default();
        for param in model.iter() {
            grads.insert(param, param.detach()).expect("its shape");
        }
        optimizer.step(model, &grads)
    };
    for (make, name) in makes {
        let (mut model, mut optimizer) = (vec![param(&[1.0, 2.0])], make());
        step(&mut *optimizer, &mut model).expect("a step");
        let before = file(&*optimizer);
        model.extend([param(&[3.0]), param(&[4.0])]);
        optimizer.set(name, f64::NAN).expect("a name");
        step(&mut *optimizer, &mut model).expect_err("out of range");
        optimizer.set(name, 0.0).expect("a name");
        assert_eq!(file(&*optimizer), before);
        model.truncate(1);
        step(&mut *optimizer, &mut model).expect("as before");
    }
}

#[test]
fn no_estimate_is_made_at_weights_to_evaluate_at() {
    let (mut model, mut optimizer) = (net(), Ema::new(SophiaG::new(0.1), 0.5));
    step(&mut optimizer, &mut model, None).expect("a step");
    optimizer.eval(&mut model).expect("its model");
    let (before, grads) = (file(&optimizer), half_square_grads(&model));
    let error = optimizer.update_hessian(&mut model, &grads, 4).expect_err("evaluating").to_string();
    assert!(error.starts_with("Ema: the model has the weights to evaluate at"), "{error}");
    assert_eq!(file(&optimizer), before);
    optimizer.train(&mut model).expect("its model");
    let grads = half_square_grads(&model);
    optimizer.update_hessian(&mut model, &grads, 4).expect("an estimate");
}
