//! The suite that every optimizer's `cases!` runs.

mod net;

use crate::Optimizer;
use autograd_core::module::{Module, Param, StateDict};
use autograd_core::{DType, Gradients, Tensor};
use net::{Net, SHAPES, grads, net, slope, values};

/// Runs the rows as this file's test.
macro_rules! cases {
    ($($row:expr),* $(,)?) => {
        #[test]
        fn cases() {
            #[allow(unused_imports, reason = "a file may have rows of one sort only")]
            use crate::cases::{plain, refused};
            crate::cases::run(vec![$($row),*]);
        }
    };
}

/// The methods that the suite needs beyond [`Optimizer`]; `optimizer!` provides them.
pub(crate) trait Common: Optimizer + 'static {
    fn with_group(self, prefix: &'static str, factor: f64) -> Self;
    fn with_maximize(self) -> Self;
}

/// One parameter of one element in plain `f64`, with room for three numbers of state, and the number of the step.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scalar {
    pub(crate) p: f64,
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
    pub(crate) t: f64,
}

#[derive(Clone, Copy)]
enum Form {
    Plain,
    Grouped,
    Maximizing,
}

type Make = Box<dyn Fn(Form) -> Box<dyn Optimizer> + Sync>;
type Formula = Box<dyn Fn(&mut Scalar, f64) + Sync>;

pub(crate) struct Plain {
    make: Make,
    formula: Formula,
    keeps: &'static [&'static str],
}

pub(crate) enum Case {
    Plain(Plain),
    Refused(Box<dyn Optimizer>, &'static str),
}

/// An optimizer, and its formula in plain words.
pub(crate) fn plain<O: Common>(
    make: impl Fn() -> O + Sync + 'static,
    formula: impl Fn(&mut Scalar, f64) + Sync + 'static,
) -> Case {
    let make = move |form: Form| -> Box<dyn Optimizer> {
        match form {
            Form::Plain => Box::new(make()),
            Form::Grouped => Box::new(make().with_group("hidden", 0.5)),
            Form::Maximizing => Box::new(make().with_maximize()),
        }
    };
    Case::Plain(Plain { make: Box::new(make), formula: Box::new(formula), keeps: &[] })
}

/// Hyperparameters out of range, and the text that says so.
pub(crate) fn refused(optimizer: impl Optimizer + 'static, text: &'static str) -> Case {
    Case::Refused(Box::new(optimizer), text)
}

impl Case {
    /// The names of state and numbers that each parameter has after a step, besides `step`.
    pub(crate) fn keeps(self, keeps: &'static [&'static str]) -> Case {
        match self {
            Case::Plain(plain) => Case::Plain(Plain { keeps, ..plain }),
            Case::Refused(..) => unreachable!("what is refused keeps nothing"),
        }
    }
}

type Property = fn(&Plain) -> Result<(), String>;

const PROPERTIES: [(&str, Property); 12] = [
    ("formula", formula),
    ("state", state),
    ("resume", resume),
    ("missing gradients", missing),
    ("strange gradients", strange),
    ("groups", groups),
    ("maximize", maximize),
    ("not a number", not_a_number),
    ("threads", threads),
    ("by name", by_name),
    ("step_with", step_with),
    ("description", description),
];

