//! The checks of a checkup, one for each aspect.

use super::findings::{Aspect, Finding};
use super::subject::{Bits, Subject, difference, state_bits, step_bits, tensor_bits};
use autograd_core::gradcheck::{GradCheck, Mismatch};
use autograd_core::module::{Module, StateDict, restore_streams, stream_positions};
use autograd_core::{Capture, DType, Error, ErrorKind, Result, Tensor, no_grad};
use rayon::ThreadPoolBuilder;
use std::path::Path;
use wengert_nn::{Ailment, Diagnosis, DynLayer, Layer, diagnose_run};
use wengert_optim::{Optimizer, Sgd};

/// The learning rate of a step: its size does not matter.
const RATE: f64 = 0.01;

/// Every parameter gets a gradient that is finite and not zero.
pub(super) fn gradients(subject: &Subject<'_>) -> Result<Vec<Finding>> {
    let model = subject.clone_model();
    let Diagnosis { parameters, units, .. } =
        diagnose_run(&*model, &subject.inputs, |output| subject.loss(output, &subject.target))?;
    let mut findings = Vec::new();
    for row in &units {
        if row.units > 0 && row.dead.len() == row.units {
            let text = format!("all {} units of the {} are 0 for the whole batch", row.units, row.kind);
            findings.push(Finding::new(Aspect::Gradients, row.name.clone(), text));
        }
    }
    for row in &parameters {
        let Some(ailment) = row.ailment else { continue };
        let aspect = match ailment {
            Ailment::Vanishing | Ailment::Exploding => continue,
            Ailment::NotFinite => Aspect::Finite,
            _ => Aspect::Gradients,
        };
        let text = match &row.cause {
            Some(cause) => format!("{ailment}: {cause}"),
            None => ailment.to_string(),
        };
        findings.push(Finding::new(aspect, row.name.clone(), text));
    }
    findings.extend(strangers(subject)?);
    let loss = no_grad(|| subject.loss_of(&*subject.clone_model()))?.to_f64()?;
    if !loss.is_finite() {
        findings.push(Finding::new(Aspect::Finite, "", format_args!("the loss is {loss}")));
    }
    Ok(findings)
}

/// What the output is computed from, and could be trained, belongs to the model or is one of its inputs.
fn strangers(subject: &Subject<'_>) -> Result<Option<Finding>> {
    let model = subject.clone_model();
    let y = model.forward_all(&subject.inputs)?;
    if !y.is_tracked() {
        return Ok(None);
    }
    let mut grads = y.backward_with(&y.detach().ones_like())?;
    for known in model.parameters().into_iter().map(|param| &**param).chain(&subject.inputs) {
        drop(grads.take(known));
    }
    let shapes: Vec<String> = grads.iter().map(|gradient| format!("{:?}", gradient.shape())).collect();
    let text = "is computed from tracked tensors that are no parameters of the model, so nothing trains or saves them";
    let finding = || Finding::new(Aspect::Gradients, "", format_args!("the output {text}: {}", shapes.join(", ")));
    Ok((!shapes.is_empty()).then(finding))
}

/// The gradient of each parameter is its derivative. Those that have none by `known` are not compared.
pub(super) fn derivatives(subject: &Subject<'_>, second_order: bool, known: &[Finding]) -> Vec<Finding> {
    let tried = subject.in_f64().and_then(|subject| {
        let loss = subject.loss_of(&*subject.clone_model())?;
        if loss.dtype() == DType::F64 { Ok(subject) } else { Err(Error::wrong_dtype("loss", loss.dtype(), DType::F64)) }
    });
    let subject = match tried {
        Ok(subject) => subject,
        Err(error) => {
            // One finding: each parameter would have the same.
            let text = "they are compared in F64, in which model, batch and loss do not run together";
            let text = format!("{text}: {error}; derivatives(false) leaves them out");
            return vec![Finding::new(Aspect::Derivatives, "", text)];
        }
    };
    let model = subject.clone_model();
    let check = GradCheck::new().second_order(second_order).full_up_to(16).directions(2);
    let mut findings = Vec::new();
    for (name, param) in model.named_parameters() {
        if param.numel() == 0 || known.iter().any(|finding| finding.place == name) {
            continue;
        }
        let loss = |values: &[Tensor]| {
            let named: StateDict = values.iter().map(|value| (name.clone(), value.clone())).collect();
            subject.loss_of(&model.with_parameters(&named)?)
        };
        if let Err(error) = check.check(loss, &[param.detach()]) {
            let cause = match error.detail::<Mismatch>() {
                Some(mismatch) => mismatch.to_string(),
                None => error.to_string(),
            };
            findings.push(Finding::new(Aspect::Derivatives, name, cause));
        }
    }
    findings
}

/// A step of a clone, on this thread.
fn step(subject: &Subject<'_>) -> Result<Bits> {
    let model = subject.clone_model();
    let (loss, grads) = subject.step_of(&*model)?;
    let mut bits = step_bits(&*model, &loss, &grads);
    bits.extend(state_bits(&*model));
    Ok(bits)
}

/// The finding that two outcomes differ, or that there is none.
fn compared(aspect: Aspect, a: Result<Bits>, b: Result<Bits>, text: &str) -> Option<Finding> {
    match (a, b) {
        (Ok(a), Ok(b)) => {
            difference(&a, &b).map(|(name, how)| Finding::new(aspect, name, format_args!("{text}: {how}")))
        }
        (Err(error), _) | (_, Err(error)) => Some(failed(aspect, &error)),
    }
}

fn failed(aspect: Aspect, error: &Error) -> Finding {
    // It names its place itself.
    Finding::new(aspect, "", error)
}

