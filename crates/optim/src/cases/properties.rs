//! The properties of every optimizer.

use super::lost::lost;
use super::net::{Net, SHAPES, grads, slope, values};
use super::rows::{Form, Plain, Whole};
use super::switched::switched;
use super::{options, unmoved};
use crate::Optimizer;
use autograd_core::module::{Module, Param, StateDict};
use autograd_core::{Capture, DType, Gradients, Tensor};

pub(super) type Property = fn(&Plain) -> Result<(), String>;

pub(super) const PROPERTIES: [(&str, Property); 23] = [
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
    ("described numbers", described_numbers),
    ("captured", captured),
    ("common options", options::common),
    ("flags", options::flags),
    ("evaluated", super::evaluated::evaluated),
    ("frozen", unmoved::frozen),
    ("refused first step", unmoved::refused_first_step),
    ("rates near 0", unmoved::rates_near_0),
    ("without elements", unmoved::without_elements),
    ("switched state", switched),
    ("lost state", lost),
];

/// Those that need no other form of the optimizer. The optimizer inside has the others.
pub(super) const OF_WRAPPED: &[&str] = &[
    "formula",
    "resume",
    "strange gradients",
    "not a number",
    "threads",
    "by name",
    "step_with",
    "described numbers",
    "captured",
    "evaluated",
    "frozen",
    "refused first step",
    "rates near 0",
    "without elements",
    "switched state",
    "lost state",
];

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(super) fn steps(net: &mut Net, optimizer: &mut dyn Optimizer, range: std::ops::Range<usize>) -> Result<(), String> {
    for k in range {
        let grads = grads(net, k, 1.0);
        optimizer.step(net, &grads).map_err(text)?;
    }
    Ok(())
}

pub(super) fn same<T: PartialEq + std::fmt::Debug>(got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{got:?} instead of {expected:?}")) }
}

/// Whatever decides what a step does is in the description.
fn description(plain: &Plain) -> Result<(), String> {
    let parameters: Vec<String> = SHAPES.iter().map(|(name, _)| name.to_string()).collect();
    let of = |form: Form| (plain.make)(form).describe(&parameters).to_string();
    let own = of(Form::Plain);
    let grouped = of(Form::Grouped);
    for name in &parameters {
        same(grouped.contains(&format!("groups.{name}: lr: 0.5")), name.starts_with("hidden."))?;
    }
    same(of(Form::Maximizing).contains("maximize: true") && own.contains("maximize: false"), true)
}

fn described_numbers(plain: &Plain) -> Result<(), String> {
    let parameters: Vec<String> = SHAPES.iter().map(|(name, _)| name.to_string()).collect();
    let own = (plain.make)(Form::Plain).describe(&parameters).to_string();
    same(own.contains("::"), false)?;
    for name in (plain.make)(Form::Plain).hyperparameters().into_iter().map(|(name, _)| name) {
        let mut optimizer = (plain.make)(Form::Plain);
        let value = optimizer.get(name).map_err(text)?;
        optimizer.set(name, value / 2.0 + 0.09).map_err(text)?;
        if optimizer.describe(&parameters).to_string() == own {
            return Err(format!("{own} whatever {name} is"));
        }
    }
    // Borrowed and boxed it is the same.
    let (mut borrowed, mut boxed) = ((plain.make)(Form::Plain), Box::new((plain.make)(Form::Plain)));
    same(<&mut Box<dyn Optimizer> as Optimizer>::describe(&&mut borrowed, &parameters).to_string(), own.clone())?;
    steps(&mut plain.net(DType::F32), &mut boxed, 0..2)?;
    same(boxed.describe(&parameters).to_string(), own)
}