/// Runs all rows, and fails with everything that does not hold.
pub(crate) fn run(cases: Vec<Case>) {
    let mut failures = Vec::new();
    for (row, case) in cases.iter().enumerate() {
        match case {
            Case::Refused(optimizer, text) => {
                let got = optimizer.check().map_err(|error| error.to_string());
                if got != Err(text.to_string()) {
                    failures.push(format!("row {row}: {got:?} instead of {text:?}"));
                }
            }
            Case::Plain(plain) => {
                let broken = PROPERTIES.iter().filter_map(|(name, holds)| Some((name, holds(plain).err()?)));
                failures.extend(broken.map(|(name, why)| format!("row {row}: {name}: {why}")));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn steps(net: &mut Net, optimizer: &mut dyn Optimizer, range: std::ops::Range<usize>) -> Result<(), String> {
    for k in range {
        let grads = grads(net, k, 1.0);
        optimizer.step(net, &grads).map_err(text)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{got:?} instead of {expected:?}")) }
}

/// Whatever decides what a step does is in the description.
fn description(plain: &Plain) -> Result<(), String> {
    let parameters: Vec<String> = SHAPES.iter().map(|(name, _)| name.to_string()).collect();
    let of = |form: Form| (plain.make)(form).describe(&parameters).to_string();
    let own = of(Form::Plain);
    same(own.contains("::"), false)?;
    for name in (plain.make)(Form::Plain).hyperparameters().into_iter().map(|(name, _)| name) {
        let mut optimizer = (plain.make)(Form::Plain);
        let value = optimizer.get(name).map_err(text)?;
        optimizer.set(name, value / 2.0 + 0.09).map_err(text)?;
        if optimizer.describe(&parameters).to_string() == own {
            return Err(format!("{own} whatever {name} is"));
        }
    }
    let grouped = of(Form::Grouped);
    for name in &parameters {
        same(grouped.contains(&format!("groups.{name}: lr: 0.5")), name.starts_with("hidden."))?;
    }
    same(of(Form::Maximizing).contains("maximize: true") && own.contains("maximize: false"), true)?;
    // Borrowed and boxed it is the same.
    let (mut borrowed, mut boxed) = ((plain.make)(Form::Plain), Box::new((plain.make)(Form::Plain)));
    same(<&mut Box<dyn Optimizer> as Optimizer>::describe(&&mut borrowed, &parameters).to_string(), own.clone())?;
    steps(&mut net(DType::F32), &mut boxed, 0..2)?;
    same(boxed.describe(&parameters).to_string(), own)
}

fn formula(plain: &Plain) -> Result<(), String> {
    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
        let (mut net, mut optimizer) = (net(dtype), (plain.make)(Form::Plain));
        let mut by_hand: Vec<Scalar> = values(&net).into_iter().map(|p| Scalar { p, ..Scalar::default() }).collect();
        let places: Vec<usize> = net.0.iter().flat_map(|(_, param)| 0..param.numel()).collect();
        for k in 0..8 {
            steps(&mut net, &mut *optimizer, k..k + 1)?;
            for (i, (scalar, place)) in by_hand.iter_mut().zip(&places).enumerate() {
                scalar.t += 1.0;
                (plain.formula)(scalar, slope(*place, k));
                let got = values(&net)[i];
                if (got - scalar.p).abs() > tolerance * scalar.p.abs().max(1.0) {
                    return Err(format!("{dtype}, step {k}, element {i}: {got} instead of {}", scalar.p));
                }
            }
        }
    }
    Ok(())
}

fn keys(state: &StateDict) -> Vec<String> {
    state.iter().map(|(key, _)| key.to_string()).collect()
}

fn state(plain: &Plain) -> Result<(), String> {
    let (mut net, mut optimizer) = (net(DType::F32), (plain.make)(Form::Plain));
    same(keys(&optimizer.state_dict()), vec!["lr".into()])?;
    steps(&mut net, &mut *optimizer, 0..1)?;
    let each = |name: &str| {
        std::iter::once("step")
            .chain(plain.keeps.iter().copied())
            .map(move |slot| format!("{name}.{slot}"))
            .collect::<Vec<_>>()
    };
    let expected = std::iter::once("lr".to_string()).chain(SHAPES.iter().flat_map(|(name, _)| each(name)));
    same(keys(&optimizer.state_dict()), expected.collect())
}

fn through_a_file(state: &StateDict) -> Result<StateDict, String> {
    let bytes = state.to_safetensors().map_err(text)?;
    StateDict::from_safetensors(&bytes, std::path::Path::new("memory")).map_err(text)
}

fn resume(plain: &Plain) -> Result<(), String> {
    let run = |net: &mut Net, optimizer: &mut dyn Optimizer, range: std::ops::Range<usize>| {
        for k in range {
            optimizer.set_lr(0.1 / (k + 1) as f64);
            let mut grads = grads(net, k, 1.0);
            if k % 3 == 1 {
                grads.take(&net.0[2].1);
            }
            optimizer.step(net, &grads).map_err(text)?;
        }
        Ok::<(), String>(())
    };
    for dtype in [DType::F32, DType::F64] {
        let (mut model, mut optimizer) = (net(dtype), (plain.make)(Form::Grouped));
        run(&mut model, &mut *optimizer, 0..5)?;
        let (at, state) = (model.clone(), through_a_file(&optimizer.state_dict())?);
        run(&mut model, &mut *optimizer, 5..9)?;
        // Also into an optimizer that went another way before.
        for detour in [0, 2] {
            let (mut again, mut other) = (at.clone(), (plain.make)(Form::Grouped));
            run(&mut net(dtype), &mut *other, 0..detour)?;
            other.load_state_dict(&state).map_err(text)?;
            same(other.lr(), 0.1 / 5.0)?;
            run(&mut again, &mut *other, 5..9)?;
            same(values(&again), values(&model))?;
            let both = [&optimizer, &other].map(|o| o.state_dict().to_safetensors().map_err(text));
            same(&both[0], &both[1])?;
        }
    }
    Ok(())
}

fn missing(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (net(DType::F64), (plain.make)(Form::Plain));
    let before = model.0[1].1.to_f64s();
    let mut some = grads(&model, 0, 1.0);
    some.take(&model.0[1].1);
    let report = optimizer.step(&mut model, &some).map_err(text)?;
    same((report.updated, report.missing), (3, vec!["hidden.bias".to_string()]))?;
    same(model.0[1].1.to_f64s(), before)?;
    same(keys(&optimizer.state_dict()).iter().any(|key| key.starts_with("hidden.bias.")), false)?;
    // Its first step is a first step.
    let (mut fresh, mut other) = (net(DType::F64), (plain.make)(Form::Plain));
    steps(&mut model, &mut *optimizer, 1..2)?;
    steps(&mut fresh, &mut *other, 1..2)?;
    same(model.0[1].1.to_f64s(), fresh.0[1].1.to_f64s())
}

/// Gradients of no parameter of the model: of another one, of what it was cloned from, none at all.
fn strange(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (net(DType::F64), (plain.make)(Form::Plain));
    for used in [false, true] {
        let state = |optimizer: &dyn Optimizer| optimizer.state_dict().to_safetensors().map_err(text);
        let before = (values(&model), state(&*optimizer)?);
        let (of_model, mut clone) = (grads(&model, 0, 1.0), model.clone());
        let attempts = [
            (optimizer.step(&mut model, &grads(&net(DType::F64), 0, 1.0)), "another model"),
            (optimizer.step(&mut clone, &of_model), "clone"),
            (optimizer.step(&mut model, &Gradients::default()), "there are no gradients"),
        ];
        for (outcome, why) in attempts {
            let error = outcome.map_or_else(text, |report| format!("not refused: {report:?}"));
            let says = error.contains("none of the trainable parameters has a gradient") && error.contains(why);
            same((says, error.as_str()), (true, error.as_str()))?;
        }
        same((values(&model), state(&*optimizer)?), before.clone())?;
        same(values(&clone), before.0)?;
        model.freeze("").map_err(text)?;
        let frozen =
            optimizer.step(&mut model, &of_model).map_or_else(text, |report| format!("not refused: {report:?}"));
        same(frozen.ends_with("the model has 4 parameters, and all of them are frozen"), true)?;
        model.unfreeze("").map_err(text)?;
        steps(&mut model, &mut *optimizer, 0..usize::from(!used))?;
    }
    Ok(())
}

fn groups(plain: &Plain) -> Result<(), String> {
    let run = |form: Form, factor: f64| {
        let (mut model, mut optimizer) = (net(DType::F64), (plain.make)(form));
        optimizer.set_lr(optimizer.lr() * factor);
        steps(&mut model, &mut *optimizer, 0..6).map(|()| model)
    };
    let (whole, half, grouped) = (run(Form::Plain, 1.0)?, run(Form::Plain, 0.5)?, run(Form::Grouped, 1.0)?);
    let expected = Net([&half.0[..2], &whole.0[2..]].concat());
    same(values(&grouped), values(&expected))
}

fn maximize(plain: &Plain) -> Result<(), String> {
    let (mut down, mut optimizer) = (net(DType::F64), (plain.make)(Form::Plain));
    let (mut up, mut other) = (net(DType::F64), (plain.make)(Form::Maximizing));
    for k in 0..6 {
        let (slopes, mirrored) = (grads(&down, k, 1.0), grads(&up, k, -1.0));
        optimizer.step(&mut down, &slopes).map_err(text)?;
        other.step(&mut up, &mirrored).map_err(text)?;
    }
    same(values(&up), values(&down))
}

/// A gradient that is not a number spoils its own element, and no other; gradients of 0 spoil nothing.
fn not_a_number(plain: &Plain) -> Result<(), String> {
    for dtype in [DType::F32, DType::F64] {
        let (mut model, mut optimizer) = (net(dtype), (plain.make)(Form::Plain));
        let mut zeros = grads(&model, 0, 1.0);
        zeros.scale(0.0);
        optimizer.step(&mut model, &zeros).map_err(text)?;
        let mut spoilt = grads(&model, 0, 1.0);
        spoilt.insert(&model.0[1].1, Tensor::from([f64::NAN, 1.0]).to_dtype(dtype)).expect("a parameter");
        optimizer.step(&mut model, &spoilt).map_err(text)?;
        let nan: Vec<usize> = (0..11).filter(|i| !values(&model)[*i].is_finite()).collect();
        same(nan, vec![6])?;
    }
    Ok(())
}

fn threads(plain: &Plain) -> Result<(), String> {
    let n = 150_001;
    let run = |n: usize| {
        let start: Vec<f32> = (0..n).map(|i| (i % 11) as f32 / 7.0 - 1.0).collect();
        let mut model = Net(vec![("x", Param::new(Tensor::from_vec(start, &[n]).expect("small")).expect("floats"))]);
        steps(&mut model, &mut *(plain.make)(Form::Plain), 0..4).map(|()| model.0[0].1.to_vec::<f32>().expect("F32"))
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(text)?;
        pool.install(|| run(n))
    };
    let (one, two, few) = (on(1)?, on(2)?, run(11)?);
    same(one.iter().zip(&two).position(|(a, b)| a.to_bits() != b.to_bits()), None)?;
    same(one.iter().enumerate().position(|(i, x)| x.to_bits() != few[i % 11].to_bits()), None)
}

fn by_name(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (net(DType::F64), (plain.make)(Form::Grouped));
    let (mut other, mut reference) = (net(DType::F64), (plain.make)(Form::Grouped));
    let all = optimizer.hyperparameters();
    same(all[0], ("lr", optimizer.lr()))?;
    for (k, (name, value)) in all.iter().copied().enumerate() {
        same(optimizer.get(name).map_err(text)?, value)?;
        optimizer.set(name, value + 0.25).map_err(text)?;
        same(optimizer.get(name).map_err(text)?, value + 0.25)?;
        optimizer.set(name, f64::NAN).map_err(text)?;
        let grads = grads(&model, k, 1.0);
        let error = optimizer.step(&mut model, &grads).err().map(text).unwrap_or_default();
        same(error.contains(&format!(": {name} is NaN, it must be ")), true)?;
        optimizer.set(name, value).map_err(text)?;
        steps(&mut model, &mut *optimizer, k..k + 1)?;
        steps(&mut other, &mut *reference, k..k + 1)?;
    }
    same(values(&model), values(&other))?;
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let expected = format!("no hyperparameter is called \"speed\", there are {}", names.join(", "));
    same(optimizer.get("speed").map_err(text), Err(expected.clone()))?;
    let error = optimizer.set("speed", 1.0).err().map(text).unwrap_or_default();
    same(error.ends_with(&format!(": {expected}")), true)
}

fn step_with(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (net(DType::F64), (plain.make)(Form::Plain));
    let (mut other, mut reference) = (net(DType::F64), (plain.make)(Form::Plain));
    let mut calls = 0;
    let outcome = optimizer.step_with(&mut model, |model| {
        calls += 1;
        Ok((2.5, grads(model, 0, 1.0)))
    });
    steps(&mut other, &mut *reference, 0..1)?;
    same((outcome.map_err(text)?.0, calls), (2.5, 1))?;
    same(values(&model), values(&other))
}