/// A step gives the same bits again, and on one thread and two.
pub(super) fn repeats(subject: &Subject<'_>) -> Option<Finding> {
    let again = compared(Aspect::Repeats, step(subject), step(subject), "a step does not give the same again");
    if again.is_some() {
        return again;
    }
    let on = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Error::new(ErrorKind::Io, format!("threads: {error}")))?;
        // From a thread of none: one of a pool would do other work of that while it waits.
        std::thread::scope(|scope| {
            let step = scope.spawn(|| pool.install(|| step(subject))).join();
            step.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    };
    compared(Aspect::Threads, on(1), on(2), "one thread and two give different bits")
}

/// Captured steps give the bits of plain ones: the one that is recorded, and two replays.
pub(super) fn capture(subject: &Subject<'_>) -> Option<Finding> {
    let captured = match subject.inputs.len() {
        0 => replayed::<1>(subject),
        1 => replayed::<2>(subject),
        2 => replayed::<3>(subject),
        3 => replayed::<4>(subject),
        4 => replayed::<5>(subject),
        5 => replayed::<6>(subject),
        6 => replayed::<7>(subject),
        7 => replayed::<8>(subject),
        8 => replayed::<9>(subject),
        n => {
            let text = format!("a model of {n} inputs cannot be captured here; capture(false) leaves it out");
            return Some(Finding::new(Aspect::Capture, "", text));
        }
    };
    let plain = || {
        let model = subject.clone_model();
        let mut bits = Bits::new();
        for _ in 0..3 {
            let (loss, grads) = subject.step_of(&*model)?;
            bits.extend(step_bits(&*model, &loss, &grads));
        }
        bits.extend(state_bits(&*model));
        Ok(bits)
    };
    compared(Aspect::Capture, plain(), captured, "a captured step gives different bits")
}

fn replayed<const N: usize>(subject: &Subject<'_>) -> Result<Bits> {
    let model = subject.clone_model();
    let mut capture = Capture::new(|model: &(dyn DynLayer + 'static), given: [&Tensor; N]| {
        let Some((target, inputs)) = given.split_last() else { unreachable!("there is a target") };
        let inputs: Vec<Tensor> = inputs.iter().map(|x| (*x).clone()).collect();
        let loss = subject.loss(&model.forward_all(&inputs)?, target)?;
        let grads = loss.backward()?;
        Ok((loss.detach(), grads))
    });
    let given: Vec<&Tensor> = subject.inputs.iter().chain([&subject.target]).collect();
    let given: [&Tensor; N] = given.try_into().unwrap_or_else(|_| unreachable!("as many as there are"));
    let mut bits = Bits::new();
    for _ in 0..3 {
        let (loss, grads) = capture.run(&*model, given)?;
        bits.extend(step_bits(&*model, loss, grads));
    }
    bits.extend(state_bits(&*model));
    Ok(bits)
}

/// A step by gradient descent.
fn descend(subject: &Subject<'_>, model: &mut Box<dyn DynLayer>) -> Result<()> {
    let (_, grads) = subject.step_of(&**model)?;
    Sgd::new(RATE).step(model, &grads)?;
    Ok(())
}

/// The output of a model in evaluation.
fn answer(subject: &Subject<'_>, mut model: Box<dyn DynLayer>) -> Result<Bits> {
    model.eval();
    no_grad(|| model.forward_all(&subject.inputs)).map(|y| tensor_bits("the output", &y))
}

/// A step after saving and loading gives the bits of one without, and so does an answer in evaluation.
pub(super) fn resume(subject: &Subject<'_>) -> Option<Finding> {
    let mut model = subject.clone_model();
    if !model.parameters().iter().any(|param| param.is_trainable()) {
        return None;
    }
    let mut both = || {
        descend(subject, &mut model)?;
        let saved = model.state_dict().to_safetensors()?;
        let mut other = subject.clone_model();
        other.load_state_dict(&StateDict::from_safetensors(&saved, Path::new("checkup"))?)?;
        restore_streams(&mut other, &stream_positions(&model));
        let answers = (answer(subject, model.clone())?, answer(subject, other.clone())?);
        descend(subject, &mut model)?;
        descend(subject, &mut other)?;
        Ok(((state_bits(&model), state_bits(&other)), answers))
    };
    match both() {
        Ok(((one, other), (answer, again))) => compared(
            Aspect::Resume,
            Ok(one),
            Ok(other),
            "saved, loaded and trained on, it has other bits",
        )
        .or_else(|| {
            compared(Aspect::Resume, Ok(answer), Ok(again), "saved and loaded, it answers differently in evaluation")
        }),
        Err(error) => Some(failed(Aspect::Resume, &error)),
    }
}

/// In evaluation the model answers the same twice, and stays as it is.
pub(super) fn eval(subject: &Subject<'_>) -> Option<Finding> {
    let mut model = subject.clone_model();
    model.eval();
    let (before, drawn) = (state_bits(&model), stream_positions(&model));
    let answer = || no_grad(|| model.forward_all(&subject.inputs)).map(|y| tensor_bits("the output", &y));
    let (one, other) = (answer(), answer());
    compared(Aspect::Eval, one, other, "in evaluation it answers differently the second time")
        .or_else(|| compared(Aspect::Eval, Ok(before), Ok(state_bits(&model)), "it changes in evaluation"))
        .or_else(|| {
            let after = stream_positions(&model);
            let ((name, ..), _) = drawn.iter().zip(&after).find(|(before, after)| before != after)?;
            Some(Finding::new(Aspect::Eval, name.clone(), "it draws random numbers in evaluation"))
        })
}
