//! Changes of gradients between the backward walk and the step, and averages.

use super::inputs::{check_values, named, tolerance};
use crate::call::{Call, Outputs};
use crate::case::{Case, Precision};
use crate::stop::{Outcome, Stop};
use autograd_core::module::Param;
use autograd_core::{Gradients, Tensor};
use wengert_optim::{
    AverageStart, ClipNorm, Ema, ExponentialAverage, Optimizer, Sgd, Swa, clip_grad_norm, clip_grad_value,
};

type Step = fn(&Call<'_>) -> Outcome<Outputs>;

const TABLE: &[(&str, Step)] = &[
    ("clip_grad_norm", |c| {
        let (max_norm, norm_type) = (c.number("max_norm")?, c.number("norm_type")?);
        let (leaves, mut grads) = gradients(c);
        let norm = clip_grad_norm(&mut grads, ClipNorm::new(max_norm).norm_type(norm_type))?;
        Ok([Tensor::scalar(norm)].into_iter().chain(taken(&leaves, &mut grads)).collect())
    }),
    ("clip_grad_value", |c| {
        let clip_value = c.number("clip_value")?;
        let (leaves, mut grads) = gradients(c);
        clip_grad_value(&mut grads, clip_value)?;
        Ok(taken(&leaves, &mut grads).collect())
    }),
    ("ema_momentum", |c| {
        let (beta, form, debias) = (c.number("beta")?, c.word("form")?, c.flag("debias")?);
        let start = match (form, debias) {
            ("zero", false) => AverageStart::Zero,
            ("zero", true) => AverageStart::ZeroCorrected,
            ("first", false) => AverageStart::First,
            (other, _) => return Err(Stop::argument("form", format!("{other} with debias {debias}"))),
        };
        let rows = c.tensor("gradients")?;
        let mut average = ExponentialAverage::new(beta).start(start);
        let mut averages = Vec::new();
        for i in 0..rows.shape()[0] {
            average.add(rows.narrow(0, i, 1)?)?;
            averages.extend(average.value());
        }
        c.one(Tensor::cat(&averages.iter().collect::<Vec<_>>(), 0))
    }),
    ("ema_weights", |c| {
        let decay = c.number("decay")?;
        averaged(c.tensor("weights")?, Ema::new(Sgd::new(1.0), decay))
    }),
    ("swa_weights", |c| averaged(c.tensor("weights")?, Swa::new(Sgd::new(1.0)))),
];

/// The average after each row, of weights that a descent with rate 1 leads from row to row.
fn averaged(rows: &Tensor, mut optimizer: impl Optimizer) -> Outcome<Outputs> {
    let mut model = Param::new(rows.select(0, 0)?.zeros_like())?;
    let mut all = Vec::new();
    for i in 0..rows.shape()[0] {
        let mut grads = Gradients::default();
        let step = model.detach().try_sub(&rows.detach().select(0, i as isize)?)?;
        grads.insert(&model, step)?;
        optimizer.step(&mut model, &grads)?;
        optimizer.eval(&mut model)?;
        all.push(model.detach());
        optimizer.train(&mut model)?;
    }
    Ok(vec![Tensor::stack(&all.iter().collect::<Vec<_>>(), 0)?].into_iter().collect())
}

/// The tensors of a call as gradients, each of a leaf of its own.
fn gradients(c: &Call<'_>) -> (Vec<Tensor>, Gradients) {
    let mut grads = Gradients::default();
    let own = |gradient: &Tensor| {
        let leaf = gradient.zeros_like().requires_grad();
        grads.insert(&leaf, gradient.detach()).expect("a leaf");
        leaf
    };
    let leaves = c.tensors("grads").into_iter().map(own).collect();
    (leaves, grads)
}

fn taken(leaves: &[Tensor], grads: &mut Gradients) -> impl Iterator<Item = Tensor> {
    leaves.iter().filter_map(|leaf| grads.take(leaf)).collect::<Vec<_>>().into_iter()
}

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let entry = TABLE.iter().find(|(known, _)| *known == case.name);
    let (_, step) = entry.ok_or_else(|| Stop::Unsupported(String::new()))?;
    let inputs = named(&case.inputs, precision)?;
    let call = Call::new(&case.args, &inputs, precision);
    let outputs = step(&call);
    call.all_read()?;
    let outputs = outputs?;
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    check_values(&outputs, &case.outputs, tolerance)
}