fn formula(plain: &Plain) -> Result<(), String> {
    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
        let (mut net, mut optimizer) = (plain.net(dtype), (plain.make)(Form::Plain));
        let all = |params: &[(&str, Param)]| -> Vec<f64> { params.iter().flat_map(|(_, p)| p.to_f64s()).collect() };
        let whole = |params: &[(&str, Param)]| {
            let p = all(params);
            let [a, b, c, d] = std::array::from_fn(|_| vec![0.0; p.len()]);
            Whole { shape: params[0].1.shape().to_vec(), p, a, b, c, d, t: 0.0 }
        };
        // The parameters that the formula sees together.
        let together = if plain.joint { SHAPES.len() } else { 1 };
        let mut by_hand: Vec<Whole> = net.0.chunks(together).map(whole).collect();
        for k in 0..8 {
            steps(&mut net, &mut *optimizer, k..k + 1)?;
            for (params, whole) in net.0.chunks(together).zip(&mut by_hand) {
                whole.t += 1.0;
                let slopes = |(_, param): &(&str, Param)| (0..param.numel()).map(|i| slope(i, k)).collect::<Vec<_>>();
                let g: Vec<f64> = params.iter().flat_map(slopes).collect();
                (plain.formula)(whole, &g);
                for (i, (got, expected)) in all(params).into_iter().zip(&whole.p).enumerate() {
                    let near = expected.is_finite() && (got - expected).abs() <= tolerance * expected.abs().max(1.0);
                    if !near {
                        let name = params[0].0;
                        return Err(format!("{dtype}, step {k}, element {i} of {name}: {got} instead of {expected}"));
                    }
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
    let (mut net, mut optimizer) = (plain.net(DType::F32), (plain.make)(Form::Plain));
    same(keys(&optimizer.state_dict()), vec!["lr".into()])?;
    steps(&mut net, &mut *optimizer, 0..1)?;
    let each = |name: &str| {
        std::iter::once("step")
            .chain(plain.keeps.iter().copied())
            .map(move |slot| format!("{name}.{slot}"))
            .collect::<Vec<_>>()
    };
    let whole = std::iter::once("lr").chain(plain.shares.iter().copied()).map(str::to_string);
    let expected = whole.chain(SHAPES.iter().flat_map(|(name, _)| each(name)));
    same(keys(&optimizer.state_dict()), expected.collect())
}

pub(super) fn through_a_file(state: &StateDict) -> Result<StateDict, String> {
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
        let (mut model, mut optimizer) = (plain.net(dtype), (plain.make)(Form::Grouped));
        run(&mut model, &mut *optimizer, 0..5)?;
        let (at, state) = (model.clone(), through_a_file(&optimizer.state_dict())?);
        run(&mut model, &mut *optimizer, 5..9)?;
        // Also into an optimizer that went another way before.
        for detour in [0, 2] {
            let (mut again, mut other) = (at.clone(), (plain.make)(Form::Grouped));
            run(&mut plain.net(dtype), &mut *other, 0..detour)?;
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
    let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    let before = model.0[1].1.to_f64s();
    let mut some = grads(&model, 0, 1.0);
    some.take(&model.0[1].1);
    let report = optimizer.step(&mut model, &some).map_err(text)?;
    same((report.updated, report.missing), (3, vec!["hidden.bias".to_string()]))?;
    same(model.0[1].1.to_f64s(), before)?;
    same(keys(&optimizer.state_dict()).iter().any(|key| key.starts_with("hidden.bias.")), false)?;
    if plain.joint {
        return Ok(());
    }
    // Its first step is a first step.
    let (mut fresh, mut other) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    steps(&mut model, &mut *optimizer, 1..2)?;
    steps(&mut fresh, &mut *other, 1..2)?;
    same(model.0[1].1.to_f64s(), fresh.0[1].1.to_f64s())
}

/// Gradients of no parameter of the model: of another one, of what it was cloned from, none at all.
fn strange(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    for used in [false, true] {
        let state = |optimizer: &dyn Optimizer| optimizer.state_dict().to_safetensors().map_err(text);
        let before = (values(&model), state(&*optimizer)?);
        let (of_model, mut clone) = (grads(&model, 0, 1.0), model.clone());
        let attempts = [
            (optimizer.step(&mut model, &grads(&plain.net(DType::F64), 0, 1.0)), "another model"),
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
    if plain.joint {
        return Ok(());
    }
    let run = |form: Form, factor: f64| {
        let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(form));
        optimizer.set_lr(optimizer.lr() * factor);
        steps(&mut model, &mut *optimizer, 0..6).map(|()| model)
    };
    let (whole, half, grouped) = (run(Form::Plain, 1.0)?, run(Form::Plain, 0.5)?, run(Form::Grouped, 1.0)?);
    let expected = Net([&half.0[..2], &whole.0[2..]].concat());
    same(values(&grouped), values(&expected))
}

fn maximize(plain: &Plain) -> Result<(), String> {
    let (mut down, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    let (mut up, mut other) = (plain.net(DType::F64), (plain.make)(Form::Maximizing));
    for k in 0..6 {
        let (slopes, mirrored) = (grads(&down, k, 1.0), grads(&up, k, -1.0));
        optimizer.step(&mut down, &slopes).map_err(text)?;
        other.step(&mut up, &mirrored).map_err(text)?;
    }
    same(values(&up), values(&down))
}

/// A gradient that is not a number spoils its own element (of a coupled step its own parameter), and no other;
/// gradients of 0 spoil nothing.
fn not_a_number(plain: &Plain) -> Result<(), String> {
    for dtype in [DType::F32, DType::F64] {
        let (mut model, mut optimizer) = (plain.net(dtype), (plain.make)(Form::Plain));
        let mut zeros = grads(&model, 0, 1.0);
        zeros.scale(0.0);
        optimizer.step(&mut model, &zeros).map_err(text)?;
        let mut spoilt = grads(&model, 0, 1.0);
        let bias = &model.0[1].1;
        let nan = Tensor::from([f64::NAN, 1.0]).to_dtype(dtype).reshape(bias.shape()).expect("two elements");
        spoilt.insert(bias, nan).expect("a parameter");
        optimizer.step(&mut model, &spoilt).map_err(text)?;
        if plain.later {
            steps(&mut model, &mut *optimizer, 1..2)?;
        }
        let mut nan: Vec<usize> = (0..11).filter(|i| !values(&model)[*i].is_finite()).collect();
        if plain.coupled {
            nan.retain(|i| *i != 7 && !(plain.joint && *i != 6));
        }
        same(nan, vec![6])?;
    }
    Ok(())
}

fn threads(plain: &Plain) -> Result<(), String> {
    let run = |shape: &[usize]| {
        let n: usize = shape.iter().product();
        let start: Vec<f32> = (0..n).map(|i| (i % 11) as f32 / 7.0 - 1.0).collect();
        let mut model = Net(vec![("x", Param::new(Tensor::from_vec(start, shape).expect("small")).expect("floats"))]);
        steps(&mut model, &mut *(plain.make)(Form::Plain), 0..4).map(|()| model.0[0].1.to_vec::<f32>().expect("F32"))
    };
    let on = |threads: usize, shape: &[usize]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(text)?;
        pool.install(|| run(shape))
    };
    let same_bits = |shape: &[usize]| {
        let (one, two) = (on(1, shape)?, on(2, shape)?);
        same(one.iter().zip(&two).position(|(a, b)| a.to_bits() != b.to_bits()), None).map(|()| one)
    };
    let column = |n: usize| if plain.shapes == SHAPES { vec![n] } else { vec![n, 1] };
    let (one, few) = (same_bits(&column(150_001))?, run(&column(11))?);
    if plain.coupled {
        // Products, sums of rows and of columns, singular vectors: of vectors they are none.
        return same_bits(&[387, 388]).map(|_| ());
    }
    same(one.iter().enumerate().position(|(i, x)| x.to_bits() != few[i % 11].to_bits()), None)
}

fn by_name(plain: &Plain) -> Result<(), String> {
    let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Grouped));
    let (mut other, mut reference) = (plain.net(DType::F64), (plain.make)(Form::Grouped));
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
    let (mut model, mut optimizer) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    let (mut other, mut reference) = (plain.net(DType::F64), (plain.make)(Form::Plain));
    let mut calls = 0;
    let outcome = optimizer.step_with(&mut model, |model| {
        calls += 1;
        Ok((2.5, grads(model, 0, 1.0)))
    });
    steps(&mut other, &mut *reference, 0..1)?;
    same((outcome.map_err(text)?.0, calls), (2.5, 1))?;
    same(values(&model), values(&other))
}

/// Steps on the gradients of a captured evaluation are those on the gradients of one that runs as it is written.
fn captured(plain: &Plain) -> Result<(), String> {
    let loss = |net: &Net| {
        let terms = net.0.iter().map(|(_, param)| param.square().sum().mul_scalar(0.5));
        terms.reduce(|sum, term| sum.try_add(&term).expect("scalars")).expect("parameters")
    };
    let run = |captured: bool| {
        let (mut model, mut optimizer) = (plain.net(DType::F32), (plain.make)(Form::Grouped));
        let mut capture = Capture::new(|model: &Net, []: [&Tensor; 0]| {
            let loss = loss(model);
            let grads = loss.backward()?;
            Ok((loss, grads))
        });
        for _ in 0..5 {
            let grads = match captured {
                true => capture.run(&model, []).map_err(text)?.1.clone(),
                false => loss(&model).backward().map_err(text)?,
            };
            optimizer.step(&mut model, &grads).map_err(text)?;
        }
        Ok::<_, String>((values(&model), optimizer.state_dict().to_safetensors().map_err(text)?))
    };
    same(run(true)?, run(false)?)
}
